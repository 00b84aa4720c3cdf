import { isJsonObject, type JsonObject, type JsonValue } from '../../json.ts';
import { badRequest } from './body.ts';
import type { Call } from './call.ts';
import type { Address, Network, RegionState } from './state.ts';

/** The public Internet and the private ServiceNet: a server is on both unless it says otherwise (section 2.1.2). */
export const PUBLIC_NETWORK_ID = '00000000-0000-0000-0000-000000000000';
export const SERVICE_NETWORK_ID = '11111111-1111-1111-1111-111111111111';

/** Addresses of blocks that are reserved for tests and documentation (RFC 2544, RFC 3849), and of a private one. */
export const DEFAULT_NETWORKS: readonly Network[] = [
  { id: PUBLIC_NETWORK_ID, label: 'public', cidr: '198.18.0.0/15', prefix6: '2001:db8:5:d0::' },
  { id: SERVICE_NETWORK_ID, label: 'private', cidr: '10.176.0.0/12' },
];

/** The networks a create asks for; absent or empty: public and private. Throws badRequest for one there is not. */
export function readNetworks(call: Call, value: JsonValue | undefined): Network[] {
  if (value === undefined || value === null || (Array.isArray(value) && value.length === 0))
    return DEFAULT_NETWORKS.map(({ id }) => findNetwork(call, id));
  if (!Array.isArray(value)) throw badRequest('networks must be a list of {"uuid": ...}.');
  const ids = value.map(readNetworkId);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw badRequest(`The network ${twice} is named twice; name it once.`);
  return ids.map((id) => findNetwork(call, id));
}

function readNetworkId(entry: JsonValue): string {
  const id = isJsonObject(entry) ? entry['uuid'] : undefined;
  if (typeof id !== 'string') throw badRequest('Each of networks needs a "uuid".');
  return id.trim();
}

function findNetwork(call: Call, id: string): Network {
  const network = call.state.networks.get(id);
  if (network === undefined || !isVisible(network, call.request.tenantId))
    throw badRequest(`There is no network ${id} in ${call.settings.name}.`);
  return network;
}

/** Whether it is the tenant's, or everybody's. */
export const isVisible = (network: Network, tenantId: string): boolean =>
  network.tenantId === undefined || network.tenantId === tenantId;

/** The networks of a tenant, as the `os-networksv2` extension lists them. */
export function listNetworks(call: Call): JsonObject {
  const networks = [...call.state.networks.values()].filter((item) => isVisible(item, call.request.tenantId));
  return { networks: networks.map(renderNetwork) };
}

/** One network of a tenant; undefined when there is none. */
export function getNetwork(call: Call, id: string): JsonObject | undefined {
  const network = call.state.networks.get(id);
  if (network === undefined || !isVisible(network, call.request.tenantId)) return undefined;
  return { network: renderNetwork(network) };
}

/** A network as `os-networksv2` shows it. */
export const renderNetwork = ({ id, label, cidr }: Network): JsonObject => ({ id, label, cidr });

/** Gives out the next addresses of each network; blocks are reused from the start when they are used up. */
export function allocateAddresses(
  state: RegionState,
  networks: readonly Network[],
): Record<string, readonly Address[]> {
  const addresses: Record<string, readonly Address[]> = {};
  for (const network of networks) {
    const number = (state.addressesUsed.get(network.id) ?? 0) + 1;
    state.addressesUsed.set(network.id, number);
    addresses[network.label] = addressesOf(network, number);
  }
  return addresses;
}

function addressesOf(network: Network, number: number): Address[] {
  const addresses: Address[] = [{ version: 4, addr: nthAddress(network.cidr, number) }];
  if (network.prefix6 !== undefined) {
    const high = Math.floor(number / 65536);
    const tail = high === 0 ? '' : `${high.toString(16)}:`;
    addresses.push({ version: 6, addr: `${network.prefix6}${tail}${(number % 65536).toString(16)}` });
  }
  return addresses;
}

/** The n-th host address of a block; the first ten are left to routers and the like. */
function nthAddress(cidr: string, number: number): string {
  const [base = '10.0.0.0', bits = '8'] = cidr.split('/');
  const hosts = Math.max(1, 2 ** (32 - Number(bits)) - 12);
  const start = base.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const address = start + 10 + ((number - 1) % hosts);
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}
