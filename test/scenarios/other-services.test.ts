import { METHODS } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type Answer, json, type StubRequest, text, tooMany, unauthorized } from '../support/stub-answers.ts';
import { STUB_CREDENTIALS } from '../support/stub-identity.ts';
import { type StubService, startStubService } from '../support/stub-service.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

let images: StubService;
let volumes: StubService;
let upstream: StubUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  images = await startStubService();
  volumes = await startStubService();
  upstream = await startStubUpstream({
    regions: ['DFW', 'ORD'],
    services: [
      {
        name: 'cloudImages',
        type: 'image',
        endpoints: [
          { region: 'DFW', tenantId: '700100', publicURL: images.origin },
          { region: 'ORD', tenantId: '700100', publicURL: `${images.origin}/ord` },
        ],
      },
      {
        name: 'cinder',
        type: 'block-storage',
        endpoints: [{ region: 'DFW', publicURL: `${volumes.origin}/cinder/v3/700100` }],
      },
      {
        name: 'second',
        type: 'image',
        endpoints: [{ region: 'DFW', publicURL: `${volumes.origin}/second` }],
      },
      { name: 'dns', type: 'rax:dns', endpoints: [{ publicURL: `${volumes.origin}/dns/v1.0/700100` }] },
      { name: 'keystone', type: 'identity', endpoints: [{ publicURL: `${volumes.origin}/v2.0` }] },
      { name: 'zaqar', type: 'messaging', endpoints: [{ region: 'DFW', publicURL: volumes.origin }] },
      { name: 'k3', type: 'identityv3', endpoints: [{ region: 'DFW', publicURL: `${volumes.origin}/v3` }] },
      { name: 'k4', type: 'Identity_V3', endpoints: [{ region: 'DFW', publicURL: `${images.origin}/v3` }] },
      { name: 'k5', type: 'keystone', endpoints: [{ region: 'DFW', publicURL: `${images.origin}/any` }] },
      {
        name: 'own',
        type: 'house-service',
        endpoints: [{ region: 'DFW', publicURL: `${images.origin}/own` }],
      },
      { name: 'legacy', type: 'compute_legacy', endpoints: [{ region: 'DFW', publicURL: volumes.origin }] },
    ],
  });
  gateway = await startGateway({ identityUrl: upstream.identityUrl });
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([upstream.close(), images.close(), volumes.close()]);
});

beforeEach(() => {
  images.forget();
  volumes.forget();
});

/** Answers with what it was asked. */
const echo: Answer = json((request: StubRequest) => ({
  method: request.method,
  url: request.url,
  body: request.body,
  token: request.headers['x-auth-token'],
}));

/** Logs in at the façade. */
async function facadeLogin() {
  const { json: parse } = await ask(`${gateway.url}/v2.0/tokens`, {
    method: 'POST',
    body: JSON.stringify({ auth: { passwordCredentials: { username: 'mara', password: 'x' } } }),
    headers: { 'content-type': 'application/json' },
  });
  interface Entry {
    name: string;
    type: string;
    endpoints: { region?: string; publicURL: string }[];
  }
  return parse<{ access: { token: { id: string }; serviceCatalog: Entry[] } }>().access;
}

describe("a request for another service of the catalog reaches the service's endpoint", () => {
  it.each<[string, string, 'images' | 'volumes', string]>([
    ['an endpoint without a path', '/dfw/services/image/v2/images', 'images', '/v2/images'],
    ['its root, with a slash', '/dfw/services/image/', 'images', '/'],
    ['its root, without', '/dfw/services/image', 'images', '/'],
    ['the region in another case', '/DFW/services/image/v2/images', 'images', '/v2/images'],
    ["another region's endpoint", '/ord/services/image/v2/images', 'images', '/ord/v2/images'],
    [
      'an endpoint with version and tenant, by its own path',
      '/dfw/services/block-storage/v3/700100/volumes',
      'volumes',
      '/cinder/v3/700100/volumes',
    ],
    ['the same, below it', '/dfw/services/block-storage/volumes', 'volumes', '/cinder/v3/700100/volumes'],
    ["the same service's version list", '/dfw/services/block-storage/', 'volumes', '/cinder/'],
    ['and its version', '/dfw/services/block-storage/v3/', 'volumes', '/cinder/v3/'],
    [
      'an endpoint of no region',
      '/ord/services/rax%3Adns/v1.0/700100/domains',
      'volumes',
      '/dns/v1.0/700100/domains',
    ],
    [
      'names as they were written',
      '/dfw/services/image/v2/a%20b//c?x=%2F&y=1',
      'images',
      '/v2/a%20b//c?x=%2F&y=1',
    ],
  ])('%s: %s', async (_what, path, service, url) => {
    const stub = service === 'images' ? images : volumes;
    for (const pattern of ['/', '/*', '/*/*', '/*/*/', '/*/*/*', '/*/*/*/*']) stub.on(`GET ${pattern}`, echo);
    stub.on('GET /cinder/', echo);
    const { status, json: parse, headers } = await ask(gateway.url + path);
    expect(status).toBe(200);
    expect(parse()).toMatchObject({ url, token: upstream.identity.tokens.at(-1) });
    expect(headers['x-sluice-region']).toBe(path.slice(1, 4).toUpperCase());
  });

  it.each([
    '/v1/acct/box/a\\b%5Cc',
    '/v1/acct/box/..data',
    '/v1/acct/box/a..%2Fb',
    '/v1/acct/box/a%2Fb%2f%2Fc',
    '/v1/acct/box//a///b/',
    '/v1/acct/box/100%25;v=1,2:3@4',
    '/v1/acct/box/%61%7e?prefix=%61/&x;y+z=%2f',
    '/v1/acct/box/a%252Fb%252e',
  ])('by the name that the caller wrote: %s', async (path) => {
    await ask(`${gateway.url}/dfw/%73ervices//image${path}`);
    expect(images.requests().map(({ url }) => url)).toEqual([path]);
  });

  it('with its body untouched and a Content-Length', async () => {
    images.on('PUT /v2/images/1/file', echo);
    const body = '{ "a" : 1.0 }\n';
    const headers = { 'content-type': 'application/octet-stream' };
    const { json: parse } = await ask(`${gateway.url}/dfw/services/image/v2/images/1/file`, {
      method: 'PUT',
      body,
      headers,
      chunked: true,
    });
    expect(parse()).toMatchObject({ method: 'PUT', body });
    expect(images.requests()[0]?.headers).toMatchObject({
      ...headers,
      'content-length': String(body.length),
    });
  });

  it('and its answer comes back byte for byte, but for a Location that points at it', async () => {
    const odd = `{"self":"${images.origin}/v2/images/1", "n": 1.0}`;
    images.on('POST /v2/images', text(odd, 201, { location: `${images.origin}/v2/images/1?x=1` }));
    const created = await ask(`${gateway.url}/dfw/services/image/v2/images`, { method: 'POST', body: '{}' });
    expect(created).toMatchObject({ status: 201, text: odd });
    expect(created.headers.location).toBe(`${gateway.url}/dfw/services/image/v2/images/1?x=1`);

    volumes.on('GET /cinder/v3/700100/old', text('', 302, { location: '/cinder/v3/700100/new' }));
    const moved = await ask(`${gateway.url}/dfw/services/block-storage/old`);
    expect(moved.headers.location).toBe(`${gateway.url}/dfw/services/block-storage/v3/700100/new`);

    images.on('GET /v2/elsewhere', text('', 302, { location: 'http://store.test/file' }));
    const elsewhere = await ask(`${gateway.url}/dfw/services/image/v2/elsewhere`);
    expect(elsewhere.headers.location).toBe('http://store.test/file');
  });

  it('with a new token when the service refuses the old one', async () => {
    images.on('GET /v2/images', unauthorized, echo);
    expect((await ask(`${gateway.url}/dfw/services/image/v2/images`)).status).toBe(200);
    expect(images.count('GET /v2/images')).toBe(2);
  });

  it('outside of the limits of Cloud Servers; what it refuses for a rate is waited out, and counted as its own', async () => {
    images.on('GET /v2/busy', tooMany.rateBySeconds(1), echo);
    const { status } = await ask(`${gateway.url}/dfw/services/image/v2/busy`);
    expect(status).toBe(200);
    expect(images.count('GET /v2/busy')).toBe(2);
    const labels = { account: 'main', region: 'DFW' };
    expect(
      await gateway.metric('sluice_upstream_requests_total', {
        ...labels,
        operation: 'other',
        status: '413',
      }),
    ).toBe(1);
    expect(await gateway.metric('sluice_upstream_overlimit_total', { ...labels, service: 'image' })).toBe(1);
    expect(await gateway.metric('sluice_upstream_overlimit_total', { ...labels, service: 'compute' })).toBe(
      0,
    );
  });
});

describe('a service that is not served', () => {
  it.each([
    [
      'an unknown type',
      '/dfw/services/orchestration/stacks',
      'Types there are: volume, image, block-storage, rax:dns, messaging.',
    ],
    [
      'a type that the region lacks',
      '/ord/services/block-storage/volumes',
      'Types there are: volume, image, rax:dns.',
    ],
    ['no type', '/dfw/services/', 'Types there are:'],
    ['an unknown region', '/mars/services/image/v2/images', 'Regions there are: DFW, ORD.'],
    [
      'an unknown region of an endpoint without region',
      '/mars/services/rax:dns/v1.0',
      'Regions there are: DFW, ORD.',
    ],
    [
      "the upstream's identity service, which tells the account's keys",
      '/dfw/services/identity/v2.0/users',
      'Types',
    ],
    ['the same under another type', '/dfw/services/identityv3/users', 'Types'],
    ['the same, spelled otherwise', '/dfw/services/IDENTITY_v3/users', 'Types'],
    ['the same, encoded', '/dfw/services/%69dentity%5Fv3/users', 'Types'],
    ['the same by its own name', '/dfw/services/keystone/users', 'Types'],
    ['a type that nobody knows', '/dfw/services/house-service/x', 'Types there are: volume, image,'],
    ['compute by another way, around its limits', '/dfw/services/compute/servers', 'Types there are:'],
    ['compute under an old name', '/dfw/services/compute_legacy/servers', 'Types there are:'],
  ])('%s is 404 with what there is', async (_what, path, told) => {
    const { status, json: parse } = await ask(gateway.url + path);
    expect(status).toBe(404);
    expect(parse<{ itemNotFound: { message: string } }>().itemNotFound.message).toContain(told);
    expect([...images.requests(), ...volumes.requests()]).toEqual([]);
  });

  it.each([
    '/v2/%2e%2e/%2e%2e/admin',
    '/v2/../../admin',
    '/v2/..%2f..%2fadmin',
    '/v2/..\\..\\admin',
    '/v2/%2e%2e%5cadmin',
    '/v2/..;/..;x=1/admin',
    '/v2/..%3b/admin',
    '/v2/%252e%252e/admin',
    '/v2/..%00/admin',
    '/v2/%c0%ae%c0%ae/admin',
    '/v2/..%3fx',
    '/v2/100%',
  ])('has no way out of its endpoint: %s', async (path) => {
    const { status } = await ask(`${gateway.url}/dfw/services/image${path}`);
    expect(status).toBe(400);
    expect(images.requests()).toEqual([]);
  });
});

describe('the catalog of a login', () => {
  it('leads every service through Sluice, and each URL works with the token of that login', async () => {
    const { token, serviceCatalog } = await facadeLogin();
    const urls = Object.fromEntries(
      serviceCatalog.map(({ type, endpoints }) => [type, endpoints.map(({ publicURL }) => publicURL)]),
    );
    expect(urls).toMatchObject({
      image: [`${gateway.url}/dfw/services/image`, `${gateway.url}/ord/services/image`],
      'block-storage': [`${gateway.url}/dfw/services/block-storage/v3/700100`],
      'rax:dns': [`${gateway.url}/dfw/services/rax%3Adns/v1.0/700100`],
      identity: [`${gateway.url}/v2.0`],
    });
    expect(serviceCatalog.map(({ name }) => name)).not.toContain('second');
    images.on('GET /v2/images', echo);
    const listed = await ask(`${urls['image']![0]}/v2/images`, { headers: { 'x-auth-token': token.id } });
    expect(listed.json()).toMatchObject({ token: upstream.identity.tokens.at(-1) });
  });
});

it('with facade.services: none the catalog is passed on and nothing is served', async () => {
  const closed = await startGateway({
    identityUrl: upstream.identityUrl,
    settings: { facade: { services: 'none' } },
  });
  try {
    const { json: parse } = await ask(`${closed.url}/v2.0/tokens`, {
      method: 'POST',
      body: JSON.stringify({ auth: { passwordCredentials: { username: 'mara', password: 'x' } } }),
    });
    const { serviceCatalog } = parse<{
      access: { serviceCatalog: { type: string; endpoints: object[] }[] };
    }>().access;
    expect(serviceCatalog.find(({ type }) => type === 'image')?.endpoints[0]).toMatchObject({
      publicURL: images.origin,
    });
    const refused = await ask(`${closed.url}/dfw/services/image/v2/images`);
    expect(refused.status).toBe(404);
    expect(refused.text).toContain('facade.services');
    expect(images.requests()).toEqual([]);
  } finally {
    await closed.close();
  }
});

it('with a list in facade.services those types are served and no others', async () => {
  const listed = await startGateway({
    identityUrl: upstream.identityUrl,
    settings: { facade: { services: ['house-service'] } },
  });
  try {
    images.on('GET /own/x', echo);
    expect((await ask(`${listed.url}/dfw/services/House-Service/x`)).json()).toMatchObject({ url: '/own/x' });
    expect((await ask(`${listed.url}/dfw/services/image/v2/images`)).status).toBe(404);
  } finally {
    await listed.close();
  }
});

it('of several accounts, the one of the token is asked, else the first that has the service', async () => {
  const other = await startStubUpstream({
    regions: ['DFW'],
    tenant: '700200',
    services: [
      { name: 'dbs', type: 'database', endpoints: [{ region: 'DFW', publicURL: `${volumes.origin}/other` }] },
      { name: 'img', type: 'image', endpoints: [{ region: 'DFW', publicURL: `${volumes.origin}/other` }] },
    ],
  });
  const { username, apiKey } = STUB_CREDENTIALS;
  const both = await startGateway({
    identityUrl: upstream.identityUrl,
    settings: {
      accounts: [
        { name: 'main', identity: { url: upstream.identityUrl, username, apiKey } },
        { name: 'other', identity: { url: other.identityUrl, username, apiKey } },
      ],
    },
  });
  try {
    for (const stub of [images, volumes]) stub.on('GET /*', echo);
    volumes.on('GET /other/x', echo);
    const asked = async (path: string, headers = {}) =>
      (await ask(`${both.url}/dfw/services/${path}`, { headers })).json<{ url: string }>().url;
    expect(await asked('database/x')).toBe('/other/x');
    expect(await asked('image/x')).toBe('/x');
    const { json: parse } = await ask(`${both.url}/v2.0/tokens`, {
      method: 'POST',
      body: JSON.stringify({
        auth: { passwordCredentials: { username: 'mara', password: 'x' }, tenantId: '700200' },
      }),
    });
    const { id } = parse<{ access: { token: { id: string } } }>().access.token;
    expect(await asked('image/x', { 'x-auth-token': id })).toBe('/other/x');
    const missing = await ask(`${both.url}/dfw/services/block-storage/x`, {
      headers: { 'x-auth-token': id },
    });
    expect(missing.status).toBe(404);
  } finally {
    await both.close();
    await other.close();
  }
});

it('a service on the host of the identity service does not lead to it: the token would tell the credentials', async () => {
  volumes.on('GET *', echo);
  const base = `${gateway.url}/dfw/services/messaging`;
  expect((await ask(`${base}/v1.0/instances`)).json()).toMatchObject({ url: '/v1.0/instances' });
  for (const path of [
    '/v2.0/users/1/OS-KSADM/credentials',
    '/v3/users',
    '/%763/users',
    '//v2.0/tokens',
    '/v2.0;x/users',
    '/V3/users',
    '/%2576%2533/users',
    '/v3%20/users',
  ])
    expect((await ask(base + path)).status, path).toBe(403);
  for (const path of ['/%2e%2e/v3/users', '/%252e%252e/v3/users', '/..;x/v3/users'])
    expect((await ask(base + path)).status, path).toBe(400);
  expect(volumes.requests().map(({ url }) => url)).toEqual(['/v1.0/instances']);
});

it.each(METHODS.filter((method) => method !== 'CONNECT' && method !== 'TRACE'))(
  'the method %s passes to a service, with a body too where it may have one',
  async (method) => {
    volumes.on(`${method} /v1/box/a`, ({ request, response }) => {
      response.writeHead(200, { 'x-seen': `${request.method} ${request.url} ${request.body}` }).end();
    });
    const body = ['GET', 'HEAD'].includes(method) ? undefined : 'a body';
    const { status, headers } = await ask(`${gateway.url}/dfw/services/messaging/v1/box/a`, {
      method,
      ...(body === undefined ? {} : { body, headers: { 'content-type': 'text/plain' } }),
    });
    expect([status, headers['x-seen']]).toEqual([200, `${method} /v1/box/a ${body ?? ''}`.trim()]);
  },
);

it('TRACE does not pass: its answer would repeat the token', async () => {
  const { status, headers } = await ask(`${gateway.url}/dfw/services/messaging/v1/box/a`, {
    method: 'TRACE',
  });
  expect(status).toBe(405);
  expect(headers.allow).toContain('COPY');
  expect(headers.allow).not.toContain('TRACE');
  expect(volumes.requests()).toEqual([]);
});

describe('an image that is changed at the image service', () => {
  const cached = async () => (await ask(`${gateway.url}/dfw/v2/700100/images`)).headers['x-cache'];
  const service = (method: string) => ask(`${gateway.url}/dfw/services/image/v2/images/1`, { method });

  it('is not shown by Compute as it was before', async () => {
    images.on('DELETE /v2/images/1', ({ response }) => void response.writeHead(204).end());
    await cached();
    expect(await cached()).toBe('HIT');
    expect((await service('DELETE')).status).toBe(204);
    expect(await cached()).toBe('MISS');
  });

  it('or made by an action of a volume, is shown', async () => {
    volumes.on('POST /cinder/v3/700100/volumes/7/action', text('{}', 202));
    volumes.on('POST /cinder/v3/700100/volumes', text('{}', 202));
    const volume = (path: string) =>
      ask(`${gateway.url}/dfw/services/block-storage/volumes${path}`, { method: 'POST', body: '{}' });
    await cached();
    expect((await volume('')).status).toBe(202);
    expect(await cached()).toBe('HIT');
    expect((await volume('/7/action')).status).toBe(202);
    expect(await cached()).toBe('MISS');
  });

  it('or is only read, or refused to be changed, makes nothing untrue', async () => {
    images.on('GET /v2/images/1', echo);
    images.on('DELETE /v2/images/1', ({ response }) => void response.writeHead(403).end());
    await cached();
    expect((await service('GET')).status).toBe(200);
    expect((await service('DELETE')).status).toBe(403);
    expect(await cached()).toBe('HIT');
  });
});
