import { expect, test } from 'vitest';
import { type Cloud, startCloud } from '../../support/openstack-simulator.ts';

/** What a Nova 26 answers to single operations; each title is one thing that was seen there. */

const imageId = async (cloud: Cloud) =>
  ((await (await cloud.compute('/images?limit=1')).json()) as { images: { id: string }[] }).images[0]!.id;

const version = (minor: number) => ({ headers: { 'openstack-api-version': `compute 2.${minor}` } });

const JSON_BODY = { 'content-type': 'application/json' };

async function activeServer(cloud: Cloud): Promise<string> {
  const { server } = (await (await cloud.create('web', await imageId(cloud))).json()) as {
    server: { id: string };
  };
  cloud.simulator.control.advance(60_000);
  return server.id;
}

const act = (cloud: Cloud, id: string, body: object) =>
  cloud.compute(`/servers/${id}/action`, { method: 'POST', headers: JSON_BODY, body: JSON.stringify(body) });

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

test('limits have no rates, and absolutes with -1 for what is not limited', async () => {
  const cloud = await startCloud();
  const { limits } = (await (await cloud.compute('/limits')).json()) as {
    limits: { rate: unknown[]; absolute: Record<string, number> };
  };
  expect(limits.rate).toEqual([]);
  expect(limits.absolute).toMatchObject({
    maxTotalInstances: expect.any(Number),
    maxServerMeta: 128,
    maxImageMeta: 128,
    maxPersonality: 5,
    maxPersonalitySize: 10240,
    maxTotalKeypairs: 100,
    maxServerGroups: 10,
    maxTotalFloatingIps: -1,
    maxSecurityGroups: -1,
    totalInstancesUsed: 0,
    totalServerGroupsUsed: 0,
  });
});

test('an action is 202 with an empty body that calls itself JSON; confirmResize 204; rebuild has a body; a snapshot is a page', async () => {
  const cloud = await startCloud();
  const id = await activeServer(cloud);
  const told = async (body: object) => {
    const answer = await act(cloud, id, body);
    const type = answer.headers.get('content-type')?.split(';')[0];
    return [answer.status, type, (await answer.text()) === ''];
  };
  expect(await told({ reboot: { type: 'SOFT' } })).toEqual([202, 'application/json', true]);
  cloud.simulator.control.advance(60_000);
  expect(await told({ resize: { flavorRef: '3' } })).toEqual([202, 'application/json', true]);
  cloud.simulator.control.advance(600_000);
  expect((await told({ confirmResize: null }))[0]).toBe(204);
  cloud.simulator.control.advance(60_000);
  expect(await told({ rebuild: { imageRef: await imageId(cloud) } })).toEqual([
    202,
    'application/json',
    false,
  ]);
  cloud.simulator.control.advance(600_000);
  expect(await told({ createImage: { name: 's' } })).toEqual([202, 'text/html', true]);
});

test('changes-since shows what was deleted', async () => {
  const cloud = await startCloud();
  const since = new Date(cloud.clock.now()).toISOString();
  const id = await activeServer(cloud);
  await cloud.compute(`/servers/${id}`, { method: 'DELETE' });
  cloud.simulator.control.advance(10_000);
  const { servers } = (await (
    await cloud.compute(`/servers/detail?changes-since=${encodeURIComponent(since)}`)
  ).json()) as { servers: { id: string; status: string }[] };
  expect(servers).toMatchObject([{ id, status: 'DELETED' }]);
});

test('volumes of a server are an empty list, of none 404; virtual interfaces are 410, and os-networksv2 is no route', async () => {
  const cloud = await startCloud();
  const id = await activeServer(cloud);
  const volumes = await cloud.compute(`/servers/${id}/os-volume_attachments`);
  expect([volumes.status, await volumes.json()]).toEqual([200, { volumeAttachments: [] }]);
  const none = await cloud.compute('/servers/00000000-0000-4000-8000-000000000000/os-volume_attachments');
  expect([none.status, Object.keys((await none.json()) as object)]).toEqual([404, ['itemNotFound']]);
  const gone = await cloud.compute(`/servers/${id}/os-virtual-interfaces`);
  expect([gone.status, await gone.json()]).toMatchObject([410, { computeFault: { code: 410 } }]);
  const networks = await cloud.compute('/os-networksv2');
  expect([networks.status, networks.headers.get('content-type')]).toEqual([404, 'text/html; charset=UTF-8']);
});

test('limit=abc and an unknown marker are 400, limit=0 is an empty list; flavors’ ids are texts, no swap is ""', async () => {
  const cloud = await startCloud();
  expect((await cloud.compute('/servers?limit=abc')).status).toBe(400);
  expect((await cloud.compute('/servers?marker=00000000-0000-4000-8000-000000000000')).status).toBe(400);
  expect(await (await cloud.compute('/flavors?limit=0')).json()).toMatchObject({ flavors: [] });
  const { flavors } = (await (await cloud.compute('/flavors/detail')).json()) as {
    flavors: { id: unknown; swap: unknown }[];
  };
  for (const { id, swap } of flavors) {
    expect(id).toBeTypeOf('string');
    expect(swap === '' || (typeof swap === 'number' && swap > 0)).toBe(true);
  }
});

test('an image is "" for whoever boots from a volume, in the request and in the server', async () => {
  const cloud = await startCloud();
  const block_device_mapping_v2 = [
    {
      boot_index: 0,
      uuid: '5f0c7a10-5555-4a6e-b0d2-31c4aa000005',
      source_type: 'volume',
      destination_type: 'volume',
    },
  ];
  const created = await cloud.create('a', '', { block_device_mapping_v2 });
  expect(created.status).toBe(202);
  const { server } = (await created.json()) as { server: { id: string } };
  expect(await (await cloud.compute(`/servers/${server.id}`)).json()).toMatchObject({
    server: { image: '' },
  });
  const without = await cloud.create('a', '');
  expect([without.status, await without.text()]).toEqual([400, expect.stringContaining('imageRef')]);
});
