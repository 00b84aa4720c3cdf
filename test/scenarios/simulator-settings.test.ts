import { expect, test } from 'vitest';
import { DEMO_USER, type SimulatorInput } from '../../src/simulator/config.ts';
import { faultOf, startSimulator } from '../unit/simulator/running-simulator.ts';

interface Listed {
  servers: { id: string; status: string; name: string }[];
}

const running = async (input: SimulatorInput) => {
  const { session, clock, simulator } = await startSimulator(input);
  const { ask } = await session();
  const { images } = (await (await ask('/images')).json()) as { images: { id: string }[] };
  const create = (given: object = {}) =>
    ask('/servers', {
      method: 'POST',
      body: JSON.stringify({ server: { name: 'one', imageRef: images[0]!.id, flavorRef: '2', ...given } }),
    });
  const list = async (query = '') => (await (await ask(`/servers/detail${query}`)).json()) as Listed;
  const act = (id: string, body: object) =>
    ask(`/servers/${id}/action`, { method: 'POST', body: JSON.stringify(body) });
  return { ask, create, list, act, clock, simulator, session };
};

test('absolute limits of one tenant come before the common ones', async () => {
  const { create, session } = await running({
    absoluteLimits: { maxTotalInstances: 5 },
    absoluteLimitsPerAccount: { [DEMO_USER.tenant]: { maxTotalInstances: 1 } },
  });
  expect((await create()).status).toBe(202);
  const refused = await create();
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([413, '0']);
  const limits = await (await session()).ask('/limits');
  expect(await limits.json()).toMatchObject({ limits: { absolute: { maxTotalInstances: 1 } } });
});

test('the catalog spells regions as the settings do, and their URLs lead to them', async () => {
  const { access, session } = await startSimulator({ regions: ['RegionOne', 'eu.west'] });
  const { user, serviceCatalog } = await access();
  expect(user['RAX-AUTH:defaultRegion']).toBe('RegionOne');
  for (const { name, endpoints } of serviceCatalog.filter(({ name }) => name !== 'cloudServers'))
    expect(
      endpoints.map(({ region }) => region),
      name,
    ).toEqual(['RegionOne', 'eu.west']);
  expect((await (await session('eu.west')).ask('/flavors')).status).toBe(200);
});

test('the largest page is a setting', async () => {
  const { create, list, ask } = await running({ maxPageSize: 2 });
  await create({ min_count: 3 });
  expect((await list()).servers).toHaveLength(2);
  expect(await faultOf(await ask('/servers?limit=3'))).toBe('overLimit');
});

test('the waits for a resize, a rescue and the end of what was deleted are settings', async () => {
  const { create, list, act, clock, ask } = await running({
    timing: {
      buildSeconds: 0,
      actionSeconds: 0,
      confirmResizeAfterSeconds: 5,
      rescueSeconds: 7,
      deletedKeptSeconds: 9,
    },
  });
  await create();
  const { id } = (await list()).servers[0]!;
  const status = async () => (await list()).servers[0]?.status;
  expect((await act(id, { resize: { flavorRef: '3' } })).status).toBe(202);
  expect(await status()).toBe('VERIFY_RESIZE');
  clock.tick(5000);
  expect(await status()).toBe('ACTIVE');
  await act(id, { rescue: null });
  expect(await status()).toBe('RESCUE');
  clock.tick(7000);
  expect(await status()).toBe('ACTIVE');
  const since = '?changes-since=2020-01-01T00:00:00Z';
  expect((await ask(`/servers/${id}`, { method: 'DELETE' })).status).toBe(204);
  expect((await list(since)).servers.map((server) => server.status)).toEqual(['DELETED']);
  clock.tick(3_600_000 + 9000);
  expect((await list(since)).servers).toEqual([]);
});

test('a password that is too short puts the server in ERROR', async () => {
  const { create, list, clock } = await running({ minPasswordLength: 8 });
  await create({ adminPass: 'short' });
  clock.tick(60_000);
  expect((await list()).servers[0]).toMatchObject({ status: 'ERROR', fault: { code: 500 } });
});

test('the same seed gives the same ids in every run, other ones in each region', async () => {
  const idIn = async (region: string) => {
    const { session } = await startSimulator({ seed: 42 });
    const { ask } = await session(region);
    const { images } = (await (await ask('/images')).json()) as { images: { id: string }[] };
    const body = JSON.stringify({ server: { name: 'one', imageRef: images[0]!.id, flavorRef: '2' } });
    const created = await ask('/servers', { method: 'POST', body });
    return ((await created.json()) as { server: { id: string } }).server.id;
  };
  const first = await idIn('DFW');
  expect(await idIn('DFW')).toBe(first);
  expect(await idIn('ORD')).not.toBe(first);
});
