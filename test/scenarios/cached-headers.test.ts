import { beforeEach, describe, expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { scenario } from '../support/scenario.ts';

const { it, gateway, dfw, clock } = scenario('file', { standstill: true });

beforeEach(async () => {
  await ask(`${gateway.adminUrl}/admin/cache/purge`, { method: 'POST' });
  dfw.forget();
});

const url = (path: string) => `${gateway.url}/dfw/v2/700100${path}`;

describe('the headers of a cacheable answer tell how it came about', () => {
  it('the first: a miss that was stored', async () => {
    const { headers } = await ask(url('/flavors/detail'));
    expect(headers['x-cache']).toBe('MISS');
    expect(headers['cache-status']).toBe('sluice; fwd=uri-miss; fwd-status=200; stored; ttl=3600');
    expect(headers['cache-control']).toBe('private, max-age=3600');
    expect(headers.age).toBe('0');
    expect(headers.etag).toMatch(/^"[^"]+"$/);
  });

  it('ten minutes later: a hit with its age', async () => {
    await ask(url('/flavors/detail'));
    clock.tick(600_000);
    const { headers } = await ask(url('/flavors/detail'));
    expect(headers['x-cache']).toBe('HIT');
    expect(headers['cache-status']).toBe('sluice; hit; ttl=3000');
    expect(headers['cache-control']).toBe('private, max-age=3000');
    expect(headers.age).toBe('600');
    expect(dfw.count('GET /flavors/detail')).toBe(1);
  });

  it('Vary names what the answer depends on, on hits, 304s and faults too', async () => {
    const { headers } = await ask(url('/flavors/detail'));
    const hit = await ask(url('/flavors/detail'));
    const same = await ask(url('/flavors/detail'), { headers: { 'if-none-match': headers.etag } });
    const lost = await ask(url('/flavors/99'));
    for (const one of [{ headers }, hit, same, lost])
      expect(one.headers.vary?.split(', ')).toEqual(expect.arrayContaining(['Accept', 'Accept-Encoding']));
  });

  it('what every answer has: an id, Via and the region, and the length of the body', async () => {
    const { headers, text } = await ask(url('/flavors/detail'));
    expect(headers['x-compute-request-id']).toMatch(/^req-/);
    expect(headers.via).toBe('1.1 sluice');
    expect(headers['x-sluice-region']).toBe('DFW');
    expect(headers['content-length']).toBe(String(Buffer.byteLength(text)));
    expect(headers['content-type']).toMatch(/^application\/json/);
  });

  it('two callers never share a request id, hit or miss', async () => {
    const ids: unknown[] = [];
    for (let at = 0; at < 3; at++) ids.push((await ask(url('/flavors'))).headers['x-compute-request-id']);
    expect(new Set(ids).size).toBe(3);
  });
});

it('HEAD has the headers of GET and no body, and shares its cached answer', async () => {
  const got = await ask(url('/flavors/detail'));
  const { status, headers, text } = await ask(url('/flavors/detail'), { method: 'HEAD' });
  expect(status).toBe(200);
  expect(text).toBe('');
  expect(headers['x-cache']).toBe('HIT');
  expect(headers.etag).toBe(got.headers.etag);
  expect(headers['content-length']).toBe(got.headers['content-length']);
  expect(headers['content-type']).toBe(got.headers['content-type']);
  expect(dfw.requests().map(({ method }) => method)).toEqual(['GET']);
});

it('a HEAD that comes first fills the cache for the GET after it', async () => {
  const head = await ask(url('/images/detail'), { method: 'HEAD' });
  expect(head.headers['x-cache']).toBe('MISS');
  expect(head.text).toBe('');
  const { headers, text } = await ask(url('/images/detail'));
  expect(headers['x-cache']).toBe('HIT');
  expect(text).toContain('"images"');
  expect(dfw.count('* /images/detail')).toBe(1);
});

it('servers are never cached: no validators of the cache, each request reaches the region', async () => {
  for (let at = 0; at < 2; at++) {
    const { headers } = await ask(url('/servers/detail'));
    expect(headers['x-cache']).toBeUndefined();
    expect(headers['cache-status']).toBeUndefined();
  }
  expect(dfw.count('GET /servers/detail')).toBe(2);
});
