import { isJsonObject, type JsonObject, type JsonValue } from '../../json.ts';
import { Collection } from './collection.ts';
import { emptyState, type RegionState, type TenantState } from './state.ts';

/** Grows when the form of a snapshot changes. */
const FORM = 1;

/**
 * The whole region as a JSON value that `restoreState` understands. Records hold plain data and instants only, so a
 * build that was under way goes on after a restart as if nobody had stopped it.
 */
export function snapshotState(state: RegionState): JsonValue {
  return plain({
    form: FORM,
    random: state.random.state(),
    sequence: state.sequence,
    baseImages: state.baseImages.records(),
    flavors: [...state.flavors.values()],
    networks: [...state.networks.values()],
    addressesUsed: Object.fromEntries(state.addressesUsed),
    side: state.side,
    tenants: Object.fromEntries([...state.tenants].map(([id, tenant]) => [id, plainTenant(tenant)])),
  });
}

const plainTenant = ({ servers, images, usage, volumes, built }: TenantState) => ({
  servers: servers.records(),
  images: images.records(),
  usage,
  volumes: volumes && [...volumes],
  built,
});

/** A copy that shares nothing with the region, so that it stays as it was. */
const plain = (value: unknown): JsonValue => JSON.parse(JSON.stringify(value)) as JsonValue;

/** The form of a snapshot: what `plain` made of a state. */
interface Snapshot {
  random: number[];
  sequence: number;
  baseImages: RecordsOf<RegionState['baseImages']>;
  flavors: MapValue<RegionState['flavors']>[];
  networks: MapValue<RegionState['networks']>[];
  addressesUsed: Record<string, number>;
  /** Absent in files of before. */
  side?: JsonObject;
  tenants: Record<string, TenantSnapshot>;
}

interface TenantSnapshot {
  servers: RecordsOf<TenantState['servers']>;
  images: RecordsOf<TenantState['images']>;
  usage: TenantState['usage'];
  volumes: string[] | null;
  built: number;
}

type RecordsOf<C> = C extends Collection<infer T> ? T[] : never;
type MapValue<M> = M extends Map<string, infer T> ? T : never;

/** The region a snapshot was made of. Throws an Error that says so when `value` is no snapshot of this form. */
export function restoreState(value: JsonValue): RegionState {
  const snapshot = readSnapshot(value);
  const state = emptyState(0);
  state.random.restore(snapshot.random);
  state.sequence = snapshot.sequence;
  state.side = snapshot.side ?? {};
  fill(state.baseImages, snapshot.baseImages);
  state.flavors = new Map(snapshot.flavors.map((flavor) => [flavor.id, flavor]));
  state.networks = new Map(snapshot.networks.map((network) => [network.id, network]));
  for (const [id, used] of Object.entries(snapshot.addressesUsed)) state.addressesUsed.set(id, used);
  for (const [id, tenant] of Object.entries(snapshot.tenants))
    state.tenants.set(id, restoreTenant(tenant, state.attachedTo));
  return state;
}

function restoreTenant(snapshot: TenantSnapshot, attachedTo: Map<string, string>): TenantState {
  for (const server of snapshot.servers)
    for (const { volumeId } of server.attachments) attachedTo.set(volumeId, server.id);
  return {
    servers: fill(new Collection(), snapshot.servers),
    images: fill(new Collection(), snapshot.images),
    usage: { ...snapshot.usage },
    volumes: snapshot.volumes && new Set(snapshot.volumes),
    built: snapshot.built,
  };
}

function fill<T extends { readonly id: string; readonly created: number; readonly sequence: number }>(
  collection: Collection<T>,
  records: readonly T[],
): Collection<T> {
  for (const record of records) collection.add(record);
  return collection;
}

const MEMBERS = [
  'random',
  'sequence',
  'baseImages',
  'flavors',
  'networks',
  'addressesUsed',
  'tenants',
] as const;

/** Whether `restoreState` can take it up. */
export function isRegionState(value: JsonValue): value is JsonObject {
  return isJsonObject(value) && value['form'] === FORM && MEMBERS.every((member) => member in value);
}

function readSnapshot(value: JsonValue): Snapshot {
  if (!isRegionState(value))
    throw new Error(`This is no saved state of a region (form ${FORM}); remove the file to begin anew.`);
  return plain(value) as unknown as Snapshot;
}
