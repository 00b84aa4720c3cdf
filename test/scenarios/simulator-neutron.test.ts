import { expect, test } from 'vitest';
import { type Cloud, startCloud } from '../support/openstack-simulator.ts';

/** What a Neutron 21 answers on the wire. */

const neutron = (cloud: Cloud) => (path: string, init?: RequestInit) =>
  cloud.ask(`/network/dfw${path}`, init);

interface Item {
  id: string;
  name: string;
  [member: string]: unknown;
}

async function make(cloud: Cloud, collection: string, singular: string, members: object): Promise<Item> {
  const response = await neutron(cloud)(`/v2.0/${collection}`, {
    method: 'POST',
    body: JSON.stringify({ [singular]: members }),
  });
  expect(response.status).toBe(201);
  return ((await response.json()) as Record<string, Item>)[singular]!;
}

const errorOf = async (response: Response) => {
  const { NeutronError: error } = (await response.json()) as { NeutronError: { type: string } };
  return [response.status, error.type];
};

test('the root has one version, /v2.0/ its resources, and extensions are told one by one', async () => {
  const cloud = await startCloud();
  expect(await (await fetch(`${cloud.url}/network/dfw/`)).json()).toEqual({
    versions: [
      { id: 'v2.0', status: 'CURRENT', links: [{ rel: 'self', href: `${cloud.url}/network/dfw/v2.0/` }] },
    ],
  });
  expect(await (await neutron(cloud)('/v2.0/')).json()).toMatchObject({
    resources: [{ name: 'network' }, {}, {}, {}],
  });
  expect((await neutron(cloud)('/v2.0/extensions/security-group')).status).toBe(200);
  expect(await errorOf(await neutron(cloud)('/v2.0/extensions/nope'))).toEqual([404, 'HTTPNotFound']);
});

test('a project sees the shared network and its own default security group, with rules in it', async () => {
  const cloud = await startCloud();
  const list = async (path: string) => (await (await neutron(cloud)(path)).json()) as Record<string, Item[]>;
  const { networks } = await list('/v2.0/networks');
  expect(networks).toMatchObject([{ name: 'public', shared: true, subnets: [expect.any(String)] }]);
  const { security_groups: groups } = await list('/v2.0/security-groups');
  expect(groups).toMatchObject([{ name: 'default', security_group_rules: [{}, {}, {}, {}] }]);
  expect(await list('/v2.0/networks?fields=id&fields=name')).toEqual({
    networks: [{ id: networks![0]!.id, name: 'public' }],
  });
  expect(await list('/v2.0/networks?name=nope')).toEqual({ networks: [] });
  expect(await list('/v2.0/networks.json')).toMatchObject({ networks: [{ name: 'public' }] });
});

test('pages have next and previous links, which are absolute', async () => {
  const cloud = await startCloud();
  await make(cloud, 'networks', 'network', { name: 'own' });
  const page = (await (await neutron(cloud)('/v2.0/networks?limit=1')).json()) as {
    networks: Item[];
    networks_links: object[];
  };
  const base = `${cloud.url}/network/dfw/v2.0/networks?limit=1&marker=${page.networks[0]!.id}`;
  expect(page.networks_links).toEqual([
    { rel: 'next', href: base },
    { rel: 'previous', href: `${base}&page_reverse=True` },
  ]);
});

test('a network with a subnet and a port: made, changed, in use, deleted', async () => {
  const cloud = await startCloud();
  const ask = neutron(cloud);
  const network = await make(cloud, 'networks', 'network', { name: 'n' });
  const subnet = await make(cloud, 'subnets', 'subnet', {
    network_id: network.id,
    cidr: '10.9.0.0/24',
    ip_version: 4,
  });
  expect(subnet).toMatchObject({
    gateway_ip: '10.9.0.1',
    allocation_pools: [{ start: '10.9.0.2', end: '10.9.0.254' }],
  });
  const port = await make(cloud, 'ports', 'port', { network_id: network.id });
  expect(port).toMatchObject({
    status: 'DOWN',
    fixed_ips: [{ subnet_id: subnet.id, ip_address: '10.9.0.2' }],
  });
  const changed = await ask(`/v2.0/networks/${network.id}`, {
    method: 'PUT',
    body: '{"network":{"name":"m"}}',
  });
  expect(await changed.json()).toMatchObject({
    network: { name: 'm', subnets: [subnet.id], revision_number: 2 },
  });
  const remove = (path: string) => ask(path, { method: 'DELETE' });
  expect(await errorOf(await remove(`/v2.0/networks/${network.id}`))).toEqual([409, 'NetworkInUse']);
  expect((await remove(`/v2.0/ports/${port.id}`)).status).toBe(204);
  expect((await remove(`/v2.0/networks/${network.id}`)).status).toBe(204);
  expect(await errorOf(await ask(`/v2.0/networks/${network.id}`))).toEqual([404, 'NetworkNotFound']);
});

test('what is wrong is 400 in Neutron’s shape, what is somebody else’s 403', async () => {
  const cloud = await startCloud();
  const ask = neutron(cloud);
  const post = (path: string, body: string) => ask(path, { method: 'POST', body });
  expect(await errorOf(await post('/v2.0/networks', '{"network":{"foo":1}}'))).toEqual([
    400,
    'HTTPBadRequest',
  ]);
  expect(await errorOf(await post('/v2.0/networks', '{}'))).toEqual([400, 'HTTPBadRequest']);
  expect(await errorOf(await post('/v2.0/networks', '{'))).toEqual([400, 'HTTPBadRequest']);
  const { networks } = (await (await ask('/v2.0/networks')).json()) as { networks: Item[] };
  const shared = await ask(`/v2.0/networks/${networks[0]!.id}`, { method: 'DELETE' });
  expect(await errorOf(shared)).toEqual([403, 'PolicyNotAuthorized']);
});

test('security groups with rules go to a server’s ports, and its ports go with it', async () => {
  const cloud = await startCloud();
  const group = await make(cloud, 'security-groups', 'security_group', { name: 'web' });
  await make(cloud, 'security-group-rules', 'security_group_rule', {
    security_group_id: group.id,
    direction: 'ingress',
    protocol: 'tcp',
    port_range_min: 80,
    port_range_max: 80,
  });
  const { images } = (await (await cloud.compute('/images?limit=1')).json()) as { images: Item[] };
  const created = await cloud.create('web', images[0]!.id, { security_groups: [{ name: 'web' }] });
  const { server } = (await created.json()) as { server: Item };
  const ports = async () =>
    ((await (await neutron(cloud)(`/v2.0/ports?device_id=${server.id}`)).json()) as { ports: Item[] }).ports;
  expect(await ports()).toMatchObject([
    { security_groups: [group.id], device_owner: 'compute:nova', status: 'ACTIVE' },
  ]);
  await cloud.compute(`/servers/${server.id}`, { method: 'DELETE' });
  expect(await ports()).toEqual([]);
});

test('with more than one network a create has to name one', async () => {
  const cloud = await startCloud();
  const network = await make(cloud, 'networks', 'network', { name: 'own' });
  await make(cloud, 'subnets', 'subnet', { network_id: network.id, cidr: '10.9.0.0/24', ip_version: 4 });
  const { images } = (await (await cloud.compute('/images?limit=1')).json()) as { images: Item[] };
  expect((await cloud.create('a', images[0]!.id)).status).toBe(409);
  const created = await cloud.create('a', images[0]!.id, { networks: [{ uuid: network.id }] });
  const { server } = (await created.json()) as { server: Item };
  cloud.simulator.control.advance(60_000);
  expect(await (await cloud.compute(`/servers/${server.id}`)).json()).toMatchObject({
    server: { addresses: { own: [{ addr: '10.9.0.2' }] } },
  });
});
