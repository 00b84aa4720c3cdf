import type { JsonObject, JsonValue } from '../../json.ts';
import type { ServerRecord } from '../region/state.ts';
import { embeddedFlavor } from './flavors.ts';
import { linksOf, type NovaVisit } from './visit.ts';

/** A server as Nova shows it: the region's document in today's members, those of the microversion. */

/** What Nova remembers of a server beside what the region does. */
export type ServerExtras = {
  description: string | null;
  hostname: string;
  securityGroups: string[];
  tags: string[];
  locked: boolean;
  lockedReason: string | null;
  accessIPv4: string;
  accessIPv6: string;
  availabilityZone: string;
  /** ISO 8601; null: it has not run yet. */
  launchedAt: string | null;
};

/** The extras of a server, made at first sight for one that a seed has planted. */
export function extrasOf(server: ServerRecord): ServerExtras {
  server.extras ??= newExtras(server.name);
  return server.extras as ServerExtras;
}

/** Extras of a server about which nothing more was said than its name. */
export const newExtras = (name: string): ServerExtras => ({
  description: null,
  hostname: hostnameOf(name),
  securityGroups: ['default'],
  tags: [],
  locked: false,
  lockedReason: null,
  accessIPv4: '',
  accessIPv6: '',
  availabilityZone: 'nova',
  launchedAt: null,
});

/** What the guest calls itself: the name's letters and digits. */
export function hostnameOf(name: string): string {
  const cut = name
    .toLowerCase()
    .replace(/[ _]/g, '-')
    .replace(/[^a-z0-9.-]/g, '')
    .replace(/^[.-]+|[.-]+$/g, '');
  return cut === '' ? 'server' : cut.slice(0, 63);
}

/** Statuses that the guide has and Nova shows as others. */
const STATUSES: Record<string, string> = { PREP_RESCUE: 'ACTIVE', PREP_UNRESCUE: 'RESCUE' };

export const novaStatus = (status: string): string => STATUSES[status] ?? status;

/** What is not in a document of a server that is on its way or gone. */
const COUNTING = new Set(['ACTIVE', 'BUILD', 'REBUILD', 'RESIZE', 'VERIFY_RESIZE', 'MIGRATING']);

/** @param server the region's record, brought to now; @param guide the region's document of it */
export function serverDocument(visit: NovaVisit, server: ServerRecord, guide: JsonObject): JsonObject {
  const { minor } = visit;
  const extras = extrasOf(server);
  const status = novaStatus(server.status);
  if (server.status !== 'BUILD') extras.launchedAt ??= launchTime(server);
  const document: JsonObject = {
    id: server.id,
    name: server.name,
    status,
    tenant_id: server.tenantId,
    user_id: server.userId,
    metadata: { ...server.metadata },
    hostId: status === 'BUILD' ? '' : server.hostId,
    image: imageOf(visit, server),
    flavor: flavorOf(visit, server),
    created: guide['created']!,
    updated: guide['updated']!,
    addresses: serverAddresses(visit, server),
    accessIPv4: extras.accessIPv4,
    accessIPv6: extras.accessIPv6,
    links: linksOf(visit, 'servers', server.id),
    'OS-DCF:diskConfig': server.diskConfig,
    'OS-EXT-AZ:availability_zone': status === 'BUILD' ? '' : extras.availabilityZone,
    config_drive: server.configDrive,
    key_name: server.keyName,
    'OS-SRV-USG:launched_at': extras.launchedAt,
    'OS-SRV-USG:terminated_at': server.status === 'DELETED' ? microseconds(server.updated) : null,
    'OS-EXT-STS:task_state': guide['OS-EXT-STS:task_state']!,
    'OS-EXT-STS:vm_state': guide['OS-EXT-STS:vm_state']!,
    'OS-EXT-STS:power_state': guide['OS-EXT-STS:power_state']!,
    'os-extended-volumes:volumes_attached': server.attachments.map(({ volumeId }) =>
      minor >= 3 ? { id: volumeId, delete_on_termination: false } : { id: volumeId },
    ),
  };
  if (COUNTING.has(status)) document['progress'] = 0;
  if (server.status !== 'DELETED' && server.status !== 'BUILD')
    document['security_groups'] = extras.securityGroups.map((name) => ({ name }));
  if (guide['fault'] !== undefined) document['fault'] = guide['fault'];
  return { ...document, ...newerMembers(minor, extras) };
}

/** Members that came with microversions. */
function newerMembers(minor: number, extras: ServerExtras): JsonObject {
  const members: JsonObject = {};
  if (minor >= 9) members['locked'] = extras.locked;
  if (minor >= 73) members['locked_reason'] = extras.lockedReason;
  if (minor >= 19) members['description'] = extras.description;
  if (minor >= 26) members['tags'] = [...extras.tags];
  if (minor >= 63) members['trusted_image_certificates'] = null;
  if (minor >= 90) members['OS-EXT-SRV-ATTR:hostname'] = extras.hostname;
  if (minor >= 71) members['server_groups'] = [];
  return members;
}

/** Up to 2.74 an update answers less than a read: nothing of extensions but the disk configuration. */
export function updatedServer(minor: number, full: JsonObject): JsonObject {
  if (minor >= 75) return full;
  const kept = Object.entries(full).filter(
    ([name]) => (!name.includes(':') || name === 'OS-DCF:diskConfig') && !LATER.has(name),
  );
  const addresses = Object.entries(full['addresses'] as JsonObject).map(([label, list]) => [
    label,
    (list as JsonObject[]).map(({ version, addr }) => ({ version: version!, addr: addr! })),
  ]);
  return { ...Object.fromEntries(kept), addresses: Object.fromEntries(addresses) };
}

const LATER = new Set(['config_drive', 'key_name', 'security_groups']);

function imageOf({ bookmarkBase }: NovaVisit, { imageId }: ServerRecord): JsonValue {
  if (imageId === '') return '';
  return { id: imageId, links: [{ rel: 'bookmark', href: `${bookmarkBase}/images/${imageId}` }] };
}

function flavorOf(visit: NovaVisit, { flavorId }: ServerRecord): JsonObject {
  if (visit.minor >= 47) return embeddedFlavor(visit, flavorId);
  return { id: flavorId, links: [{ rel: 'bookmark', href: `${visit.bookmarkBase}/flavors/${flavorId}` }] };
}

/** Addresses are those of the server's ports, by the names of their networks; there are none while it is built. */
export function serverAddresses({ networks, projectId }: NovaVisit, server: ServerRecord): JsonObject {
  const addresses: JsonObject = {};
  if (server.status === 'BUILD') return addresses;
  for (const port of networks.portsOf(server.id)) {
    const network = networks.find('networks', projectId, String(port['network_id']));
    const label = String(network?.['name'] ?? port['network_id']);
    const own = (port['fixed_ips'] as JsonObject[]).map(({ ip_address: addr }) => ({
      version: String(addr).includes(':') ? 6 : 4,
      addr: addr!,
      'OS-EXT-IPS:type': 'fixed',
      'OS-EXT-IPS-MAC:mac_addr': port['mac_address']!,
    }));
    const known = addresses[label];
    addresses[label] = [...(Array.isArray(known) ? known : []), ...own];
  }
  return addresses;
}

const microseconds = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}.000000`;

const launchTime = (server: ServerRecord): string => microseconds(server.updated);

/** Documents of lists that are not detailed. */
export function briefServer(visit: NovaVisit, server: ServerRecord): JsonObject {
  return { id: server.id, name: server.name, links: linksOf(visit, 'servers', server.id) };
}
