import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ask } from '../../support/ask.ts';
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
  expect(limits.absolute).toEqual({
    maxTotalInstances: 100,
    maxTotalCores: expect.any(Number),
    maxTotalRAMSize: expect.any(Number),
    maxServerMeta: 128,
    maxImageMeta: 128,
    maxPersonality: 5,
    maxPersonalitySize: 10240,
    maxTotalKeypairs: 100,
    maxServerGroups: 10,
    maxServerGroupMembers: 10,
    maxTotalFloatingIps: -1,
    maxSecurityGroups: -1,
    maxSecurityGroupRules: -1,
    totalRAMUsed: 0,
    totalCoresUsed: 0,
    totalInstancesUsed: 0,
    totalFloatingIpsUsed: 0,
    totalSecurityGroupsUsed: 0,
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
  for (const list of ['servers', 'flavors', 'images']) {
    const status = async (query: string) => (await cloud.compute(`/${list}?${query}`)).status;
    expect([list, await status('limit=abc')]).toEqual([list, 400]);
    expect([list, await status('marker=00000000-0000-4000-8000-000000000000')]).toEqual([list, 400]);
    expect(await (await cloud.compute(`/${list}?limit=0`)).json()).toEqual({ [list]: [] });
  }
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

test('a create tells id, links, disk configuration, security groups and password, and no more', async () => {
  const cloud = await startCloud();
  const created = await cloud.create('web', await imageId(cloud));
  const { server } = (await created.json()) as { server: Record<string, unknown> };
  expect(Object.keys(server).sort()).toEqual([
    'OS-DCF:diskConfig',
    'adminPass',
    'id',
    'links',
    'security_groups',
  ]);
});

test('a server has these members in 2.1', async () => {
  const cloud = await startCloud();
  const id = await activeServer(cloud);
  const { server } = (await (await cloud.compute(`/servers/${id}`)).json()) as {
    server: Record<string, unknown>;
  };
  const extensions = ['OS-DCF:diskConfig', 'OS-EXT-AZ:availability_zone', 'OS-EXT-STS:power_state'];
  extensions.push('OS-EXT-STS:task_state', 'OS-EXT-STS:vm_state', 'OS-SRV-USG:launched_at');
  extensions.push('OS-SRV-USG:terminated_at', 'os-extended-volumes:volumes_attached');
  const own = 'accessIPv4 accessIPv6 addresses config_drive created flavor hostId id image key_name links';
  const rest = 'metadata name progress security_groups status tenant_id updated user_id';
  expect(Object.keys(server).sort()).toEqual([...extensions, ...`${own} ${rest}`.split(' ')].sort());
  expect(server).toMatchObject({
    image: { id: expect.any(String), links: [{ rel: 'bookmark' }] },
    addresses: {
      public: [
        {
          version: 4,
          addr: expect.stringMatching(/^[\d.]+$/),
          'OS-EXT-IPS:type': 'fixed',
          'OS-EXT-IPS-MAC:mac_addr': expect.stringMatching(/^[0-9a-f:]{17}$/),
        },
      ],
    },
  });
});

test('what is deleted is 204, what is renamed 200', async () => {
  const cloud = await startCloud();
  const id = await activeServer(cloud);
  const sent = async (method: string, path: string, body?: object) => {
    const answer = await ask(`${cloud.url}/dfw/v2.1/${cloud.project}${path}`, {
      method,
      headers: { ...JSON_BODY, 'x-auth-token': await cloud.token() },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return answer.status;
  };
  expect(await sent('PUT', `/servers/${id}`, { server: { name: 'other' } })).toBe(200);
  expect(await sent('PUT', `/servers/${id}/metadata/a`, { meta: { a: '1' } })).toBe(200);
  expect(await sent('DELETE', `/servers/${id}/metadata/a`)).toBe(204);
  await act(cloud, id, { createImage: { name: 's' } });
  cloud.simulator.control.advance(600_000);
  const { images } = (await (await cloud.compute('/images?name=s')).json()) as { images: { id: string }[] };
  expect(await sent('DELETE', `/images/${images[0]!.id}`)).toBe(204);
  expect(await sent('DELETE', `/servers/${id}`)).toBe(204);
});

test('an accepted action says Content-Length: 0, and application/json all the same', async () => {
  const cloud = await startCloud();
  const id = await activeServer(cloud);
  const answer = await act(cloud, id, { reboot: { type: 'SOFT' } });
  expect(['content-length', 'content-type'].map((name) => answer.headers.get(name))).toEqual([
    '0',
    'application/json',
  ]);
});

test('attaching a volume where Cinder is away is 500 with a computeFault; what is attached is still told', async () => {
  const cloud = await startCloud();
  const id = await activeServer(cloud);
  cloud.simulator.control.setConditions('DFW', { volumesDown: true });
  const attached = await cloud.compute(`/servers/${id}/os-volume_attachments`, {
    method: 'POST',
    headers: JSON_BODY,
    body: JSON.stringify({ volumeAttachment: { volumeId: '5f0c7a10-5555-4a6e-b0d2-31c4aa000005' } }),
  });
  expect([attached.status, await attached.json()]).toMatchObject([500, { computeFault: { code: 500 } }]);
  expect((await cloud.compute(`/servers/${id}/os-volume_attachments`)).status).toBe(200);
});

test('images are listed newest first', async () => {
  const cloud = await startCloud();
  const id = await activeServer(cloud);
  for (const name of ['first', 'second']) {
    await act(cloud, id, { createImage: { name } });
    cloud.simulator.control.advance(600_000);
  }
  const { images } = (await (await cloud.compute('/images/detail')).json()) as {
    images: { name: string; created: string }[];
  };
  expect(images.slice(0, 2).map(({ name }) => name)).toEqual(['second', 'first']);
  const created = images.map((image) => image.created);
  expect(created).toEqual([...created].sort().reverse());
});

/** A seed file with one flavor more, which has no swap. */
function swaplessSeed(): string {
  const path = join(mkdtempSync(join(tmpdir(), 'sluice-test-')), 'seed.yaml');
  writeFileSync(
    path,
    'regions: { DFW: { flavors: [{ id: swapless, name: swapless, ram: 512, disk: 20, vcpus: 1 }] } }',
  );
  return path;
}

test('swap is a number, for a flavor without it "" up to 2.74 and 0 from 2.75 on', async () => {
  const cloud = await startCloud({ seedFile: swaplessSeed() });
  const swapAt = async (flavor: string, minor: number) => {
    const answer = await cloud.compute(`/flavors/${flavor}`, {
      headers: { 'openstack-api-version': `compute 2.${minor}` },
    });
    return ((await answer.json()) as { flavor: { swap: unknown } }).flavor.swap;
  };
  expect(await Promise.all([1, 74, 75].map((minor) => swapAt('swapless', minor)))).toEqual(['', '', 0]);
  expect(await Promise.all([1, 75].map((minor) => swapAt('2', minor)))).toEqual([512, 512]);
});
