import { beforeEach, describe, expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { scenario } from '../support/scenario.ts';
import { STUB } from '../support/stub-documents.ts';

const { it, upstream, gateway } = scenario('file', {
  regions: ['DFW', 'ORD'],
  settings: { listen: { regions: { ORD: 0 } } },
});

beforeEach(() => {
  for (const name of ['DFW', 'ORD']) upstream.region(name).forget();
});

const servers = { DFW: 0, ORD: 0 };
const counts = () => ({
  DFW: upstream.region('DFW').count('GET /servers'),
  ORD: upstream.region('ORD').count('GET /servers'),
});

describe('a request for servers reaches', () => {
  it.each<[string, string, Record<string, string>, keyof typeof servers]>([
    ['the region in its path', '/ord/v2/700100/servers', {}, 'ORD'],
    ['the region in its path in upper case', '/ORD/v2/700100/servers', {}, 'ORD'],
    ['the region in its path in mixed case', '/Ord/v2/700100/servers', {}, 'ORD'],
    ['the region of X-Region', '/v2/700100/servers', { 'x-region': 'ord' }, 'ORD'],
    [
      'the region of the path before that of X-Region',
      '/dfw/v2/700100/servers',
      { 'x-region': 'ord' },
      'DFW',
    ],
    ["the region of the Host's first label", '/v2/700100/servers', { host: 'ord.sluice.test' }, 'ORD'],
    [
      'the region of X-Region before that of the Host',
      '/v2/700100/servers',
      { 'x-region': 'DFW', host: 'ord.sluice.test' },
      'DFW',
    ],
    ['the default region when the Host names none', '/v2/700100/servers', { host: 'api.sluice.test' }, 'DFW'],
    ['the default region when nothing names one', '/v2/700100/servers', {}, 'DFW'],
    ['the region of a bookmark link', '/ord/700100/servers', {}, 'ORD'],
    ['the region under v2.1', '/ord/v2.1/700100/servers', {}, 'ORD'],
    ['the default region under v2.1', '/v2.1/700100/servers', {}, 'DFW'],
    ['the region through doubled slashes', '//ord//v2/700100//servers', {}, 'ORD'],
  ])('%s: %s', async (_what, path, headers, region) => {
    const { status, headers: answered } = await ask(gateway.url + path, { headers });
    expect(status).toBe(200);
    expect(answered['x-sluice-region']).toBe(region);
    expect(counts()).toEqual({ ...servers, [region]: 1 });
  });

  it("the region of a port of its own, at that port's root", async () => {
    for (const path of ['/v2/700100/servers', '/v2.1/700100/servers', '/700100/servers']) {
      const { status, text } = await ask(gateway.regionUrls['ORD'] + path, {
        headers: { 'x-region': 'DFW' },
      });
      expect(status, path).toBe(200);
      expect(text).not.toContain(new URL(upstream.region('ORD').url).host);
    }
    expect(counts()).toEqual({ DFW: 0, ORD: 3 });
  });

  it('the path the catalog names, whatever version the caller writes', async () => {
    for (const version of ['v2/', 'v2.1/', '']) {
      await ask(`${gateway.url}/dfw/${version}700100/servers/${STUB.serverId}`);
    }
    const asked = upstream.region('DFW').requests('GET /servers/*');
    expect(asked.map(({ url }) => url)).toEqual(Array(3).fill(`/v2/700100/servers/${STUB.serverId}`));
  });
});

describe('version documents', () => {
  it.each(['/dfw', '/dfw/', '/DFW/', '/dfw.json', '/dfw/.json', '//dfw//'])(
    '%s is the list of the region',
    async (path) => {
      const { status, headers, json } = await ask(gateway.url + path);
      expect(status).toBe(200);
      expect(headers['content-type']).toContain('application/json');
      const { versions } = json<{ versions: unknown }>();
      expect(versions).toMatchObject([
        { id: 'v2', status: 'CURRENT', links: [{ rel: 'self', href: `${gateway.url}/dfw/v2/` }] },
      ]);
    },
  );

  it.each(['/dfw/v2', '/dfw/v2/', '/v2', '/v2/', '/dfw/v2/.json', '/dfw/v2.json'])(
    '%s are the details of v2, with links',
    async (path) => {
      const { status, json } = await ask(gateway.url + path);
      expect(status).toBe(200);
      const { version } = json<{ version: Record<string, unknown> }>();
      expect(version).toMatchObject({
        id: 'v2',
        status: 'CURRENT',
        links: [{ rel: 'self', href: `${gateway.url}/dfw/v2/` }],
      });
      expect(version).not.toHaveProperty('min_version');
      expect(version).not.toHaveProperty('version');
    },
  );

  it.each(['/dfw.xml', '/dfw/.xml', '/dfw/v2.xml', '/dfw/v2/.xml'])('%s is XML', async (path) => {
    const { status, headers, text } = await ask(gateway.url + path);
    expect(status).toBe(200);
    expect(headers['content-type']).toContain('application/xml');
    expect(text).toMatch(/<versions?[\s>]/);
    expect(text).toContain(`${gateway.url}/dfw/v2/`);
  });

  it('of a port of its own do not name the region', async () => {
    const { json } = await ask(`${gateway.regionUrls['ORD']}/`);
    expect(json<{ versions: unknown }>().versions).toMatchObject([
      { links: [{ href: `${gateway.regionUrls['ORD']}/v2/` }] },
    ]);
    const details = await ask(`${gateway.regionUrls['ORD']}/v2`);
    expect(details.json<{ version: unknown }>().version).toMatchObject({ id: 'v2' });
  });

  it('announce v2 where the region announces microversions', async () => {
    const { status, json } = await ask(`${gateway.url}/dfw/v2.1/`);
    expect(status).toBe(200);
    expect(json<{ version: object }>().version).toMatchObject({
      id: 'v2.1',
      links: [{ href: `${gateway.url}/dfw/v2.1/` }],
    });
  });

  it('take GET and HEAD alone', async () => {
    expect((await ask(`${gateway.url}/dfw/v2`, { method: 'HEAD' })).status).toBe(200);
    const refused = await ask(`${gateway.url}/dfw/v2`, { method: 'POST', body: '{}' });
    expect(refused.status).toBe(405);
    expect(refused.headers.allow).toBe('GET, HEAD');
  });

  it('at the root are identity style', async () => {
    const list = await ask(`${gateway.url}/`);
    expect(list.json<{ versions: { values: unknown } }>().versions.values).toMatchObject([
      { id: 'v3.14', status: 'stable' },
      { id: 'v2.0', status: 'stable' },
    ]);
    const details = await ask(`${gateway.url}/v2.0`);
    expect(details.json<{ version: unknown }>().version).toMatchObject({ id: 'v2.0' });
  });
});

describe('the façade is at', () => {
  const login = JSON.stringify({ auth: { passwordCredentials: { username: 'any', password: 'any' } } });

  it.each([
    '/v2.0/tokens',
    '/v2.0//tokens',
    '//v2.0/tokens',
    '/v2.0/tokens/',
    '/tokens',
    '/v2.0',
    '/v2.0/',
    '/',
    '/v2.0/v2.0/tokens',
  ])('POST %s', async (path) => {
    const { status, json } = await ask(gateway.url + path, {
      method: 'POST',
      body: login,
      headers: { 'content-type': 'application/json' },
    });
    expect(status).toBe(200);
    expect(json<{ access: object }>().access).toMatchObject({ token: { tenant: { id: '700100' } } });
  });

  it('the root and never under a region', async () => {
    const { status } = await ask(`${gateway.url}/dfw/v2.0/tokens`, { method: 'POST', body: login });
    expect(status).toBe(404);
  });
});
