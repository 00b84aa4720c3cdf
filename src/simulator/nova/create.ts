import type { JsonObject, JsonValue } from '../../json.ts';
import { isJsonObject } from '../../json.ts';
import { NoAddressError } from '../neutron/store.ts';
import { type BootSource, bootSource } from './boot-source.ts';
import { novaError } from './errors.ts';
import { allFlavors } from './flavors.ts';
import { findKeypair } from './keypairs.ts';
import { checkQuota } from './quota.ts';
import { extrasOf, hostnameOf, newExtras } from './server-document.ts';
import {
  askRegion,
  bodyDocument,
  checkMembers,
  linksOf,
  type NovaHandler,
  type NovaVisit,
  UUID,
} from './visit.ts';

/** `POST /servers` as Nova 2.1 takes it. */

const MEMBERS = [
  'name',
  'imageRef',
  'flavorRef',
  'adminPass',
  'metadata',
  'networks',
  'OS-DCF:diskConfig',
  'accessIPv4',
  'accessIPv6',
  'personality',
  'security_groups',
  'user_data',
  'availability_zone',
  'key_name',
  'config_drive',
  'min_count',
  'max_count',
  'return_reservation_id',
  'block_device_mapping',
  'block_device_mapping_v2',
  'os:scheduler_hints',
];

/** Members by the microversion they came with. */
const NEWER: readonly (readonly [minor: number, name: string])[] = [
  [19, 'description'],
  [52, 'tags'],
  [63, 'trusted_image_certificates'],
  [74, 'host'],
  [74, 'hypervisor_hostname'],
  [90, 'hostname'],
];

/** What a server is attached to: networks by id, ports that are there already, or nothing. */
interface Attachment {
  readonly networkId: string;
  readonly portId?: string;
  readonly address?: string;
}

export const createServer: NovaHandler = (visit) => {
  const document = bodyDocument(visit, 'server');
  const newer = NEWER.filter(([minor]) => visit.minor >= minor).map(([, name]) => name);
  checkMembers(visit, document, [...MEMBERS, ...newer], 'server');
  const attachments = readNetworks(visit, document['networks']);
  const groups = readGroups(visit, document['security_groups']);
  if (typeof document['key_name'] === 'string') checkKey(visit, document['key_name']);
  const source = bootSource(visit, document);
  const flavor = readFlavor(visit, document);
  checkQuota(visit, document, flavor);
  const { status, body } = askRegion(visit, {
    path: '/servers',
    body: { server: guideServer(visit, document, source) },
  });
  const answered = body as JsonObject;
  const made = isJsonObject(answered['server']) ? String(answered['server']['id']) : '';
  for (const id of createdIds(visit, document, made)) {
    const server = visit.context.region.record('server', visit.projectId, id)!;
    server.extras = { ...newExtras(server.name), ...extrasGiven(document, groups) };
    if (source.isVolume) server.imageId = '';
    attach(visit, id, attachments, groups);
  }
  if (!isJsonObject(answered['server'])) return { status, document: answered };
  const { adminPass } = answered['server'];
  const created: JsonObject = {
    id: made,
    links: linksOf(visit, 'servers', made),
    'OS-DCF:diskConfig': answered['server']['OS-DCF:diskConfig']!,
    security_groups: groups.map((name) => ({ name })),
    adminPass: adminPass!,
  };
  return {
    status,
    document: { server: created },
    headers: { location: `${visit.selfBase}/servers/${made}` },
  };
};

/** One create may make several servers: they follow each other, the first is the one that is told. */
function createdIds(visit: NovaVisit, document: JsonObject, first: string): string[] {
  const most = Number(document['max_count'] ?? document['min_count'] ?? 1);
  if (most <= 1 && first !== '') return [first];
  const { body } = askRegion(visit, {
    method: 'GET',
    path: '/servers',
    query: new URLSearchParams({ limit: String(most) }),
  });
  const newest = ((body as JsonObject)['servers'] as JsonObject[]).map(({ id }) => String(id));
  return newest.filter(
    (id) => visit.context.region.record('server', visit.projectId, id)?.extras === undefined,
  );
}

/** The same create as the guide has it. References are checked as Nova does: an image by its uuid, a flavor by id or link. */
function guideServer(visit: NovaVisit, document: JsonObject, { imageId }: BootSource): JsonObject {
  if (visit.context.region.record('image', visit.projectId, imageId) === undefined)
    throw novaError(400, 'Can not find requested image');
  const { networks: _n, security_groups: _s, personality: _p, 'os:scheduler_hints': _h, ...rest } = document;
  return {
    'OS-DCF:diskConfig': 'MANUAL',
    ...rest,
    imageRef: imageId,
    flavorRef: String(document['flavorRef']),
    ...(visit.minor < 57 && document['personality'] !== undefined
      ? { personality: document['personality'] }
      : {}),
  };
}

/** The flavor as the region has it, by its id or a link. */
function readFlavor(visit: NovaVisit, { flavorRef }: JsonObject): JsonObject {
  if (typeof flavorRef !== 'string' && typeof flavorRef !== 'number')
    throw novaError(400, "Invalid input for field/attribute server. 'flavorRef' is a required property");
  const flavorId = String(flavorRef).split('/').at(-1)!;
  const found = allFlavors(visit).find(({ id }) => id === flavorId);
  if (!found) throw novaError(400, `Flavor ${flavorId} could not be found.`);
  return found;
}

function extrasGiven(document: JsonObject, securityGroups: string[]): JsonObject {
  const given: JsonObject = { securityGroups, description: String(document['name']) };
  const { description, hostname, accessIPv4, accessIPv6, availability_zone: zone, tags, name } = document;
  if (description !== undefined) given['description'] = description;
  given['hostname'] = typeof hostname === 'string' ? hostname : hostnameOf(String(name));
  if (typeof accessIPv4 === 'string') given['accessIPv4'] = accessIPv4;
  if (typeof accessIPv6 === 'string') given['accessIPv6'] = accessIPv6;
  if (typeof zone === 'string') given['availabilityZone'] = zone.split(':')[0]!;
  if (Array.isArray(tags)) given['tags'] = tags;
  return given;
}

function checkKey(visit: NovaVisit, name: string): void {
  if (findKeypair(visit, name) === undefined) throw novaError(400, 'Invalid key_name provided.');
}

/** Names or ids of security groups, as their names; without any, `default`. */
function readGroups({ networks, projectId }: NovaVisit, value: JsonValue | undefined): string[] {
  if (!Array.isArray(value) || value.length === 0) return ['default'];
  const known = networks.list('security-groups', projectId);
  return value.map((item) => {
    const wanted = isJsonObject(item) ? item['name'] : undefined;
    const found = known.find((group) => group['name'] === wanted || group['id'] === wanted);
    if (!found) throw novaError(400, `Security group ${String(wanted)} not found for project ${projectId}.`);
    return String(found['name']);
  });
}

/** From 2.37 on `networks` must be there, and may be `auto` or `none`; before, leaving it out means `auto`. */
function readNetworks(visit: NovaVisit, value: JsonValue | undefined): Attachment[] {
  if (visit.minor >= 37) {
    if (value === undefined)
      throw novaError(400, "Invalid input for field/attribute server. 'networks' is a required property");
    if (value === 'none') return [];
    if (value === 'auto') return automatic(visit);
  } else if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) {
    return automatic(visit);
  }
  if (!Array.isArray(value) || value.length === 0)
    throw novaError(400, `Invalid input for field/attribute networks. Value: ${JSON.stringify(value)}.`);
  return value.map((item) => readNetwork(visit, isJsonObject(item) ? item : {}));
}

/** The one network a project has; with several somebody has to say which. */
function automatic({ networks, projectId }: NovaVisit): Attachment[] {
  const own = networks.list('networks', projectId).filter((network) => network['router:external'] !== true);
  if (own.length > 1)
    throw novaError(409, 'Multiple possible networks found, use a Network ID to be more specific.');
  return own.map(({ id }) => ({ networkId: String(id) }));
}

function readNetwork({ networks, projectId }: NovaVisit, item: JsonObject): Attachment {
  const { uuid, port, fixed_ip: address } = item;
  if (typeof port === 'string') {
    const found = networks.find('ports', projectId, port);
    if (!found) throw novaError(400, `Port id ${port} could not be found.`);
    if (found['device_id'] !== '') throw novaError(409, `Port ${port} is still in use.`);
    return { networkId: String(found['network_id']), portId: port };
  }
  if (typeof uuid !== 'string' || !UUID.test(uuid))
    throw novaError(400, `Bad networks format: network uuid is not in proper format (${String(uuid)})`);
  if (!networks.find('networks', projectId, uuid))
    throw novaError(400, `Network ${uuid} could not be found.`);
  return { networkId: uuid, ...(typeof address === 'string' ? { address } : {}) };
}

function attach(
  visit: NovaVisit,
  serverId: string,
  attachments: readonly Attachment[],
  names: readonly string[],
): void {
  const { networks, projectId } = visit;
  const known = networks.list('security-groups', projectId);
  const groups = known.filter(({ name }) => names.includes(String(name))).map(({ id }) => String(id));
  for (const { networkId, portId, address } of attachments) {
    const port = portId === undefined ? undefined : networks.find('ports', projectId, portId);
    if (port) {
      networks.change(port, {
        device_id: serverId,
        device_owner: 'compute:nova',
        status: 'ACTIVE',
        preserve: true,
      });
      continue;
    }
    try {
      networks.addPort({
        projectId,
        networkId,
        deviceId: serverId,
        groups,
        ...(address === undefined ? {} : { address }),
      });
    } catch (error) {
      if (!(error instanceof NoAddressError)) throw error;
      visit.context.region.fail('server', serverId, error.message);
    }
  }
}

/** Attaches a server that is there already to one more network. */
export function attachInterface(visit: NovaVisit, serverId: string, item: JsonObject): JsonObject {
  const wish: JsonObject = { ...(item['port_id'] === undefined ? {} : { port: item['port_id'] }) };
  if (item['net_id'] !== undefined) wish['uuid'] = item['net_id'];
  const [first] = Object.keys(wish).length === 0 ? automatic(visit) : [readNetwork(visit, wish)];
  if (!first) throw novaError(400, 'No network to attach to was found.');
  const server = visit.context.region.record('server', visit.projectId, serverId)!;
  attach(visit, serverId, [first], extrasOf(server).securityGroups);
  return visit.networks.portsOf(serverId).at(-1)!;
}
