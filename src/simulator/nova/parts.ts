import type { JsonObject } from '../../json.ts';
import { isJsonObject } from '../../json.ts';
import { attachInterface } from './create.ts';
import { NovaError, notAllowed, novaError } from './errors.ts';
import { extrasOf, serverAddresses } from './server-document.ts';
import { findServer } from './servers.ts';
import { bodyDocument, type NovaHandler, type NovaVisit, parameter } from './visit.ts';

/** What hangs on a server, and the small collections that the stock clients ask for. */

export const listAddresses: NovaHandler = (visit) => ({
  status: 200,
  document: { addresses: plainAddresses(visit) },
});

export const listNetworkAddresses: NovaHandler = (visit) => {
  const network = parameter(visit, 'network');
  const found = plainAddresses(visit)[network];
  if (found === undefined) throw novaError(404, 'Instance is not a member of specified network');
  return { status: 200, document: { [network]: found } };
};

/** Addresses without what extensions say of them. */
function plainAddresses(visit: NovaVisit): JsonObject {
  const all = serverAddresses(visit, findServer(visit));
  const plain = (list: unknown) =>
    (list as JsonObject[]).map(({ version, addr }) => ({ version: version!, addr: addr! }));
  return Object.fromEntries(Object.entries(all).map(([label, list]) => [label, plain(list)]));
}

export const listTags: NovaHandler = (visit) => ({
  status: 200,
  document: { tags: [...extrasOf(findServer(visit)).tags] },
});

export const setTags: NovaHandler = (visit) => {
  const body = visit.readBody();
  const tags = isJsonObject(body) ? body['tags'] : undefined;
  if (!Array.isArray(tags) || !tags.every((tag) => typeof tag === 'string' && /^[^,/]{1,60}$/.test(tag)))
    throw novaError(400, 'Invalid input for field/attribute tags.');
  extrasOf(findServer(visit)).tags = tags as string[];
  return { status: 200, document: { tags } };
};

export const deleteTags: NovaHandler = (visit) => {
  extrasOf(findServer(visit)).tags = [];
  return { status: 204 };
};

export const addTag: NovaHandler = (visit) => {
  const extras = extrasOf(findServer(visit));
  const tag = parameter(visit, 'tag');
  const isNew = !extras.tags.includes(tag);
  if (isNew) extras.tags.push(tag);
  return { status: isNew ? 201 : 204 };
};

export const deleteTag: NovaHandler = (visit) => {
  const extras = extrasOf(findServer(visit));
  const tag = parameter(visit, 'tag');
  if (!extras.tags.includes(tag)) throw novaError(404, `Server has no tag '${tag}'`);
  extras.tags = extras.tags.filter((known) => known !== tag);
  return { status: 204 };
};

export const listServerGroups: NovaHandler = (visit) => {
  const { networks, projectId } = visit;
  const names = extrasOf(findServer(visit)).securityGroups;
  const groups = networks
    .list('security-groups', projectId)
    .filter(({ name }) => names.includes(String(name)));
  return { status: 200, document: { security_groups: groups.map((group) => securityGroup(visit, group)) } };
};

/** Nova's proxy of security groups, gone from 2.36 on. */
export const listSecurityGroups: NovaHandler = (visit) => ({
  status: 200,
  document: {
    security_groups: visit.networks
      .list('security-groups', visit.projectId)
      .map((group) => securityGroup(visit, group)),
  },
});

const securityGroup = ({ projectId }: NovaVisit, { id, name, description }: JsonObject): JsonObject => ({
  id: id!,
  name: name!,
  description: description!,
  tenant_id: projectId,
  rules: [],
});

const interfaceDocument = ({ id, network_id, mac_address, fixed_ips, status }: JsonObject): JsonObject => ({
  net_id: network_id!,
  port_id: id!,
  mac_addr: mac_address!,
  port_state: status!,
  fixed_ips: fixed_ips!,
});

export const listInterfaces: NovaHandler = (visit) => ({
  status: 200,
  document: { interfaceAttachments: visit.networks.portsOf(findServer(visit).id).map(interfaceDocument) },
});

export const addInterface: NovaHandler = (visit) => {
  const { id } = findServer(visit);
  const port = attachInterface(visit, id, bodyDocument(visit, 'interfaceAttachment'));
  return { status: 200, document: { interfaceAttachment: interfaceDocument(port) } };
};

const findInterface = (visit: NovaVisit): JsonObject => {
  const portId = parameter(visit, 'port');
  const found = visit.networks.portsOf(findServer(visit).id).find(({ id }) => id === portId);
  if (!found) throw novaError(404, `Port ${portId} could not be found on the server`);
  return found;
};

export const showInterface: NovaHandler = (visit) => ({
  status: 200,
  document: { interfaceAttachment: interfaceDocument(findInterface(visit)) },
});

export const removeInterface: NovaHandler = (visit) => {
  visit.networks.remove('ports', String(findInterface(visit)['id']));
  return { status: 202 };
};

export const listZones: NovaHandler = () => ({
  status: 200,
  document: { availabilityZoneInfo: [{ zoneName: 'nova', zoneState: { available: true }, hosts: null }] },
});

/** Extensions stay listed for clients of before; since 2.1 they are all there, always. */
const NOVA_EXTENSIONS: readonly JsonObject[] = [
  ['NMN', 'Multinic', 'Multiple network support.'],
  ['OS-DCF', 'DiskConfig', 'Disk Management Extension.'],
  ['OS-EXT-AZ', 'ExtendedAvailabilityZone', 'Extended Availability Zone support.'],
  ['OS-EXT-STS', 'ExtendedStatus', 'Extended Status support.'],
  ['OS-FLV-DISABLED', 'FlavorDisabled', 'Support to show the disabled status of a flavor.'],
  ['OS-SRV-USG', 'ServerUsage', 'Adds launched_at and terminated_at on Servers.'],
  ['os-availability-zone', 'AvailabilityZone', 'Adds availability_zone to the Create Server API.'],
  ['os-keypairs', 'Keypairs', 'Keypair Support.'],
  ['os-rescue', 'Rescue', 'Instance rescue mode.'],
  ['os-security-groups', 'SecurityGroups', 'Security group support.'],
  ['os-used-limits', 'UsedLimits', 'Provide data on limited resource that are being used.'],
  ['os-volumes', 'Volumes', 'Volumes support.'],
].map(([alias, name, description]) => ({
  alias: alias!,
  description: description!,
  links: [],
  name: name!,
  namespace: 'http://docs.openstack.org/compute/ext/fake_xml',
  updated: '2014-12-03T00:00:00Z',
}));

export const listExtensions: NovaHandler = () => ({
  status: 200,
  document: { extensions: NOVA_EXTENSIONS.map((item) => ({ ...item })) },
});

export const showExtension: NovaHandler = (visit) => {
  const alias = parameter(visit, 'alias');
  const found = NOVA_EXTENSIONS.find((item) => item['alias'] === alias);
  if (!found) throw novaError(404, `No extension found`);
  return { status: 200, document: { extension: { ...found } } };
};

/** Nova's proxy of networks, gone from 2.36 on. */
export const listNetworks: NovaHandler = ({ networks, projectId }) => ({
  status: 200,
  document: {
    networks: networks
      .list('networks', projectId)
      .map(({ id, name }) => ({ id: id!, label: name!, cidr: null })),
  },
});

/** A collection that has nothing in it here. */
export const emptyList =
  (name: string): NovaHandler =>
  () => ({ status: 200, document: { [name]: [] } });

/** The same below a server that must be there. */
export const emptyServerList =
  (name: string): NovaHandler =>
  (visit) => {
    findServer(visit);
    return { status: 200, document: { [name]: [] } };
  };

export const administratorsOnly =
  (rule: string): NovaHandler =>
  () => {
    throw notAllowed(rule);
  };

/** What Nova has had and has no longer. */
export const gone: NovaHandler = () => {
  throw new NovaError(
    410,
    'computeFault',
    'This resource is no longer available. No forwarding address is given.',
  );
};

export const showUsage: NovaHandler = () => ({ status: 200, document: { tenant_usage: {} } });
