import { expect, test } from 'vitest';
import { DEMO_USER } from '../../src/simulator/config.ts';
import { computeUrl, faultOf, startSimulator as start } from '../unit/simulator/running-simulator.ts';

test('logs in with an API key or a password and finds every region in the catalog', async () => {
  const { login, access, clock } = await start();
  const { token, user, serviceCatalog } = await access();
  expect(token.tenant.id).toBe(DEMO_USER.tenant);
  expect(Date.parse(token.expires)).toBe(clock.now() + 86_400_000);
  expect(user['RAX-AUTH:defaultRegion']).toBe('DFW');
  expect(serviceCatalog.map(({ name, type }) => `${name} ${type}`)).toEqual([
    'cloudFiles object-store',
    'cloudServers compute',
    'cloudServersOpenStack compute',
    'cloudImages image',
    'cloudBlockStorage volumev3',
  ]);
  expect(serviceCatalog[2]!.endpoints.map(({ region }) => region)).toEqual(['DFW', 'ORD', 'LON']);
  const password = await login({
    passwordCredentials: { username: DEMO_USER.username, password: DEMO_USER.password },
  });
  expect(password.status).toBe(200);
});

test('refuses wrong credentials with a 401 fault', async () => {
  const { login } = await start();
  const response = await login({ passwordCredentials: { username: DEMO_USER.username, password: 'wrong' } });
  expect(response.status).toBe(401);
  expect(await faultOf(response)).toBe('unauthorized');
});

test('serves flavors of each region below the catalog’s URL, whatever the case of the region', async () => {
  const { access, url } = await start();
  const granted = await access();
  const headers = { 'x-auth-token': granted.token.id };
  for (const base of [computeUrl(granted, 'ORD'), `${url}/ORD/v2/${DEMO_USER.tenant}`]) {
    const response = await fetch(`${base}/flavors`, { headers });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-compute-request-id')).toMatch(/^req-/);
    const { flavors } = (await response.json()) as { flavors: { links: { href: string }[] }[] };
    expect(flavors).toHaveLength(7);
    expect(flavors[0]!.links[0]!.href).toBe(`${base}/flavors/2`);
  }
});

test('a request without a token, with a dead one or for another tenant is refused', async () => {
  const { access, simulator, clock } = await start({ tokens: { lifetimeSeconds: 60 } });
  const granted = await access();
  const base = computeUrl(granted, 'DFW');
  const get = (token: string, at = base) => fetch(`${at}/flavors`, { headers: { 'x-auth-token': token } });
  expect((await get('nobody')).status).toBe(401);
  expect((await get(granted.token.id, base.replace(DEMO_USER.tenant, '171717'))).status).toBe(400);
  expect((await get(granted.token.id)).status).toBe(200);
  clock.tick(60_000);
  expect((await get(granted.token.id)).status).toBe(401);
  const second = await access();
  expect(simulator.control.revokeTokens()).toBe(1);
  const refused = await get(second.token.id);
  expect(refused.status).toBe(401);
  expect(await faultOf(refused)).toBe('unauthorized');
});

test('a region with a port of its own is served at that port’s root, and the catalog says so', async () => {
  const { access, url } = await start({ regionPorts: { ORD: 0 } });
  const granted = await access();
  const base = computeUrl(granted, 'ORD');
  expect(new URL(base).port).not.toBe(new URL(url).port);
  expect(new URL(base).pathname).toBe(`/v2/${DEMO_USER.tenant}`);
  const headers = { 'x-auth-token': granted.token.id };
  expect((await fetch(`${base}/images`, { headers })).status).toBe(200);
  expect((await fetch(new URL('/', base))).status).toBe(200);
});

test('a server is built while time passes', async () => {
  const { access, simulator } = await start({ timing: { buildSeconds: 30 } });
  const granted = await access();
  const base = computeUrl(granted, 'DFW');
  const headers = { 'x-auth-token': granted.token.id, 'content-type': 'application/json' };
  const { images } = (await (await fetch(`${base}/images`, { headers })).json()) as {
    images: { id: string }[];
  };
  const server = { name: 'first', imageRef: images[0]!.id, flavorRef: '2' };
  const created = await fetch(`${base}/servers`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ server }),
  });
  expect(created.status).toBe(202);
  const { id } = ((await created.json()) as { server: { id: string } }).server;
  const status = async () =>
    ((await (await fetch(`${base}/servers/${id}`, { headers })).json()) as { server: { status: string } })
      .server.status;
  expect(await status()).toBe('BUILD');
  simulator.control.advance(31_000);
  expect(await status()).toBe('ACTIVE');
});

test('a spent rate limit is answered 413 until its window is over', async () => {
  const table = [{ verb: 'GET', uri: '*', value: 2, unit: 'MINUTE' }] as const;
  const { access, simulator, clock } = await start({ rateLimits: { table } });
  const granted = await access();
  const get = (path: string) =>
    fetch(computeUrl(granted, 'DFW') + path, { headers: { 'x-auth-token': granted.token.id } });
  const limits = (await (await get('/limits')).json()) as {
    limits: { rate: { limit: { remaining: number }[] }[] };
  };
  expect(limits.limits.rate[0]!.limit[0]!.remaining).toBe(1);
  expect((await get('/flavors')).status).toBe(200);
  const refused = await get('/flavors');
  expect(refused.status).toBe(413);
  expect(refused.headers.get('retry-after')).toBe(new Date(clock.now() + 60_000).toUTCString());
  expect(refused.headers.get('date')).toBe(new Date(clock.now()).toUTCString());
  expect(simulator.control.rejected()).toBe(1);
  expect(simulator.control.count('GET', '/flavors')).toBe(2);
  clock.tick(60_001);
  expect((await get('/flavors')).status).toBe(200);
});
