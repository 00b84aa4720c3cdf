import { expect, test } from 'vitest';
import { type Cloud, startCloud } from '../support/openstack-simulator.ts';

/** What a Keystone 22 and a Nova 26 answer on the wire; each title is one thing that was seen there. */

const imageId = async (cloud: Cloud) =>
  ((await (await cloud.compute('/images?limit=1')).json()) as { images: { id: string }[] }).images[0]!.id;

const version = (minor: number) => ({ headers: { 'openstack-api-version': `compute 2.${minor}` } });

test('Keystone’s root is 300 with v3 alone, /v3 is 200, and v2.0 is a page that is not found', async () => {
  const { url } = await startCloud();
  const root = await fetch(`${url}/`);
  expect(root.status).toBe(300);
  expect(root.headers.get('location')).toBe(`${url}/v3/`);
  expect(await root.json()).toMatchObject({ versions: { values: [{ id: 'v3.14', status: 'stable' }] } });
  expect((await fetch(`${url}/v3`)).status).toBe(200);
  const old = await fetch(`${url}/v2.0/tokens`, { method: 'POST', body: '{}' });
  expect([old.status, old.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
});

test('a login is 201, its token in X-Subject-Token, its end in microseconds, its catalog by service', async () => {
  const cloud = await startCloud();
  const response = await cloud.login();
  expect(response.status).toBe(201);
  expect(response.headers.get('x-subject-token')).toHaveLength(183);
  expect(response.headers.get('vary')).toBe('X-Auth-Token');
  const { token } = (await response.json()) as {
    token: Record<string, unknown> & { catalog: CatalogEntry[] };
  };
  expect(token).toMatchObject({
    methods: ['password'],
    user: { name: 'demo', domain: { id: 'default', name: 'Default' } },
    project: { name: 'demo' },
    expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
  });
  expect(JSON.stringify(token)).not.toContain(response.headers.get('x-subject-token'));
  const compute = token.catalog.find(({ type }) => type === 'compute')!;
  expect(compute.endpoints.map((endpoint) => `${endpoint.region_id} ${endpoint.interface}`).sort()).toEqual(
    ['DFW', 'ORD'].flatMap((region) => ['admin', 'internal', 'public'].map((face) => `${region} ${face}`)),
  );
  expect(compute.endpoints[0]!.url).toMatch(/\/v2\.1\/[0-9a-f]{32}$/);
});

interface CatalogEntry {
  type: string;
  endpoints: { interface: string; region_id: string; url: string }[];
}

test('a project by name and domain, another by id, none, and one that is somebody else’s', async () => {
  const cloud = await startCloud();
  const projectOf = async (scope: unknown) => {
    const response = await cloud.login(undefined, scope);
    const { token } = (await response.json()) as {
      token?: { project?: { name: string }; catalog?: unknown };
    };
    return [response.status, token?.project?.name, token?.catalog === undefined];
  };
  expect(await projectOf({ project: { name: 'demo-second', domain: { name: 'Default' } } })).toEqual([
    201,
    'demo-second',
    false,
  ]);
  expect(await projectOf({ project: { id: cloud.project } })).toEqual([201, 'demo', false]);
  expect(await projectOf('unscoped')).toEqual([201, undefined, true]);
  expect(await projectOf(undefined)).toEqual([201, 'demo', false]);
  for (const scope of [
    { name: 'alt', domain: { id: 'default' } },
    { name: 'demo', domain: { name: 'Elsewhere' } },
  ])
    expect(await projectOf({ project: scope })).toEqual([401, undefined, true]);
});

test('an application credential is for one project and says so; a wrong secret is 401 in Keystone’s shape', async () => {
  const cloud = await startCloud();
  const login = (secret: string) =>
    cloud.login({
      methods: ['application_credential'],
      application_credential: { id: 'c0ffee00c0ffee00c0ffee00c0ffee00', secret },
    });
  expect(await (await login('demo-secret-for-the-simulator-only')).json()).toMatchObject({
    token: { methods: ['application_credential'], application_credential: { restricted: true } },
  });
  const refused = await login('wrong');
  expect(refused.headers.get('www-authenticate')).toBe(`Keystone uri="${cloud.url}/v3"`);
  expect([refused.status, await refused.json()]).toEqual([
    401,
    {
      error: {
        code: 401,
        message: 'The request you have made requires authentication.',
        title: 'Unauthorized',
      },
    },
  ]);
});

test('a token is validated 200, unknown 404, revoked 204, and then no good', async () => {
  const cloud = await startCloud();
  const token = await cloud.token();
  const subject = (method: string, id: string) =>
    fetch(`${cloud.url}/v3/auth/tokens`, {
      method,
      headers: { 'x-auth-token': token, 'x-subject-token': id },
    });
  const statuses = [];
  for (const [method, id] of [
    ['GET', token],
    ['HEAD', token],
    ['GET', 'x'],
    ['DELETE', token],
    ['GET', token],
  ] as const)
    statuses.push((await subject(method, id)).status);
  expect(statuses).toEqual([200, 200, 404, 204, 401]);
});

test('an identity service a region: its tokens and its catalog are good there alone', async () => {
  const cloud = await startCloud({ keystone: { perRegion: true } });
  const at = (region: string) =>
    fetch(`${cloud.url}/identity/${region}/v3/auth/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ auth: { identity: cloud.identity } }),
    });
  const response = await at('dfw');
  const { token } = (await response.json()) as { token: { catalog: CatalogEntry[] } };
  expect(new Set(token.catalog.flatMap(({ endpoints }) => endpoints.map((one) => one.region_id)))).toEqual(
    new Set(['DFW']),
  );
  const headers = { 'x-auth-token': response.headers.get('x-subject-token')! };
  const statuses = [];
  for (const path of [
    '/dfw/v2.1/flavors',
    '/ord/v2.1/flavors',
    '/identity/dfw/v3/auth/projects',
    '/identity/ord/v3/auth/projects',
    '/v3',
  ])
    statuses.push((await fetch(cloud.url + path, { headers })).status);
  expect(statuses).toEqual([200, 401, 200, 401, 404]);
});

test('versions need no token: the list with the range, each version, 300 for any other first segment', async () => {
  const { url } = await startCloud();
  expect(await (await fetch(`${url}/dfw/`)).json()).toMatchObject({
    versions: [
      { id: 'v2.0', version: '' },
      { id: 'v2.1', status: 'CURRENT', version: '2.93', min_version: '2.1' },
    ],
  });
  expect(await (await fetch(`${url}/dfw/v2.1`)).json()).toMatchObject({
    version: { id: 'v2.1', version: '2.93' },
  });
  const choices = await fetch(`${url}/dfw/flavors`);
  expect([choices.status, Object.keys((await choices.json()) as object)]).toEqual([300, ['choices']]);
});

test('the microversion is told in two headers and two Vary lines, asked for in either, in a list too', async () => {
  const cloud = await startCloud();
  const told = async (headers: Record<string, string>) => {
    const response = await cloud.compute('/flavors/2', { headers });
    return [
      response.status,
      response.headers.get('openstack-api-version'),
      response.headers.get('x-openstack-nova-api-version'),
      response.headers.get('vary'),
    ];
  };
  const vary = 'OpenStack-API-Version, X-OpenStack-Nova-API-Version';
  expect(await told({})).toEqual([200, 'compute 2.1', '2.1', vary]);
  expect(await told({ 'openstack-api-version': 'compute latest' })).toEqual([
    200,
    'compute 2.93',
    '2.93',
    vary,
  ]);
  expect(await told({ 'x-openstack-nova-api-version': '2.60' })).toEqual([200, 'compute 2.60', '2.60', vary]);
  expect(await told({ 'openstack-api-version': 'identity 3.1, compute 2.61' })).toEqual([
    200,
    'compute 2.61',
    '2.61',
    vary,
  ]);
  expect(await told({ 'openstack-api-version': 'volume 3.4' })).toEqual([200, 'compute 2.1', '2.1', vary]);
  expect(await told({ 'openstack-api-version': 'compute 2.99' })).toEqual([
    406,
    'compute 2.99',
    '2.99',
    vary,
  ]);
  expect(await told({ 'openstack-api-version': 'compute abc' })).toEqual([400, null, null, null]);
});

test('/v2 knows no microversions and tolerates members that /v2.1 refuses', async () => {
  const cloud = await startCloud();
  const old = await cloud.ask(`/dfw/v2/${cloud.project}/flavors/2`, version(61));
  expect([old.headers.get('openstack-api-version'), old.headers.get('vary')]).toEqual([null, null]);
  expect(((await old.json()) as { flavor: object }).flavor).not.toHaveProperty('extra_specs');
  const body = JSON.stringify({
    server: { name: 'a', flavorRef: '2', imageRef: await imageId(cloud), stray: 1 },
  });
  const json = { method: 'POST', body, headers: { 'content-type': 'application/json' } };
  expect((await cloud.ask(`/dfw/v2/${cloud.project}/servers`, json)).status).toBe(202);
  const refused = await cloud.compute('/servers', json);
  expect([refused.status, await refused.text()]).toEqual([
    400,
    expect.stringContaining('Additional properties are not allowed'),
  ]);
});

test('microversions change what is shown: flavors, limits, and images that are gone from 2.36 on', async () => {
  const cloud = await startCloud();
  const keys = async (path: string, minor: number, pick: (body: never) => object) =>
    Object.keys(pick((await (await cloud.compute(path, version(minor))).json()) as never));
  const flavor = ({ flavor }: { flavor: object }) => flavor;
  expect(await keys('/flavors/2', 54, flavor)).not.toContain('description');
  expect(await keys('/flavors/2', 55, flavor)).toContain('description');
  expect(await keys('/flavors/2', 61, flavor)).toContain('extra_specs');
  const absolute = ({ limits }: { limits: { absolute: object } }) => limits.absolute;
  expect(await keys('/limits', 35, absolute)).toEqual(
    expect.arrayContaining(['maxSecurityGroups', 'maxImageMeta', 'maxPersonality']),
  );
  expect(await keys('/limits', 36, absolute)).not.toContain('maxSecurityGroups');
  expect(await keys('/limits', 39, absolute)).not.toContain('maxImageMeta');
  expect(await keys('/limits', 57, absolute)).not.toContain('maxPersonality');
  expect((await cloud.compute('/images', version(35))).status).toBe(200);
  expect((await cloud.compute('/images', version(36))).status).toBe(404);
});

test('a server: 202 with Location, BUILD without addresses, ACTIVE with them; its flavor embedded from 2.47 on', async () => {
  const cloud = await startCloud();
  const created = await cloud.create('web', await imageId(cloud));
  expect(created.status).toBe(202);
  const { server } = (await created.json()) as { server: { id: string; adminPass: string } };
  expect(server).toMatchObject({ security_groups: [{ name: 'default' }], adminPass: expect.any(String) });
  expect(created.headers.get('location')).toBe(`${cloud.url}/dfw/v2.1/${cloud.project}/servers/${server.id}`);
  const shown = async (minor = 1) =>
    ((await (await cloud.compute(`/servers/${server.id}`, version(minor))).json()) as { server: object })
      .server;
  expect(await shown()).toMatchObject({ status: 'BUILD', addresses: {} });
  cloud.simulator.control.advance(60_000);
  expect(await shown()).toMatchObject({
    status: 'ACTIVE',
    flavor: { id: '2', links: [{ rel: 'bookmark' }] },
    addresses: { public: [{ version: 4, 'OS-EXT-IPS:type': 'fixed' }] },
    'OS-SRV-USG:launched_at': expect.any(String),
    tenant_id: cloud.project,
  });
  expect(await shown(47)).toMatchObject({ flavor: { original_name: '512MB Standard Instance', vcpus: 1 } });
  expect(await shown(93)).toMatchObject({ locked: false, tags: [], description: 'web', server_groups: [] });
  expect((await cloud.compute(`/servers/${server.id}`, { method: 'DELETE' })).status).toBe(204);
  expect((await cloud.compute(`/servers/${server.id}`)).status).toBe(404);
});

test('from 2.37 on a create names its networks, and from 2.45 on an image is told in the body', async () => {
  const cloud = await startCloud();
  const image = await imageId(cloud);
  expect((await cloud.create('a', image, {}, 37)).status).toBe(400);
  const created = await cloud.create('a', image, { networks: 'auto' }, 37);
  const { server } = (await created.json()) as { server: { id: string } };
  cloud.simulator.control.advance(60_000);
  const snapshot = (minor: number) =>
    cloud.compute(`/servers/${server.id}/action`, {
      method: 'POST',
      headers: { ...version(minor).headers, 'content-type': 'application/json' },
      body: '{"createImage":{"name":"s"}}',
    });
  const old = await snapshot(44);
  expect([old.status, old.headers.get('location')]).toEqual([
    202,
    expect.stringContaining('/image/dfw/images/'),
  ]);
  cloud.simulator.control.advance(60_000);
  expect(await (await snapshot(45)).json()).toEqual({ image_id: expect.any(String) });
});

test('what is no route is a page, and its JSON has the code as a text; methods are never 405', async () => {
  const cloud = await startCloud();
  const answered = async (path: string, init: RequestInit = {}) => {
    const response = await cloud.compute(path, init);
    return [response.status, response.headers.get('content-type')];
  };
  expect(await answered('/nope')).toEqual([404, 'text/html; charset=UTF-8']);
  expect(await answered('/flavors', { method: 'PUT' })).toEqual([404, 'text/html; charset=UTF-8']);
  expect(await answered('/flavors', { method: 'HEAD' })).toEqual([404, 'text/html; charset=UTF-8']);
  expect(await answered('/flavors/')).toEqual([404, 'text/html; charset=UTF-8']);
  expect(await answered('/flavors', { method: 'OPTIONS' })).toEqual([200, null]);
  const json = await cloud.compute('/nope', { headers: { accept: 'application/json' } });
  expect(await json.json()).toMatchObject({ code: '404 Not Found', title: 'Not Found' });
});

test('JSON alone is read: XML is 415, a chunked body is not read, a suffix is part of the id', async () => {
  const cloud = await startCloud();
  const xml = { method: 'POST', body: '<a/>', headers: { 'content-type': 'application/xml' } };
  const refused = await cloud.compute('/servers', xml);
  expect([refused.status, await refused.json()]).toEqual([
    415,
    { badMediaType: { code: 415, message: 'Unsupported Content-Type' } },
  ]);
  const stream = new Blob(['{"server":{}}']).stream();
  const chunked = await cloud.compute('/servers', {
    method: 'POST',
    body: stream,
    duplex: 'half',
  } as RequestInit);
  expect(await chunked.json()).toEqual({
    badRequest: { code: 400, message: "None is not of type 'object'" },
  });
  expect(await (await cloud.compute('/flavors/2.json')).json()).toEqual({
    itemNotFound: { code: 404, message: 'Flavor 2.json could not be found.' },
  });
});

test('a quota is 403, what belongs to operators too, another project in the path 400', async () => {
  const cloud = await startCloud({ absoluteLimits: { maxTotalInstances: 1 } });
  const image = await imageId(cloud);
  await cloud.create('a', image);
  const refused = await cloud.create('b', image);
  expect([refused.status, await refused.json()]).toEqual([
    403,
    {
      forbidden: {
        code: 403,
        message: 'Quota exceeded for instances: Requested 1, but already used 1 of 1 instances',
      },
    },
  ]);
  expect((await cloud.compute('/flavors', { method: 'POST', body: '{}' })).status).toBe(403);
  expect((await cloud.ask('/dfw/v2.1/abcdef/flavors')).status).toBe(400);
});

test('a bad token is answered in the identity service’s shape, with its address', async () => {
  const cloud = await startCloud();
  const response = await fetch(`${cloud.url}/dfw/v2.1/flavors`, { headers: { 'x-auth-token': 'bad' } });
  expect([response.status, response.headers.get('www-authenticate')]).toEqual([
    401,
    `Keystone uri="${cloud.url}"`,
  ]);
  expect(await response.json()).toMatchObject({ error: { code: 401, title: 'Unauthorized' } });
});
