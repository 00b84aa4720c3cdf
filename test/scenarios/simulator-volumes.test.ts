import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { DEMO_USER, type SimulatorInput } from '../../src/simulator/config.ts';
import { startSimulator } from '../unit/simulator/running-simulator.ts';

const VOLUME = '5f0c7a10-5555-4a6e-b0d2-31c4aa000005';
const OTHER = '5f0c7a10-5555-4a6e-b0d2-31c4aa000006';

interface Volume {
  id: string;
  status: string;
  attachments: { server_id: string; device: string }[];
}

async function start(input: SimulatorInput = {}) {
  const { access, session } = await startSimulator({ timing: { buildSeconds: 0 }, ...input });
  const { token, serviceCatalog } = await access();
  const base = serviceCatalog.find(({ type }) => type === 'volumev3')!.endpoints[0]!.publicURL;
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(base + path, { ...init, headers: { 'x-auth-token': token.id } });
  const compute = await session();
  const { images } = (await (await compute.ask('/images')).json()) as { images: { id: string }[] };
  const attach = async (volumeId: string) => {
    const server = { name: 'one', imageRef: images[0]!.id, flavorRef: '2' };
    const created = await compute.ask('/servers', { method: 'POST', body: JSON.stringify({ server }) });
    const { id } = ((await created.json()) as { server: { id: string } }).server;
    const body = JSON.stringify({ volumeAttachment: { volumeId } });
    const answer = await compute.ask(`/servers/${id}/os-volume_attachments`, { method: 'POST', body });
    return { id, status: answer.status };
  };
  return {
    base,
    ask,
    attach,
    volume: async (id: string) => ((await (await ask(`/volumes/${id}`)).json()) as { volume: Volume }).volume,
    ids: async (query = '') =>
      ((await (await ask(`/volumes/detail${query}`)).json()) as { volumes: Volume[] }).volumes.map(
        ({ id }) => id,
      ),
  };
}

test('block storage shows every UUID as a volume, and where it is attached', async () => {
  const { ask, attach, volume, ids } = await start();
  expect(await volume(VOLUME)).toMatchObject({ id: VOLUME, status: 'available', attachments: [] });
  expect((await ask('/volumes/by-name')).status).toBe(404);
  expect(await ids()).toEqual([]);
  const { id } = await attach(VOLUME);
  expect(await volume(VOLUME)).toMatchObject({
    status: 'in-use',
    attachments: [{ server_id: id, device: '/dev/xvdb' }],
  });
  expect(await ids()).toEqual([VOLUME]);
  expect(await ids('?name=by-name')).toEqual([]);
});

test('with a seed there are the volumes it names, and no others', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-volumes-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const seedFile = join(folder, 'seed.yaml');
  writeFileSync(seedFile, `regions: { DFW: { volumes: { "${DEMO_USER.tenant}": [${VOLUME}] } } }\n`);
  const { ask, attach, ids } = await start({ seedFile });
  expect(await ids()).toEqual([VOLUME]);
  expect((await ask(`/volumes/${OTHER}`)).status).toBe(404);
  expect((await attach(OTHER)).status).toBe(404);
  expect((await attach(VOLUME)).status).toBe(200);
});

test('it has versions and limits, wants a token of the tenant, and is read only', async () => {
  const { ask, base } = await start();
  const root = base.replace(/\/v3\/.*/, '');
  expect((await fetch(`${root}/`)).status).toBe(300);
  expect(await (await fetch(`${root}/v3/`)).json()).toMatchObject({ versions: [{ id: 'v3.0' }] });
  expect(await (await ask('/limits')).json()).toMatchObject({
    limits: { absolute: { totalVolumesUsed: 0 } },
  });
  expect((await fetch(`${base}/volumes`)).status).toBe(401);
  const elsewhere = await ask('/../12345/volumes');
  expect([elsewhere.status, await elsewhere.json()]).toEqual([
    400,
    { badRequest: { code: 400, message: 'Malformed request url' } },
  ]);
  expect((await ask('/backups')).status).toBe(404);
  expect((await ask('/volumes', { method: 'POST' })).status).toBe(405);
});
