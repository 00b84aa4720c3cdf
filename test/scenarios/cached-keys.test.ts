import { describe, expect } from 'vitest';
import { MOST_UNBOUNDED_KEYS } from '../../src/cache/memory-store.ts';

import { ask } from '../support/ask.ts';
import { startGateway } from '../support/gateway.ts';
import { scenario } from '../support/scenario.ts';
import { STUB } from '../support/stub-documents.ts';
import { startStubUpstream } from '../support/stub-upstream.ts';

const { it, upstream, gateway } = scenario('test', { regions: ['DFW', 'ORD'] });

const get = (path: string, headers: Record<string, string> = {}) =>
  ask(`${gateway.url}/dfw/v2/700100${path}`, { headers });
const reached = (pattern: string) => upstream.region('DFW').count(pattern);

describe('one cached answer serves', () => {
  it('both formats, by suffix, Accept and format=', async () => {
    await get('/images/detail');
    for (const [path, headers] of [
      ['/images/detail.xml', {}],
      ['/images/detail', { accept: 'application/xml' }],
      ['/images/detail?format=xml', {}],
      ['/images/detail.json', {}],
      ['/images/detail?format=json', {}],
    ] as [string, Record<string, string>][]) {
      const answer = await get(path, headers);
      expect(answer.headers['x-cache'], path).toBe('HIT');
      expect(answer.headers['content-type'], path).toContain(path.includes('json') ? 'json' : 'xml');
    }
    expect(reached('GET /images/detail')).toBe(1);
  });

  it('a query in any order of its parameters', async () => {
    await get('/images?status=ACTIVE&type=BASE&limit=5');
    const again = await get('/images?limit=5&type=BASE&status=ACTIVE');
    expect(again.headers['x-cache']).toBe('HIT');
    expect(reached('GET /images')).toBe(1);
  });

  it('callers that bust caches with cacheid=', async () => {
    for (let at = 0; at < 20; at++) expect((await get(`/images?cacheid=${at}`)).status).toBe(200);
    expect(reached('GET /images')).toBe(1);
    expect(upstream.region('DFW').requests('GET /images')[0]!.query).toBe('');
    expect(await gateway.metric('sluice_cache_entries')).toBe(1);
  });

  it('every spelling of its path, and of the region', async () => {
    await get('/images');
    for (const path of [
      '/DFW/v2/700100/images',
      '//dfw/v2/700100//images',
      '/dfw/700100/images',
      '/v2/700100/images',
    ])
      expect((await ask(gateway.url + path)).headers['x-cache'], path).toBe('HIT');
  });

  it('every spelling of an item`s path', async () => {
    const path = `/images/${STUB.imageId}`;
    await get(path);
    const spelled = `/images/%${STUB.imageId.charCodeAt(0).toString(16)}${STUB.imageId.slice(1)}`;
    for (const other of [`${path}/`, spelled, `${spelled}.json`])
      expect((await get(other)).headers['x-cache'], other).toBe('HIT');
    expect(await gateway.metric('sluice_cache_entries')).toBe(1);
  });

  it('callers with different tokens and clients, none of which goes up', async () => {
    await get('/images', { 'x-auth-token': 'caller-token-one' });
    const other = await get('/images', { 'x-auth-token': 'caller-token-two', 'x-sluice-client': 'other' });
    expect(other.headers['x-cache']).toBe('HIT');
    const [request] = upstream.region('DFW').requests('GET /images');
    expect(request!.headers['x-auth-token']).toBe(upstream.identity.tokens[0]);
    expect(request!.headers['x-sluice-client']).toBeUndefined();
  });
});

it('a parameter or a microversion that only defeats caches costs a bounded number of entries', async () => {
  await get('/images');
  const many = Array.from({ length: MOST_UNBOUNDED_KEYS + 50 }, (_, at) => at);
  for (const at of many) {
    await get(`/images?_=${at}`);
    await get('/images', { 'x-openstack-nova-api-version': `2.${at}` });
  }
  expect(await gateway.metric('sluice_cache_entries')).toBe(1 + MOST_UNBOUNDED_KEYS);
  expect(await gateway.metric('sluice_cache_evictions_total')).toBe(2 * many.length - MOST_UNBOUNDED_KEYS);
  expect((await get('/images')).headers['x-cache']).toBe('HIT');
});

describe('an answer of its own is kept for', () => {
  it('each region', async () => {
    await get('/images');
    const ord = await ask(`${gateway.url}/ord/v2/700100/images`);
    expect(ord.headers['x-cache']).toBe('MISS');
    expect(ord.headers['x-sluice-region']).toBe('ORD');
    expect(upstream.region('ORD').count('GET /images')).toBe(1);
  });

  it('each query that means something else', async () => {
    await get('/images?status=ACTIVE');
    expect((await get('/images?status=DELETED')).headers['x-cache']).toBe('MISS');
    expect((await get('/images')).headers['x-cache']).toBe('MISS');
    expect((await get('/images?unknown=1')).headers['x-cache']).toBe('MISS');
  });

  it.each([
    ['X-OpenStack-Nova-API-Version', ''],
    ['OpenStack-API-Version', 'compute '],
  ])(
    'each microversion of %s, which goes up',
    async (name, service) => {
      const lower = name.toLowerCase();
      await get('/images');
      for (const version of ['2.26', '2.79']) {
        expect((await get('/images', { [name]: service + version })).headers['x-cache']).toBe('MISS');
        expect((await get('/images', { [name]: service + version })).headers['x-cache']).toBe('HIT');
      }
      const sent = upstream
        .region('DFW')
        .requests('GET /images')
        .map(({ headers }) => headers[lower]);
      expect(sent).toEqual([undefined, `${service}2.26`, `${service}2.79`]);
      const { vary } = (await get('/images')).headers;
      expect(vary?.toLowerCase()).toContain(lower);
    },
  );
});

it('two accounts never see what belongs to the other, whatever they ask first', async () => {
  const other = await startStubUpstream({ regions: ['DFW', 'ORD'], tenant: '700200' });
  const identity = { username: 'stub-operator', apiKey: 'stub-api-key-7d1f' };
  const shared = await startGateway({
    identityUrl: upstream.identityUrl,
    settings: {
      accounts: [
        { name: 'one', identity: { url: upstream.identityUrl, ...identity } },
        { name: 'two', identity: { url: other.identityUrl, ...identity } },
      ],
    },
  });
  try {
    const one = await ask(`${shared.url}/dfw/v2/700100/images/${STUB.imageId}`);
    const two = await ask(`${shared.url}/dfw/v2/700200/images/${STUB.imageId}`);
    expect([one, two].map(({ headers }) => headers['x-cache'])).toEqual(['MISS', 'MISS']);
    expect(one.text).toContain('/700100/');
    expect(two.text).toContain('/700200/');
    expect(two.text).not.toContain('700100');
    expect(upstream.region('DFW').count('GET /images/*')).toBe(1);
    expect(other.region('DFW').count('GET /images/*')).toBe(1);
  } finally {
    await shared.close();
    await other.close();
  }
});
