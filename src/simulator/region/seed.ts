import { baseImages } from './base-images.ts';
import { badRequest } from './body.ts';
import { type Blueprint, buildServer } from './build.ts';
import { setDeadline } from './course.ts';
import { DEFAULT_FLAVORS } from './flavors.ts';
import { DEFAULT_NETWORKS } from './networks.ts';
import { charge } from './quotas.ts';
import { newUuid } from './random.ts';
import type { RegionSettings } from './settings.ts';
import {
  type DiskConfig,
  type Flavor,
  type ImageRecord,
  type Metadata,
  type Network,
  type RegionState,
  type ServerRecord,
  tenantOf,
} from './state.ts';
import { type ServerStatus, STATUS_FACTS } from './transitions.ts';

/** An image to begin with; without `tenantId` it is a base image. Dates are ISO 8601. */
export interface SeedImage {
  id?: string;
  name: string;
  /** how many; above 1 their names end in -1, -2, …, and they have ids of their own. Default 1 */
  count?: number;
  tenantId?: string;
  serverId?: string;
  created?: string;
  minDisk?: number;
  minRam?: number;
  diskConfig?: DiskConfig;
  metadata?: Metadata;
}

/** Servers to begin with: `count` of them, at rest in `status`, whatever the quota says. */
export interface SeedServer {
  tenantId: string;
  userId?: string;
  name: string;
  /** how many; above 1 their names end in -1, -2, … Default 1 */
  count?: number;
  /** flavor id, default the first there is */
  flavor?: string;
  /** id or name of an image, default the newest base image */
  image?: string;
  /** default ACTIVE */
  status?: ServerStatus;
  created?: string;
  metadata?: Metadata;
}

/** What a region begins with, beside the guide's flavors, base images and networks. */
export interface RegionSeed {
  flavors?: Flavor[];
  images?: SeedImage[];
  networks?: Network[];
  servers?: SeedServer[];
  /** By tenant: the only volumes there are. Without, any id names a volume. */
  volumes?: Record<string, string[]>;
}

/** Puts the guide's flavors, base images and networks into an empty region. */
export function seedDefaults(state: RegionState): void {
  for (const flavor of DEFAULT_FLAVORS) state.flavors.set(flavor.id, flavor);
  for (const network of DEFAULT_NETWORKS) state.networks.set(network.id, network);
  for (const image of baseImages(state.sequence)) state.baseImages.add(image);
  state.sequence += state.baseImages.size;
}

/** Adds what a seed names. Throws badRequest for a date, flavor or image that is none. */
export function plantSeed(state: RegionState, settings: RegionSettings, seed: RegionSeed, now: number): void {
  for (const flavor of seed.flavors ?? []) state.flavors.set(flavor.id, flavor);
  for (const network of seed.networks ?? []) state.networks.set(network.id, network);
  for (const image of seed.images ?? []) plantImages(state, image, now);
  for (const servers of seed.servers ?? []) plantServers(state, settings, servers, now);
  for (const [tenantId, ids] of Object.entries(seed.volumes ?? {}))
    tenantOf(state, tenantId).volumes = new Set(ids);
}

function plantImages(state: RegionState, seed: SeedImage, now: number): void {
  const { count = 1, name } = seed;
  if (count > 1 && seed.id !== undefined)
    throw badRequest(`The seed's image ${name} has an id and a count; give one of them.`);
  for (let index = 1; index <= count; index++)
    plantImage(state, { ...seed, name: count === 1 ? name : `${name}-${index}` }, now);
}

function plantImage(state: RegionState, seed: SeedImage, now: number): void {
  const created = readDate(seed.created, now);
  const images = seed.tenantId === undefined ? state.baseImages : tenantOf(state, seed.tenantId).images;
  if (seed.id !== undefined && (state.baseImages.get(seed.id) ?? images.get(seed.id)) !== undefined)
    throw badRequest(`The seed's image ${seed.name} has the id of another image; take an id of its own.`);
  const image: ImageRecord = {
    id: seed.id ?? newUuid(state.random),
    sequence: state.sequence++,
    created,
    updated: created,
    name: seed.name,
    tenantId: seed.tenantId ?? null,
    serverId: seed.serverId ?? null,
    minDisk: seed.minDisk ?? 0,
    minRam: seed.minRam ?? 0,
    diskConfig: seed.diskConfig ?? 'AUTO',
    metadata: { ...seed.metadata },
    status: 'ACTIVE',
    saving: null,
    progress: 100,
    fault: null,
  };
  images.add(image);
}

function plantServers(state: RegionState, settings: RegionSettings, seed: SeedServer, now: number): void {
  const blueprint = blueprintOf(state, seed);
  const created = readDate(seed.created, now);
  const count = seed.count ?? 1;
  for (let index = 1; index <= count; index++) {
    const name = count === 1 ? seed.name : `${seed.name}-${index}`;
    const server = buildServer(state, settings, { ...blueprint, name }, created);
    settle(server, seed.status ?? 'ACTIVE', created);
    if (server.status === 'DELETED') charge(tenantOf(state, seed.tenantId), blueprint.flavor, -1);
    setDeadline(server, settings, now);
  }
}

function blueprintOf(state: RegionState, seed: SeedServer): Blueprint {
  const [firstFlavor] = state.flavors.keys();
  const flavor = state.flavors.get(seed.flavor ?? firstFlavor ?? '');
  if (flavor === undefined)
    throw badRequest(
      `The seed's server ${seed.name} names no flavor there is: ${[...state.flavors.keys()].join(', ')}.`,
    );
  const image = findSeedImage(state, seed);
  if (image === undefined)
    throw badRequest(
      `The seed's server ${seed.name} names no image there is; give the id or name of a base image or of one of its tenant's.`,
    );
  return {
    tenantId: seed.tenantId,
    userId: seed.userId ?? seed.tenantId,
    name: seed.name,
    image,
    flavor,
    networks: DEFAULT_NETWORKS.map(({ id }) => state.networks.get(id)!),
    metadata: { ...seed.metadata },
    diskConfig: image.diskConfig,
    accessIPv4: '',
    accessIPv6: '',
    keyName: null,
    configDrive: '',
  };
}

function findSeedImage(state: RegionState, seed: SeedServer): ImageRecord | undefined {
  const images = [...state.baseImages.newestFirst(), ...tenantOf(state, seed.tenantId).images.newestFirst()];
  if (seed.image === undefined) return images[0];
  return images.find(({ id, name }) => id === seed.image || name === seed.image);
}

/** Ends the build at once. */
function settle(server: ServerRecord, status: ServerStatus, at: number): void {
  const addresses = server.addresses['public'] ?? [];
  Object.assign(server, {
    status,
    task: STATUS_FACTS[status].task,
    course: null,
    progress: 100,
    accessIPv4: addresses.find(({ version }) => version === 4)?.addr ?? '',
    accessIPv6: addresses.find(({ version }) => version === 6)?.addr ?? '',
    updated: at,
  });
}

function readDate(text: string | undefined, now: number): number {
  if (text === undefined) return now;
  const ms = Date.parse(text);
  if (Number.isNaN(ms))
    throw badRequest(`The seed's date "${text}" is no ISO 8601 date, such as 2026-01-31T12:00:00Z.`);
  return ms;
}
