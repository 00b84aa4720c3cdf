import { expect, test } from 'vitest';
import { ask } from '../../support/ask.ts';
import { type Cloud, startCloud } from '../../support/openstack-simulator.ts';

/** What a Keystone 22 answers on the wire; each title is one thing that was seen there. */

const JSON_BODY = { 'content-type': 'application/json' };

test('Keystone’s root is 300 with v3 alone, /v3 is 200, and v2.0 is a page that is not found', async () => {
  const { url } = await startCloud();
  const root = await fetch(`${url}/`);
  expect(root.status).toBe(300);
  expect(root.headers.get('location')).toBe(`${url}/v3/`);
  expect(await root.json()).toMatchObject({ versions: { values: [{ id: 'v3.14', status: 'stable' }] } });
  expect((await fetch(`${url}/v3`)).status).toBe(200);
  for (const [method, path] of [
    ['POST', '/v2.0/tokens'],
    ['GET', '/v2.0'],
  ] as const) {
    const old = await fetch(url + path, { method, ...(method === 'POST' ? { body: '{}' } : {}) });
    expect([old.status, old.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
  }
});

test('a login is 201, its token in X-Subject-Token, its end in microseconds, its catalog by service', async () => {
  const cloud = await startCloud();
  const response = await cloud.login();
  expect(response.status).toBe(201);
  expect(response.headers.get('x-subject-token')).toHaveLength(183);
  expect(response.headers.get('vary')).toBe('X-Auth-Token');
  expect(response.headers.get('x-openstack-request-id')).toMatch(/^req-[0-9a-f-]{36}$/);
  const { token } = (await response.json()) as {
    token: Record<string, unknown> & { catalog: CatalogEntry[] };
  };
  const microseconds = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  const domain = { id: 'default', name: 'Default' };
  expect(token).toEqual({
    methods: ['password'],
    user: { id: expect.any(String), name: 'demo', domain, password_expires_at: null },
    audit_ids: [expect.any(String)],
    expires_at: microseconds,
    issued_at: microseconds,
    project: { id: cloud.project, name: 'demo', domain },
    is_domain: false,
    roles: [
      { id: expect.any(String), name: 'member' },
      { id: expect.any(String), name: 'reader' },
    ],
    catalog: expect.any(Array),
  });
  expect(JSON.stringify(token)).not.toContain(response.headers.get('x-subject-token'));
  const compute = token.catalog.find(({ type }) => type === 'compute')!;
  expect(compute.endpoints.map((endpoint) => `${endpoint.region_id} ${endpoint.interface}`).sort()).toEqual(
    ['DFW', 'ORD'].flatMap((region) => ['admin', 'internal', 'public'].map((face) => `${region} ${face}`)),
  );
  expect(compute).toMatchObject({ id: expect.any(String), name: 'nova' });
  for (const endpoint of compute.endpoints)
    expect(endpoint).toEqual({
      id: expect.any(String),
      interface: expect.stringMatching(/^(?:public|internal|admin)$/),
      region: endpoint.region_id,
      region_id: expect.stringMatching(/^(?:DFW|ORD)$/),
      url: expect.stringMatching(/\/v2\.1\/[0-9a-f]{32}$/),
    });
});

interface CatalogEntry {
  type: string;
  name: string;
  endpoints: { interface: string; region_id: string; region: string; url: string }[];
}

/** The catalog of a login. */
const catalogOf = async (cloud: Cloud) =>
  ((await (await cloud.login()).json()) as { token: { catalog: CatalogEntry[] } }).token.catalog;

test('a service is one entry of the catalog, its endpoints in an order of regions and interfaces that means nothing', async () => {
  const catalog = await catalogOf(await startCloud());
  expect(new Set(catalog.map(({ type }) => type)).size).toBe(catalog.length);
  const order = catalog.map(({ endpoints }) => endpoints.map((at) => `${at.region} ${at.interface}`).join());
  expect(new Set(order).size).toBeGreaterThan(1);
});

test('compute’s URL may be /v2.1/{project}, /v2.1 alone, and /v2/{project} of a compute_legacy; Nova takes every form', async () => {
  const paths = async (cloud: Cloud) =>
    (await catalogOf(cloud))
      .filter(({ type }) => type.startsWith('compute'))
      .map(({ type, name, endpoints }) => `${type} ${name} ${new URL(endpoints[0]!.url).pathname.slice(4)}`);
  const cloud = await startCloud();
  expect(await paths(cloud)).toEqual([
    `compute nova /v2.1/${cloud.project}`,
    `compute_legacy nova_legacy /v2/${cloud.project}`,
  ]);
  expect(await paths(await startCloud({ keystone: { computeUrl: 'plain', legacyCompute: false } }))).toEqual([
    'compute nova /v2.1',
  ]);
  for (const base of ['/v2.1', `/v2.1/${cloud.project}`, '/v2', `/v2/${cloud.project}`])
    expect((await cloud.ask(`/dfw${base}/flavors`)).status).toBe(200);
});

test('a user without a default project gets a token of none', async () => {
  const cloud = await startCloud({ preset: 'ovhcloud' });
  const login = await cloud.login();
  const { token } = (await login.json()) as { token: object };
  expect(login.status).toBe(201);
  for (const key of ['project', 'roles', 'catalog']) expect(token).not.toHaveProperty(key);
});

test('what a login does not say as the schema has it is told with all of the schema, kilobytes of it', async () => {
  const cloud = await startCloud();
  const refused = await cloud.login({ password: {} });
  const { error } = (await refused.json()) as { error: { code: number; title: string; message: string } };
  expect(error).toMatchObject({ code: 400, title: 'Bad Request' });
  expect(error.message.length).toBeGreaterThan(2048);
});

test('Keystone never speaks in Nova’s faults, whatever is wrong', async () => {
  const cloud = await startCloud();
  const headers = { 'x-auth-token': await cloud.token() };
  const answers = [
    await ask(`${cloud.url}/v3/auth/tokens`, { headers: { 'x-auth-token': 'bad' } }),
    await ask(`${cloud.url}/v3/auth/tokens`, { headers: { ...headers, 'x-subject-token': 'none' } }),
    await ask(`${cloud.url}/v3/nothing`, { headers }),
    await ask(`${cloud.url}/v3/auth/tokens`, { method: 'PUT', headers }),
    await ask(`${cloud.url}/v3/auth/tokens`, { method: 'POST', body: 'x'.repeat(120_000) }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([401, 404, 404, 405, 413]);
  for (const { status, json } of answers)
    expect(json()).toEqual({
      error: { code: status, title: expect.any(String), message: expect.any(String) },
    });
});

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
  const password = 'demo-password-for-the-simulator-only';
  const user = { name: 'demo', domain: { id: 'default' }, password };
  expect((await cloud.login({ methods: ['password'], password: { user } })).status).toBe(201);
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
    ask(`${cloud.url}/v3/auth/tokens`, {
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

test('?nocatalog leaves the catalog out of a login, and /v3/auth/catalog and /v3/auth/projects tell of it later', async () => {
  const cloud = await startCloud();
  const login = await fetch(`${cloud.url}/v3/auth/tokens?nocatalog`, {
    method: 'POST',
    headers: JSON_BODY,
    body: JSON.stringify({ auth: { identity: cloud.identity } }),
  });
  const { token } = (await login.json()) as { token: object };
  expect([login.status, 'catalog' in token, 'project' in token]).toEqual([201, false, true]);
  const catalog = (await (await cloud.ask('/v3/auth/catalog')).json()) as { catalog: { type: string }[] };
  expect(catalog.catalog.map(({ type }) => type)).toEqual(
    expect.arrayContaining(['compute', 'image', 'network', 'identity']),
  );
  const projects = (await (await cloud.ask('/v3/auth/projects')).json()) as { projects: { name: string }[] };
  expect(projects.projects.map(({ name }) => name)).toContain('demo');
});

test('a login that is malformed, XML or chunked is 400 in Keystone’s shape', async () => {
  const { url } = await startCloud();
  const refused = async (headers: Record<string, string>, body: string) => {
    const answer = await fetch(`${url}/v3/auth/tokens`, { method: 'POST', headers, body });
    return [answer.status, await answer.json()];
  };
  const shape = { error: { code: 400, title: 'Bad Request', message: expect.any(String) } };
  expect(await refused(JSON_BODY, '{"auth":{}}')).toEqual([400, shape]);
  expect(await refused(JSON_BODY, '{"auth":')).toEqual([400, shape]);
  expect(await refused({ 'content-type': 'application/xml' }, '<auth/>')).toEqual([400, shape]);
  const chunked = await ask(`${url}/v3/auth/tokens`, {
    method: 'POST',
    headers: JSON_BODY,
    body: '{"auth":{}}',
    chunked: true,
  });
  expect(chunked.status).toBe(400);
  expect(chunked.text).toContain('Expecting to find auth in request body');
});
