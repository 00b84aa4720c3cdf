import { randomBytes, randomUUID } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { JsonObject } from '../../json.ts';
import { isJsonObject } from '../../json.ts';
import { hexId } from '../identity/users.ts';
import type { Region } from '../region/region.ts';
import { firstFree } from './addresses.ts';
import { defaultGroup, defaultGroupRules, newPort, sharedNetwork, sharedSubnet } from './templates.ts';

/** Kinds of things Neutron keeps, by the name of their collection. */
export const KINDS = ['networks', 'subnets', 'ports', 'security-groups', 'security-group-rules'] as const;
export type Kind = (typeof KINDS)[number];

/** A port to be made. */
export interface PortWish {
  readonly projectId: string;
  readonly networkId: string;
  readonly deviceId?: string;
  readonly groups?: readonly string[];
  /** undefined: the next free one of the network's first subnet. */
  readonly address?: string;
}

/** No address is left in a network. */
export class NoAddressError extends Error {}

/**
 * What a region's Neutron keeps: plain data beside the region's own, so that the state file follows it. A shared network
 * is there from the beginning, and each project's default security group once somebody looks.
 */
export class NeutronStore {
  readonly #region: Region;
  readonly #clock: Clock;
  readonly #seed: string;

  /** @param seed what the ids of what is there from the beginning are made of */
  constructor(region: Region, clock: Clock, seed: string) {
    this.#region = region;
    this.#clock = clock;
    this.#seed = seed;
  }

  /** Everything of a kind that a project may see, oldest first. */
  list(kind: Kind, projectId: string): JsonObject[] {
    if (kind === 'security-groups' || kind === 'security-group-rules') this.#ensureDefaultGroup(projectId);
    return Object.values(this.#bag(kind)).filter(
      (item): item is JsonObject => isJsonObject(item) && this.#isVisible(kind, item, projectId),
    );
  }

  find(kind: Kind, projectId: string, id: string): JsonObject | undefined {
    return this.list(kind, projectId).find((item) => item['id'] === id);
  }

  /** Adds a new thing of the project. */
  add(kind: Kind, projectId: string, members: JsonObject): JsonObject {
    const item: JsonObject = { id: randomUUID(), ...this.#stamps(projectId), ...structuredClone(members) };
    this.#bag(kind)[String(item['id'])] = item;
    return item;
  }

  change(item: JsonObject, members: JsonObject): void {
    Object.assign(item, members, {
      updated_at: this.#now(),
      revision_number: Number(item['revision_number'] ?? 0) + 1,
    });
  }

  remove(kind: Kind, id: string): void {
    delete this.#bag(kind)[id];
  }

  /** Ports that belong to a server. */
  portsOf(deviceId: string): JsonObject[] {
    return this.#all('ports').filter((port) => port['device_id'] === deviceId);
  }

  /** @throws NoAddressError when the network has none left */
  addPort({ projectId, networkId, deviceId = '', groups, address }: PortWish): JsonObject {
    const subnet = this.#all('subnets').find((item) => item['network_id'] === networkId);
    const used = new Set(this.#all('ports').flatMap(addressesOf));
    const ip = subnet && (address ?? firstFree(String(subnet['cidr']), used));
    if (subnet && ip === undefined)
      throw new NoAddressError(`No more IP addresses available on network ${networkId}.`);
    const fixed = subnet ? [{ subnet_id: subnet['id']!, ip_address: ip! }] : [];
    const security = groups ?? [String(this.#ensureDefaultGroup(projectId)['id'])];
    return this.add('ports', projectId, newPort(networkId, deviceId, fixed, [...security], newMac()));
  }

  /** Ends what Nova made for a server that is gone; ports somebody else made lose their server only. */
  release(deviceId: string): void {
    for (const port of this.portsOf(deviceId)) {
      if (port['device_owner'] === '') continue;
      if (port['preserve'] === true) this.change(port, { device_id: '', device_owner: '', status: 'DOWN' });
      else this.remove('ports', String(port['id']));
    }
  }

  #ensureDefaultGroup(projectId: string): JsonObject {
    const groups = this.#bag('security-groups');
    const id = uuidOf(`${this.#seed} group ${projectId}`);
    const known = groups[id];
    if (isJsonObject(known)) return known;
    const group = this.add('security-groups', projectId, { ...defaultGroup, id });
    for (const [index, rule] of defaultGroupRules(id).entries())
      this.add('security-group-rules', projectId, { ...rule, id: uuidOf(`${id} rule ${index}`) });
    return group;
  }

  #isVisible(kind: Kind, item: JsonObject, projectId: string): boolean {
    if (item['project_id'] === projectId || item['shared'] === true) return true;
    if (kind !== 'subnets') return false;
    const network = this.#bag('networks')[String(item['network_id'])];
    return isJsonObject(network) && network['shared'] === true;
  }

  #all(kind: Kind): JsonObject[] {
    return Object.values(this.#bag(kind)).filter(isJsonObject);
  }

  #bag(kind: Kind): JsonObject {
    const side = this.#region.side();
    const known = side['neutron'];
    const neutron = isJsonObject(known) ? known : this.#plant(side);
    const bag = neutron[kind];
    if (isJsonObject(bag)) return bag;
    const fresh: JsonObject = {};
    neutron[kind] = fresh;
    return fresh;
  }

  #plant(side: JsonObject): JsonObject {
    const neutron: JsonObject = {};
    side['neutron'] = neutron;
    const owner = hexId(`${this.#seed} operator`);
    const [networkId, subnetId] = [uuidOf(`${this.#seed} public`), uuidOf(`${this.#seed} public subnet`)];
    this.add('networks', owner, { ...sharedNetwork, id: networkId });
    this.add('subnets', owner, { ...sharedSubnet, id: subnetId, network_id: networkId });
    return neutron;
  }

  #stamps(projectId: string): JsonObject {
    const now = this.#now();
    return {
      tenant_id: projectId,
      project_id: projectId,
      created_at: now,
      updated_at: now,
      revision_number: 1,
    };
  }

  #now(): string {
    return `${new Date(this.#clock.now()).toISOString().slice(0, 19)}Z`;
  }
}

const addressesOf = (port: JsonObject): string[] =>
  (port['fixed_ips'] as JsonObject[]).map((fixed) => String(fixed['ip_address']));

/** A uuid that stays the same for a name. */
export function uuidOf(name: string): string {
  const hex = hexId(name);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20),
  ].join('-');
}

const newMac = (): string =>
  `fa:16:3e:${[...randomBytes(3)].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`;
