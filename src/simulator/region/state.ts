import type { JsonObject } from '../../json.ts';
import { Collection } from './collection.ts';
import { createRandom, type Random } from './random.ts';
import type { ServerStatus, Transition } from './transitions.ts';

export type DiskConfig = 'AUTO' | 'MANUAL';
export type Metadata = Record<string, string>;

/** A resource configuration (guide section 2.5). */
export interface Flavor {
  readonly id: string;
  readonly name: string;
  /** MB */
  readonly ram: number;
  /** GB */
  readonly disk: number;
  readonly vcpus: number;
  /** MB */
  readonly swap: number;
  readonly rxtxFactor: number;
  readonly disabled: boolean;
}

/** A network a server can be attached to. */
export interface Network {
  /** UUID, as `networks[].uuid` of a create names it */
  readonly id: string;
  /** key of `addresses` */
  readonly label: string;
  /** IPv4 block its addresses come from */
  readonly cidr: string;
  /** IPv6 block (a prefix of at most 64 bits, ending in `::`); absent: no IPv6 */
  readonly prefix6?: string;
  /** The tenant that owns an isolated network; absent: everybody's */
  readonly tenantId?: string;
}

/** One address; `version` 4 or 6. */
export interface Address {
  readonly version: 4 | 6;
  readonly addr: string;
}

/** An asynchronous fault, embedded in what it befell (guide section 1.11.2). */
export interface EmbeddedFault {
  readonly code: number;
  /** ms since the epoch */
  readonly created: number;
  readonly message: string;
  readonly details?: string;
}

/** What may be said of a fault in the background beside its message; `code` is 500 unless given. */
export type FaultExtras = Partial<Pick<EmbeddedFault, 'code' | 'details'>>;

/** What a fault in the background says: an error of the system, at an instant (ms since the epoch). */
export const embeddedFault = (message: string, created: number, extras: FaultExtras = {}): EmbeddedFault => ({
  code: 500,
  created,
  message,
  ...extras,
});

/** A transition under way. It is data only: `advanceServer` reads where it stands at any instant. */
export interface Course {
  readonly verb: Transition['verb'];
  /** ms since the epoch */
  readonly startedAt: number;
  /** `until` in ms since the epoch */
  readonly stages: readonly {
    readonly status: ServerStatus;
    readonly task: string;
    readonly until: number;
  }[];
  readonly to: ServerStatus;
  readonly onError: ServerStatus;
  readonly counts: boolean;
  /** Why it will end in `onError` instead of `to`; null: it will not. */
  failure: string | null;
}

/** A volume attached to a server (guide section 2.4). Its id is the volume's. */
export interface Attachment {
  readonly volumeId: string;
  readonly device: string;
}

/** A server. Instants are ms since the epoch. */
export interface ServerRecord {
  readonly id: string;
  readonly sequence: number;
  readonly tenantId: string;
  readonly userId: string;
  readonly created: number;
  readonly hostId: string;
  readonly addresses: Readonly<Record<string, readonly Address[]>>;
  readonly keyName: string | null;
  readonly configDrive: string;
  name: string;
  flavorId: string;
  /** The flavor a resize started from, until it is confirmed or reverted. */
  previousFlavorId: string | null;
  /** The flavor the quota counts: the target of a resize from the moment it is accepted. */
  chargedFlavorId: string;
  imageId: string;
  diskConfig: DiskConfig;
  metadata: Metadata;
  accessIPv4: string;
  accessIPv6: string;
  updated: number;
  status: ServerStatus;
  task: string | null;
  course: Course | null;
  /** What happens by itself, and when: a resize is confirmed, a rescue ends. */
  deadline: { readonly at: number; readonly verb: 'confirmResize' | 'unrescue' } | null;
  /** Until when an image is taken of the server; null: none is. */
  snapshotUntil: number | null;
  /** Percentage at which a fault stopped it, 100 otherwise. */
  progress: number;
  fault: EmbeddedFault | null;
  attachments: Attachment[];
  /** What services of today remember of it beside the guide's own members; plain data. */
  extras?: JsonObject;
}

/** An image. Instants are ms since the epoch. */
export interface ImageRecord {
  readonly id: string;
  readonly sequence: number;
  readonly created: number;
  readonly name: string;
  /** null: a base image, everybody's */
  readonly tenantId: string | null;
  /** The server it was taken of; null for base images. */
  readonly serverId: string | null;
  readonly minDisk: number;
  readonly minRam: number;
  readonly diskConfig: DiskConfig;
  metadata: Metadata;
  updated: number;
  status: 'ACTIVE' | 'SAVING' | 'ERROR' | 'DELETED';
  /** While SAVING: when that began and ends. */
  saving: { readonly from: number; readonly until: number } | null;
  progress: number;
  fault: EmbeddedFault | null;
  /** What services of today remember of it beside the guide's own members; plain data. */
  extras?: JsonObject;
}

/** Which part of its quota a tenant uses. */
export interface Usage {
  instances: number;
  cores: number;
  /** MB */
  ram: number;
}

/** What one tenant has in the region. */
export interface TenantState {
  readonly servers: Collection<ServerRecord>;
  readonly images: Collection<ImageRecord>;
  readonly usage: Usage;
  /** Volumes that may be attached; null: any id names a volume. */
  volumes: Set<string> | null;
  /** How many servers it ever had: spreads them over hosts. */
  built: number;
}

/** Everything a region remembers. Times are looked at lazily, see course.ts. */
export interface RegionState {
  readonly random: Random;
  readonly tenants: Map<string, TenantState>;
  readonly baseImages: Collection<ImageRecord>;
  /** volume id -> server id, for all tenants */
  readonly attachedTo: Map<string, string>;
  flavors: Map<string, Flavor>;
  networks: Map<string, Network>;
  /** How many addresses each network has given out. */
  readonly addressesUsed: Map<string, number>;
  sequence: number;
  /** What services beside compute keep here, by their names; plain data. */
  side: JsonObject;
}

/** A region without anything in it. */
export function emptyState(seed: number | null): RegionState {
  return {
    random: createRandom(seed),
    tenants: new Map(),
    baseImages: new Collection(),
    attachedTo: new Map(),
    flavors: new Map(),
    networks: new Map(),
    addressesUsed: new Map(),
    sequence: 0,
    side: {},
  };
}

/** The tenant's part of the region; made on first use, a tenant always exists here. */
export function tenantOf(state: RegionState, tenantId: string): TenantState {
  const known = state.tenants.get(tenantId);
  if (known) return known;
  const tenant: TenantState = {
    servers: new Collection(),
    images: new Collection(),
    usage: { instances: 0, cores: 0, ram: 0 },
    volumes: null,
    built: 0,
  };
  state.tenants.set(tenantId, tenant);
  return tenant;
}

/** A link of a resource (guide section 1.5). */
export const link = (rel: string, href: string): JsonObject => ({ rel, href });
