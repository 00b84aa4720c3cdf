import { expect, test } from 'vitest';
import { DEMO_USER, type SimulatorInput } from '../../src/simulator/config.ts';
import { faultOf, startSimulator } from '../unit/simulator/running-simulator.ts';

const admin = {
  username: 'root',
  password: 'root-password-of-the-tests',
  tenant: '900009',
  roles: [{ id: '1', name: 'identity:admin' }],
};
const users = [
  { ...DEMO_USER, applicationCredentials: [{ id: 'app', name: 'robot', secret: 'app-secret-of-the-tests' }] },
  admin,
];

async function start(input: SimulatorInput = {}) {
  const started = await startSimulator({ users, ...input });
  const tokenOf = async (auth?: object) =>
    ((await (await started.login(auth)).json()) as { access: { token: { id: string } } }).access.token.id;
  const ask = (path: string, token: string, init: RequestInit = {}) =>
    fetch(started.url + path, { ...init, headers: { 'x-auth-token': token, ...init.headers } });
  const adminToken = () =>
    tokenOf({ passwordCredentials: { username: admin.username, password: admin.password } });
  const loginV3 = (identity: object, scope?: unknown) =>
    fetch(`${started.url}/v3/auth/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ auth: { identity, ...(scope === undefined ? {} : { scope }) } }),
    });
  return { ...started, tokenOf, ask, adminToken, loginV3 };
}

const password = {
  methods: ['password'],
  password: { user: { name: DEMO_USER.username, domain: { id: 'default' }, password: DEMO_USER.password } },
};

test('a token is validated by its owner and by an administrator, for others it does not exist', async () => {
  const { tokenOf, adminToken, ask } = await start();
  const [mine, chief] = [await tokenOf(), await adminToken()];
  for (const caller of [mine, chief]) {
    const response = await ask(`/v2.0/tokens/${mine}`, caller);
    expect(response.status).toBe(200);
    const body = (await response.json()) as { access: object };
    expect(body.access).toMatchObject({ token: { id: mine }, user: { name: DEMO_USER.username } });
    expect(body.access).not.toHaveProperty('serviceCatalog');
  }
  expect((await ask(`/v2.0/tokens/${mine}?belongsTo=1`, chief)).status).toBe(404);
  expect((await ask(`/v2.0/tokens/${chief}`, mine)).status).toBe(404);
  expect((await ask(`/v2.0/tokens/${mine}`, 'nobody')).status).toBe(401);
});

test('a revoked token is dead at identity and in the regions', async () => {
  const { tokenOf, ask } = await start();
  const [first, second] = [await tokenOf(), await tokenOf()];
  expect((await ask(`/v2.0/tokens/${first}`, second, { method: 'DELETE' })).status).toBe(204);
  expect((await ask(`/v2.0/tokens/${first}`, second)).status).toBe(404);
  expect((await ask(`/dfw/v2/${DEMO_USER.tenant}/flavors`, first)).status).toBe(401);
  expect((await ask('/v2.0/tokens', second, { method: 'DELETE' })).status).toBe(204);
  expect((await ask('/v2.0/tenants', second)).status).toBe(401);
});

test('tenants and the endpoints of a token are listed', async () => {
  const { tokenOf, ask } = await start();
  const token = await tokenOf();
  const tenants = await (await ask('/v2.0/tenants', token)).json();
  expect(tenants).toMatchObject({ tenants: [{ id: DEMO_USER.tenant, enabled: true }] });
  const { endpoints } = (await (await ask(`/v2.0/tokens/${token}/endpoints`, token)).json()) as {
    endpoints: { name: string; region?: string }[];
  };
  expect(
    endpoints.filter(({ name }) => name === 'cloudServersOpenStack').map(({ region }) => region),
  ).toEqual(['DFW', 'ORD', 'LON']);
});

test('tenants, endpoints, validations and refusals are XML with a suffix', async () => {
  const { tokenOf, ask } = await start();
  const token = await tokenOf();
  for (const [path, root] of [
    ['/v2.0/tenants.xml', 'tenants'],
    [`/v2.0/tokens/${token}/endpoints.xml`, 'endpoints'],
    [`/v2.0/tokens/${token}.xml`, 'access'],
    ['/v2.0/tokens/none.xml', 'itemNotFound'],
  ] as const)
    expect(await (await ask(path, token)).text()).toContain(
      `<${root} xmlns="http://docs.openstack.org/identity/api/v2.0"`,
    );
});

test('a login may renew a token and name its tenant; another tenant’s name is refused', async () => {
  const { tokenOf, login } = await start();
  const id = await tokenOf();
  expect((await login({ token: { id }, tenantName: DEMO_USER.tenant })).status).toBe(200);
  expect((await login({ token: { id }, tenantId: '1' })).status).toBe(401);
  expect((await login({ token: { id: 'dead' } })).status).toBe(401);
});

test('what identity does not know is 404, a wrong method 405 with Allow, a broken body 400', async () => {
  const { ask, identityUrl } = await start();
  expect((await ask('/v2.0/nothing', '')).status).toBe(404);
  const put = await ask('/v2.0/tokens', '', { method: 'PUT' });
  expect([put.status, put.headers.get('allow')]).toEqual([405, 'POST, DELETE']);
  const broken = await fetch(`${identityUrl}//tokens/`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{',
  });
  expect(broken.status).toBe(400);
  expect(await faultOf(broken)).toBe('badRequest');
});

test('too many logins of one user are answered 413', async () => {
  const { login, simulator, clock } = await start({ identityRateLimit: { value: 2, unit: 'MINUTE' } });
  expect([(await login()).status, (await login()).status, (await login()).status]).toEqual([200, 200, 413]);
  expect(simulator.control.rejected()).toBe(1);
  expect(simulator.control.logins()).toBe(2);
  clock.tick(60_000);
  expect((await login()).status).toBe(200);
});

test('while identity is down nobody logs in, and regions know the tokens they have seen', async () => {
  const { session, login, loginV3, simulator, clock } = await start({ tokens: { regionCacheSeconds: 300 } });
  const [seen, unseen] = [await session('DFW'), await session('DFW')];
  expect((await seen.ask('/flavors')).status).toBe(200);
  simulator.control.setIdentityDown(true);
  const refused = await login();
  expect([refused.status, await faultOf(refused)]).toEqual([503, 'serviceUnavailable']);
  expect(await (await loginV3(password)).json()).toMatchObject({
    error: { code: 503, title: 'Service Unavailable' },
  });
  expect((await seen.ask('/flavors')).status).toBe(200);
  expect((await unseen.ask('/flavors')).status).toBe(503);
  clock.tick(300_000);
  expect((await seen.ask('/flavors')).status).toBe(503);
  simulator.control.setIdentityDown(false);
  expect((await seen.ask('/flavors')).status).toBe(200);
});

test('v3: a password login is answered 201 with the token in a header and a catalog of interfaces', async () => {
  const { loginV3, ask, url } = await start();
  const response = await loginV3(password, { project: { id: DEMO_USER.tenant } });
  expect(response.status).toBe(201);
  const { token } = (await response.json()) as {
    token: { expires_at: string; project: object; catalog: { type: string; endpoints: object[] }[] };
  };
  expect(token.expires_at).toMatch(/\.\d{6}Z$/);
  expect(token.project).toMatchObject({ id: DEMO_USER.tenant });
  const compute = token.catalog.find(({ type }) => type === 'compute')!;
  expect(compute.endpoints).toContainEqual(
    expect.objectContaining({ interface: 'public', region: 'DFW', url: `${url}/dfw/v2/${DEMO_USER.tenant}` }),
  );
  const id = response.headers.get('x-subject-token')!;
  expect((await ask(`/dfw/v2/${DEMO_USER.tenant}/flavors`, id)).status).toBe(200);
});

test('v3: application credentials by id or name, and tokens, log in too', async () => {
  const { loginV3, tokenOf } = await start();
  const secret = 'app-secret-of-the-tests';
  const user = { name: DEMO_USER.username, domain: { id: 'default' } };
  for (const application_credential of [
    { id: 'app', secret },
    { name: 'robot', user, secret },
  ])
    expect((await loginV3({ methods: ['application_credential'], application_credential })).status).toBe(201);
  expect((await loginV3({ methods: ['token'], token: { id: await tokenOf() } })).status).toBe(201);
});

test('v3: an unscoped login has no project and no catalog, and no region takes its token', async () => {
  const { loginV3, ask } = await start();
  const response = await loginV3(password, 'unscoped');
  const id = response.headers.get('x-subject-token')!;
  const validated = await ask('/v3/auth/tokens', id, { headers: { 'x-subject-token': id } });
  for (const answer of [response, validated]) {
    const { token } = (await answer.json()) as { token: object };
    expect(token).not.toHaveProperty('project');
    expect(token).not.toHaveProperty('catalog');
  }
  expect((await ask(`/dfw/v2/${DEMO_USER.tenant}/flavors`, id)).status).toBe(400);
  expect((await ask('/image/dfw/v2/images', id)).status).toBe(401);
  expect((await loginV3({ methods: ['token'], token: { id } })).status).toBe(201);
});

test('v3: another domain is refused, and a scope for an application credential', async () => {
  const { loginV3 } = await start();
  const user = { ...password.password.user, domain: { name: 'Elsewhere' } };
  expect((await loginV3({ ...password, password: { user } })).status).toBe(401);
  const project = { name: DEMO_USER.tenant, domain: { id: 'elsewhere' } };
  expect((await loginV3(password, { project })).status).toBe(401);
  const application_credential = { id: 'app', secret: 'app-secret-of-the-tests' };
  const robot = { methods: ['application_credential'], application_credential };
  expect((await loginV3(robot, { project: { id: DEMO_USER.tenant } })).status).toBe(401);
});

test('v3: refusals have the shape of Identity v3', async () => {
  const { loginV3, url } = await start();
  const wrong = { methods: ['password'], password: { user: { name: 'demo', password: 'wrong' } } };
  const response = await loginV3(wrong);
  expect(response.status).toBe(401);
  expect(response.headers.get('www-authenticate')).toBe(`Keystone uri="${url}/v3"`);
  expect(await response.json()).toMatchObject({ error: { code: 401, title: 'Unauthorized' } });
  expect((await loginV3(password, { project: { id: '1' } })).status).toBe(401);
  expect((await loginV3({})).status).toBe(400);
});

test('v3: a token is validated, and revoked', async () => {
  const { loginV3, ask } = await start();
  const id = (await loginV3(password)).headers.get('x-subject-token')!;
  const subject = { headers: { 'x-subject-token': id } };
  expect((await ask('/v3/auth/tokens', id, subject)).status).toBe(200);
  expect((await ask('/v3/auth/tokens', id, { headers: { 'x-subject-token': 'none' } })).status).toBe(404);
  expect((await ask('/v3/auth/projects', id)).status).toBe(200);
  expect((await ask('/v3/auth/catalog', id)).status).toBe(200);
  expect((await ask('/v3/auth/tokens', id, { ...subject, method: 'DELETE' })).status).toBe(204);
  expect((await ask('/v3/auth/tokens', id, subject)).status).toBe(401);
});
