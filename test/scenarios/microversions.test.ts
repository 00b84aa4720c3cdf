import { describe, expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { scenario } from '../support/scenario.ts';
import { type Answer, empty, fault, json, reset, type StubRequest } from '../support/stub-answers.ts';

/** The catalog of a cloud that publishes Compute 2.1, with the project in its path. */
const withProject = (own: Record<string, unknown>) => ({
  ...own,
  publicURL: String(own['publicURL']).replace('/v2/', '/v2.1/'),
});

/** Quotas of images went with the proxies of images. */
const limits = json(({ headers }: StubRequest) => ({
  limits: {
    rate: [],
    absolute: {
      maxTotalInstances: 100,
      ...(headers['openstack-api-version'] === undefined ? { maxImageMeta: 128 } : {}),
    },
  },
}));

const { it, gateway, dfw } = scenario('test', {
  endpoint: withProject,
  script: (upstream) => upstream.region('DFW').on('GET /limits', limits),
});

const get = (path: string, headers: Record<string, string> = {}) =>
  ask(`${gateway.url}/dfw/v2.1${path}`, { headers });

/** What nova says of itself: two versions, one of which has a range. */
const described = (id: string, path: string, version: string, min: string) => (request: StubRequest) => ({
  id,
  status: id === 'v2.1' ? 'CURRENT' : 'SUPPORTED',
  version,
  min_version: min,
  updated: '2013-07-23T11:33:21Z',
  links: [{ rel: 'self', href: `${request.origin}${path}` }],
});
const V20 = described('v2.0', '/v2/', '', '');
const V21 = described('v2.1', '/v2.1/', '2.93', '2.1');
const HTML = { rel: 'describedby', type: 'text/html', href: 'http://docs.openstack.org/' };

describe('version documents of a region that knows of microversions', () => {
  it('are its own: all its versions with their ranges, and links that lead here', async () => {
    dfw.on(
      'GET /',
      json((request: StubRequest) => ({ versions: [V20(request), V21(request)] })),
    );
    for (const path of ['/dfw', '/dfw/']) {
      const { status, json: parse } = await ask(gateway.url + path);
      expect(status).toBe(200);
      expect(parse()).toEqual({
        versions: [
          {
            id: 'v2.0',
            status: 'SUPPORTED',
            version: '',
            min_version: '',
            updated: '2013-07-23T11:33:21Z',
            links: [{ rel: 'self', href: `${gateway.url}/dfw/v2/` }],
          },
          {
            id: 'v2.1',
            status: 'CURRENT',
            version: '2.93',
            min_version: '2.1',
            updated: '2013-07-23T11:33:21Z',
            links: [{ rel: 'self', href: `${gateway.url}/dfw/v2.1/` }],
          },
        ],
      });
    }
  });

  it.each([
    ['/dfw/v2.1', '/v2.1/', V21, '2.93'],
    ['/dfw/v2.1/', '/v2.1/', V21, '2.93'],
    ['/dfw/v2', '/v2/', V20, ''],
    ['/v2.1/', '/v2.1/', V21, '2.93'],
  ] as const)('of one version too: %s', async (path, asked, document, version) => {
    dfw.on(
      `GET ${asked}`,
      json((request: StubRequest) => {
        const own = document(request);
        return { version: { ...own, links: [...own.links, HTML] } };
      }),
    );
    const { json: parse } = await ask(gateway.url + path);
    expect(parse()).toMatchObject({
      version: { version, links: [{ rel: 'self', href: `${gateway.url}/dfw${asked}` }, HTML] },
    });
  });

  it('are there without it, and then promise nothing', async () => {
    dfw.on('GET /', fault('computeFault', 500, 'The region is out of order.'));
    const { status, json: parse } = await ask(`${gateway.url}/dfw/`);
    expect(status).toBe(200);
    expect(parse<{ versions: unknown[] }>().versions).toEqual([
      { id: 'v2.1', status: 'CURRENT', links: [{ rel: 'self', href: `${gateway.url}/dfw/v2.1/` }] },
    ]);
  });
});

describe('a microversion', () => {
  const echo = json((request: StubRequest) => ({
    flavors: [{ id: '1', asked: request.headers['openstack-api-version'] ?? '' }],
  }));

  it('goes up in one form, whichever header it came in, and is cached by itself', async () => {
    dfw.on('GET /flavors', echo);
    const forms = [
      { 'openstack-api-version': 'compute 2.61' },
      { 'x-openstack-nova-api-version': '2.61' },
      { 'openstack-api-version': 'volume 3.4, compute 2.61', 'x-openstack-nova-api-version': '2.1' },
    ];
    for (const headers of forms)
      expect((await get('/700100/flavors', headers)).text).toContain('compute 2.61');
    expect((await get('/700100/flavors')).text).toContain('"asked":""');
    expect((await get('/700100/flavors', { 'openstack-api-version': 'volume 3.4' })).text).toContain(
      '"asked":""',
    );
    expect((await get('/700100/flavors', { 'openstack-api-version': 'compute latest' })).text).toContain(
      'latest',
    );
    const asked = dfw
      .requests('GET /flavors')
      .map(({ headers }) => [headers['openstack-api-version'], headers['x-openstack-nova-api-version']]);
    expect(asked).toEqual([
      ['compute 2.61', '2.61'],
      [undefined, undefined],
      ['compute latest', 'latest'],
    ]);
  });

  it('goes up in one form where a request goes through', async () => {
    dfw.on('GET /os-keypairs', json({ keypairs: [] }));
    await get('/700100/os-keypairs', { 'openstack-api-version': 'volume 3.4, compute 2.61' });
    expect(dfw.requests('GET /os-keypairs')[0]!.headers).toMatchObject({
      'openstack-api-version': 'compute 2.61',
      'x-openstack-nova-api-version': '2.61',
    });
  });

  it('comes down as the region said it', async () => {
    const said = { 'OpenStack-API-Version': 'compute 2.93', 'X-OpenStack-Nova-API-Version': '2.93' };
    dfw.on('GET /flavors', json({ flavors: [] }, 200, said));
    for (const cache of ['MISS', 'HIT']) {
      const { headers } = await get('/700100/flavors', { 'openstack-api-version': 'compute latest' });
      expect(headers).toMatchObject({
        'x-cache': cache,
        'openstack-api-version': 'compute 2.93',
        'x-openstack-nova-api-version': '2.93',
      });
      expect(String(headers['vary']).toLowerCase()).toContain(
        'openstack-api-version, x-openstack-nova-api-version',
      );
    }
  });

  it('that the region does not know is its refusal', async () => {
    const message = 'Version 9.1 is not supported by the API.';
    dfw.on('GET /flavors', fault('computeFault', 406, message));
    const { status, text } = await get('/700100/flavors', { 'openstack-api-version': 'compute 9.1' });
    expect([status, text.includes(message)]).toEqual([406, true]);
  });

  it('beyond the images of Compute is told so', async () => {
    dfw.on('GET /images', fault('itemNotFound', 404, 'The resource could not be found.'));
    const { status } = await get('/700100/images', { 'openstack-api-version': 'compute 2.36' });
    expect(status).toBe(404);
  });

  it('decides what limits there are', async () => {
    const absolute = { maxTotalInstances: 100 };
    const limitsOf = async (headers: Record<string, string>) =>
      (await get('/700100/limits', headers)).json<{ limits: { absolute: object } }>().limits.absolute;
    expect(await limitsOf({})).toEqual({ ...absolute, maxImageMeta: 128 });
    expect(await limitsOf({ 'x-openstack-nova-api-version': '2.1' })).toEqual({
      ...absolute,
      maxImageMeta: 128,
    });
    expect(await limitsOf({ 'openstack-api-version': 'compute 2.57' })).toEqual(absolute);
  });
});

describe('a method that the guide does not have', () => {
  it('is answered by a region that speaks 2.1', async () => {
    dfw.on('POST /flavors', fault('forbidden', 403, "Policy doesn't allow it to be performed."));
    const { status, text } = await ask(`${gateway.url}/dfw/v2.1/700100/flavors`, {
      method: 'POST',
      body: '{"flavor":{}}',
      headers: { 'content-type': 'application/json' },
    });
    expect([status, text]).toEqual([403, expect.stringContaining('Policy')]);
  });

  it('ends what is cached of the flavors', async () => {
    dfw.on('DELETE /flavors/2', empty(202));
    await get('/700100/flavors/2');
    await ask(`${gateway.url}/dfw/v2.1/700100/flavors/2`, { method: 'DELETE' });
    expect((await get('/700100/flavors/2')).headers['x-cache']).toBe('MISS');
  });
});

describe('members that the region does not know', () => {
  const strict = fault(
    'badRequest',
    400,
    "Additional properties are not allowed ('minCount' was unexpected)",
  );
  const body = '{"server":{"name":"a","minCount":1}}';
  const create = (version: string, headers: Record<string, string> = {}) =>
    ask(`${gateway.url}/dfw/${version}/700100/servers`, {
      method: 'POST',
      body: headers['content-type'] === undefined ? body : '<server name="a" minCount="1"/>',
      headers: { 'content-type': 'application/json', ...headers },
    });
  const askedPaths = () => dfw.requests('POST /servers').map(({ url }) => url);

  it.each([
    ['v2', {}],
    ['v2.1', { 'content-type': 'application/xml' }],
  ])('are ignored below its /v2, for callers of the guide: %s %j', async (version, headers) => {
    dfw.on('POST /servers', strict, json({ server: { id: '1' } }, 202));
    expect((await create(version, headers as Record<string, string>)).status).toBe(202);
    expect(askedPaths()).toEqual(['/v2.1/700100/servers', '/v2/700100/servers']);
  });

  it('are ignored of a create with a key, too', async () => {
    dfw.on('POST /servers', strict, json({ server: { id: '1' } }, 202));
    expect((await create('v2', { 'idempotency-key': 'k' })).status).toBe(202);
    expect((await create('v2', { 'idempotency-key': 'k' })).headers).toHaveProperty('idempotent-replayed');
    expect(askedPaths()).toEqual(['/v2.1/700100/servers', '/v2/700100/servers']);
  });

  it.each([
    ['v2.1', {}],
    ['v2', { 'openstack-api-version': 'compute 2.61' }],
  ])('are refused to callers of 2.1: %s %j', async (version, headers) => {
    dfw.on('POST /servers', strict);
    const { status, text } = await create(version, headers as Record<string, string>);
    expect([status, text.includes('minCount')]).toEqual([400, true]);
    expect(askedPaths()).toHaveLength(1);
  });

  it('are refused where there is no /v2', async () => {
    dfw.on('POST /servers', strict, fault('itemNotFound', 404, 'The resource could not be found.'));
    expect((await create('v2')).status).toBe(400);
  });
});

describe('an image that a server is made into, where Compute lists no images any more', () => {
  const gone = fault('itemNotFound', 404, 'This resource is not found.');
  const images: { id: string; status: string; metadata: Record<string, string> }[] = [];
  const action = (query = '') =>
    ask(`${gateway.url}/dfw/v2.1/700100/servers/1/action${query}`, {
      method: 'POST',
      body: '{"createImage":{"name":"a"}}',
      headers: {
        ...{ 'content-type': 'application/json', 'idempotency-key': 'k', prefer: 'wait=20' },
        'openstack-api-version': 'compute 2.61',
      },
    });
  const lists: Answer = async (exchange) => {
    const { 'openstack-api-version': version } = exchange.request.headers;
    await (version === undefined ? json({ images }) : gone)(exchange);
  };

  it('is found when its answer is lost, and answered as that version answers', async () => {
    images.length = 0;
    dfw.on('GET /images/detail', lists);
    dfw.on('POST /servers/1/action', async (exchange) => {
      const { createImage } = JSON.parse(exchange.request.body);
      images.push({ id: 'i-1', status: 'ACTIVE', metadata: createImage.metadata });
      await reset(exchange);
    });
    const { status, headers, json: body } = await action();
    expect([status, headers['x-sluice-recovered'], body()]).toEqual([202, 'true', { image_id: 'i-1' }]);
  });

  it('is waited for', async () => {
    images.splice(0, images.length, { id: 'i-2', status: 'ACTIVE', metadata: {} });
    dfw.on('GET /images/detail', lists);
    dfw.on('POST /servers/1/action', json({ image_id: 'i-2' }, 202));
    expect((await action('?sluice:until=ACTIVE')).headers).toHaveProperty('x-sluice-status', 'ACTIVE');
  });
});

describe('a path without a project', () => {
  it.each(['/servers', '/servers/detail', '/flavors/2', '/limits', '/extensions'])('%s', async (path) => {
    const { status } = await get(path);
    expect(status).toBe(200);
    expect(dfw.count(`GET ${path}`)).toBeGreaterThan(0);
  });

  it('that no operation has', async () => {
    dfw.on('GET /os-keypairs', json({ keypairs: [] }));
    expect((await get('/os-keypairs')).status).toBe(200);
  });
});

describe('the catalog that callers get', () => {
  interface Entry {
    type: string;
    endpoints: { publicURL: string; versionId: string }[];
  }
  const computeUrl = async (url: string) => {
    const { json: parse } = await ask(`${url}/v2.0/tokens`, {
      method: 'POST',
      body: JSON.stringify({ auth: { passwordCredentials: { username: 'mara', password: 'x' } } }),
      headers: { 'content-type': 'application/json' },
    });
    const { serviceCatalog } = parse<{ access: { serviceCatalog: Entry[] } }>().access;
    return serviceCatalog.find(({ type }) => type === 'compute')!.endpoints[0]!.publicURL;
  };

  it("has each region's own version", async () => {
    expect(await computeUrl(gateway.url)).toBe(`${gateway.url}/dfw/v2.1/700100`);
  });
});

describe('a cloud whose catalog names no project', () => {
  const bare = scenario('test', {
    endpoint: (own) => ({ ...own, publicURL: String(own['publicURL']).replace(/\/v2\/.*$/, '/v2.1') }),
  });

  bare.it('is found under the same form, its links with the project', async () => {
    bare.dfw.on(
      'GET /v2.1/servers/7',
      json(({ origin }: StubRequest) => ({
        server: {
          id: '7',
          links: [
            { rel: 'self', href: `${origin}/v2.1/servers/7` },
            { rel: 'bookmark', href: `${origin}/servers/7` },
          ],
        },
      })),
    );
    const { url } = bare.gateway;
    const login = await ask(`${url}/v2.0/tokens`, {
      method: 'POST',
      body: JSON.stringify({ auth: { passwordCredentials: { username: 'mara', password: 'x' } } }),
      headers: { 'content-type': 'application/json' },
    });
    expect(login.text).toContain(`"${url}/dfw/v2.1"`);
    for (const path of ['/dfw/v2.1/servers/7', '/dfw/v2.1/700100/servers/7', '/dfw/v2.1/-/servers/7']) {
      const { status, json: parse } = await ask(url + path);
      expect(status).toBe(200);
      expect(parse<{ server: { links: unknown } }>().server.links).toEqual([
        { rel: 'self', href: `${url}/dfw/v2.1/700100/servers/7` },
        { rel: 'bookmark', href: `${url}/dfw/700100/servers/7` },
      ]);
    }
  });
});
