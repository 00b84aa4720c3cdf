import { describe, expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { startGateway } from '../support/gateway.ts';
import { scenario } from '../support/scenario.ts';
import { startStubUpstream } from '../support/stub-upstream.ts';

const { it, upstream, gateway } = scenario('file', { regions: ['DFW', 'ORD', 'LON'] });

type NotFound = { itemNotFound: { code: number; message: string } };

describe('a region the catalog lacks is 404 itemNotFound that lists those there are', () => {
  it.each<[string, Record<string, string>]>([
    ['/syd/v2/700100/servers', {}],
    ['/syd/v2/700100/os-keypairs', {}],
    ['/syd/700100/servers', {}],
    ['/syd/', {}],
    ['/syd/v2/', {}],
    ['/v2/700100/servers', { 'x-region': 'syd' }],
  ])('%s', async (path, headers) => {
    const { status, json } = await ask(gateway.url + path, { headers });
    expect(status).toBe(404);
    const { itemNotFound } = json<NotFound>();
    expect(itemNotFound.code).toBe(404);
    expect(itemNotFound.message).toContain('"syd"');
    expect(itemNotFound.message).toMatch(/DFW, ORD, LON/);
  });

  it('in XML for a caller that wants XML, on paths of the guide and others', async () => {
    for (const path of ['/syd/v2/700100/servers', '/syd/v2/700100/os-keypairs', '/syd/']) {
      const { status, text, headers } = await ask(gateway.url + path, {
        headers: { accept: 'application/xml' },
      });
      expect(status, path).toBe(404);
      expect(headers['content-type'], path).toContain('application/xml');
      expect(text, path).toMatch(/<itemNotFound [^>]*code="404"/);
    }
  });
});

describe('a tenant that no account owns is 404 itemNotFound that says so', () => {
  it.each(['/dfw/v2/999/servers', '/dfw/v2/999/os-keypairs', '/v2/999/servers', '/dfw/999/flavors'])(
    '%s',
    async (path) => {
      const { status, json } = await ask(gateway.url + path);
      expect(status).toBe(404);
      expect(json<NotFound>().itemNotFound.message).toMatch(/"999".*700100/);
    },
  );

  it('and nothing reaches a region', () => {
    for (const name of ['DFW', 'ORD', 'LON'])
      expect(
        upstream
          .region(name)
          .requests()
          .filter(({ url }) => url.includes('999')),
      ).toEqual([]);
  });
});

it('only the regions the account is set to serve are there', async () => {
  const narrow = await startGateway({
    identityUrl: upstream.identityUrl,
    settings: {
      accounts: [
        {
          name: 'main',
          identity: { url: upstream.identityUrl, username: 'stub-operator', apiKey: 'stub-api-key-7d1f' },
          regions: ['ord'],
        },
      ],
    },
  });
  const answered = await ask(`${narrow.url}/dfw/v2/700100/servers`);
  expect(answered.status).toBe(404);
  expect(answered.json<NotFound>().itemNotFound.message).toContain('are: ORD.');
  expect((await ask(`${narrow.url}/v2/700100/servers`)).headers['x-sluice-region']).toBe('ORD');
  await narrow.close();
});

it('one port for all regions at the upstream is told apart by path', async () => {
  const shared = await startStubUpstream({ regions: ['DFW', 'ORD'], onePort: true });
  const front = await startGateway({ identityUrl: shared.identityUrl });
  const { status, text } = await ask(`${front.url}/ord/v2/700100/servers/detail`);
  expect(status).toBe(200);
  expect(text).not.toContain(new URL(shared.region('ORD').url).host);
  expect(text).toContain(`${front.url}/ord/v2/700100/servers/`);
  expect(shared.region('ORD').count('GET /servers/detail')).toBe(1);
  expect(shared.region('DFW').count('GET /servers/detail')).toBe(0);
  await front.close();
  await shared.close();
});
