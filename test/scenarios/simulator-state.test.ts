import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { DEMO_USER, type SimulatorInput, simulatorSettings } from '../../src/simulator/config.ts';
import { createSimulator } from '../../src/simulator/simulator.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { startSimulator } from '../unit/simulator/running-simulator.ts';

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'sluice-simulator-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

const names = async (ask: (path: string) => Promise<Response>, what: 'servers' | 'images') =>
  ((await (await ask(`/${what}`)).json()) as Record<string, { name: string }[]>)[what]!.map(
    ({ name }) => name,
  );

test('servers, tokens and the time that was turned on survive a restart', async () => {
  const path = await folder();
  const stateFile = join(path, 'state.json');
  const before = await startSimulator({ stateFile, timing: { buildSeconds: 60 } });
  const { ask, token } = await before.session();
  const { images } = (await (await ask('/images')).json()) as { images: { id: string }[] };
  const server = { name: 'kept', imageRef: images[0]!.id, flavorRef: '2' };
  await ask('/servers', { method: 'POST', body: JSON.stringify({ server }) });
  before.simulator.control.advance(61_000);
  await before.simulator.close();
  expect(await readdir(path)).toEqual(['state.json']);

  const after = await startSimulator({ stateFile, timing: { buildSeconds: 60 } });
  const response = await fetch(`${after.url}/dfw/v2/${DEMO_USER.tenant}/servers/detail`, {
    headers: { 'x-auth-token': token },
  });
  expect(await response.json()).toMatchObject({ servers: [{ name: 'kept', status: 'ACTIVE' }] });
});

test('a limit of a day and the logins of a minute are as far spent after a restart as before', async () => {
  const stateFile = join(await folder(), 'state.json');
  const input: SimulatorInput = {
    stateFile,
    rateLimits: { table: [{ verb: 'GET', uri: '/servers', value: 3, unit: 'DAY' }] },
    identityRateLimit: { value: 2, unit: 'MINUTE' },
  };
  const clock = new FakeClock();
  const before = await startSimulator(input, clock);
  const { ask, token } = await before.session();
  for (const expected of [200, 200]) expect((await ask('/servers')).status).toBe(expected);
  await before.simulator.close();

  clock.tick(20_000);
  const after = await startSimulator(input, clock);
  const headers = { 'x-auth-token': token };
  const base = `${after.url}/dfw/v2/${DEMO_USER.tenant}`;
  const { limits } = (await (await fetch(`${base}/limits`, { headers })).json()) as {
    limits: { rate: { limit: { remaining: number }[] }[] };
  };
  expect(limits.rate[0]!.limit[0]!.remaining).toBe(1);
  expect((await fetch(`${base}/servers`, { headers })).status).toBe(200);
  expect((await fetch(`${base}/servers`, { headers })).status).toBe(413);
  expect([(await after.login()).status, (await after.login()).status]).toEqual([200, 413]);
});

test('a state file that holds something else is refused and left alone', async () => {
  const stateFile = join(await folder(), 'state.json');
  for (const [text, problem] of [
    ['not json', /does not hold a state/],
    ['{"form": 99}', /state\.json does not hold a state/],
  ] as const) {
    await writeFile(stateFile, text);
    const simulator = createSimulator(simulatorSettings({ port: 0, stateFile }));
    await expect(simulator.listen()).rejects.toThrow(problem);
  }
});

test('a seed fills the regions it names', async () => {
  const seedFile = join(await folder(), 'seed.yaml');
  await writeFile(
    seedFile,
    `regions:
  dfw:
    servers:
      - { tenantId: "${DEMO_USER.tenant}", name: web, count: 2 }
  "*":
    images:
      - { name: Golden }
`,
  );
  const { session } = await startSimulator({ seedFile });
  const [dfw, ord] = [await session('DFW'), await session('ORD')];
  expect((await names(dfw.ask, 'servers')).sort()).toEqual(['web-1', 'web-2']);
  expect(await names(ord.ask, 'servers')).toEqual([]);
  expect(await names(ord.ask, 'images')).toContain('Golden');
});

test('a seed that is wrong stops the start and says where', async () => {
  const seedFile = join(await folder(), 'seed.yaml');
  for (const [text, problem] of [
    ['regions: { DFW: { servers: [{ name: web }] } }', /regions\.DFW\.servers\.0.*tenantId/s],
    ['regions: { MARS: {} }', /MARS/],
  ] as const) {
    await writeFile(seedFile, text);
    await expect(createSimulator(simulatorSettings({ port: 0, seedFile })).listen()).rejects.toThrow(problem);
  }
});

test('a port that is taken stops the start and leaves nothing listening', async () => {
  const { url } = await startSimulator();
  const port = Number(new URL(url).port);
  const second = createSimulator(simulatorSettings({ port, regionPorts: { DFW: 0 } }));
  await expect(second.listen()).rejects.toThrow(/EADDRINUSE/);
  await second.close();
});

test('settings that are wrong are refused by name', () => {
  expect(() => simulatorSettings({ port: -1, timeScale: 0 })).toThrow(/port[\s\S]*timeScale/);
  expect(() => createSimulator(simulatorSettings({ regionPorts: { MARS: 0 } }))).toThrow(/MARS/);
});

test('the image service shows the region’s images, page by page, and one by its id', async () => {
  const { access, url } = await startSimulator();
  const { token, serviceCatalog } = await access();
  const base = serviceCatalog.find(({ type }) => type === 'image')!.endpoints[0]!.publicURL;
  expect(base).toBe(`${url}/image/dfw`);
  expect((await fetch(`${base}/`)).status).toBe(300);
  expect((await fetch(`${base}/v2/images`)).status).toBe(401);
  const get = async (path: string) =>
    (await fetch(base + path, { headers: { 'x-auth-token': token.id } })).json() as Promise<{
      images: { id: string; status: string }[];
      next?: string;
    }>;
  const first = await get('/v2/images?limit=1');
  expect(first.images).toHaveLength(1);
  expect(first.images[0]!.status).toBe('active');
  const second = await get(first.next!);
  expect(second.images[0]!.id).not.toBe(first.images[0]!.id);
  const remove = (id: string) =>
    fetch(`${base}/v2/images/${id}`, { method: 'DELETE', headers: { 'x-auth-token': token.id } });
  expect((await remove(first.images[0]!.id)).status).toBe(403);
  expect((await remove('none')).status).toBe(404);
  const post = await fetch(`${base}/v2/images`, { method: 'POST' });
  expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  expect(await get(`/v2/images/${first.images[0]!.id}`)).toMatchObject({
    visibility: 'public',
    disk_format: 'vhd',
  });
});
