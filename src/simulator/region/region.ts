import type { Clock } from '../../clock.ts';
import { Fault } from '../../faults/faults.ts';
import type { JsonObject, JsonValue } from '../../json.ts';
import { matchPath } from '../../operations/match.ts';
import { failImage, failServer, setServerStatus } from './asynchronous-faults.ts';
import type { Call, RegionAnswer, RegionRequest } from './call.ts';
import { mergeNewestFirst } from './collection.ts';
import { advanceImage, advanceServer } from './course.ts';
import { handleExtensionRoute } from './extension-routes.ts';
import { HANDLERS } from './handlers.ts';
import { requireBackend } from './outage.ts';
import { absoluteLimitsOf } from './quotas.ts';
import { plantSeed, type RegionSeed, seedDefaults } from './seed.ts';
import { serverAction } from './server-actions.ts';
import type { RegionSettings } from './settings.ts';
import { restoreState, snapshotState } from './snapshot.ts';
import {
  emptyState,
  type FaultExtras,
  type ImageRecord,
  type RegionState,
  type ServerRecord,
  tenantOf,
} from './state.ts';
import type { ServerStatus } from './transitions.ts';
import { findVolume, type VolumeView, volumesOf } from './volumes.ts';

export type { RegionSeed, SeedImage, SeedServer } from './seed.ts';
export { defaultRegionSettings, type RegionSettings } from './settings.ts';

/**
 * One region of the simulator: flavors, images, servers and what can be done with them, as a state machine without
 * sockets. Requests come in as values, answers go out as values, refusals as Faults; time is the clock's.
 */

export interface Region {
  /** Answers a request; throws a Fault when it cannot. */
  handle(request: RegionRequest): RegionAnswer;
  /** The tenant's absolute limits with what is used of them (guide Tables 1.4 and 1.5). */
  absoluteLimits(tenantId: string): Record<string, number>;
  /** The tenant's volumes, as block storage sees them. */
  volumes(tenantId: string): VolumeView[];
  /** One of them; undefined: there is none of that id. */
  findVolume(tenantId: string, id: string): VolumeView | undefined;
  /** The tenant's server or image as it is kept (an image may be everybody's), brought to now; undefined: there is none. */
  record(kind: 'server', tenantId: string, id: string): ServerRecord | undefined;
  record(kind: 'image', tenantId: string, id: string): ImageRecord | undefined;
  /** Every image a project may see, newest first, brought to now; deleted ones are left out. */
  images(tenantId: string): ImageRecord[];
  /** The region's own time, in ms since the epoch. */
  now(): number;
  conditions(): RegionConditions;
  /** Throws an Outage while the database is down: for what is answered without `handle`. */
  requireDatabase(): void;
  /** Adds an image that was not made of a server. */
  addImage(image: Omit<ImageRecord, 'sequence'>): ImageRecord;
  /** What services beside compute keep in the region, by their names: plain data that the state file follows. */
  side(): JsonObject;
  /** The whole state as JSON. */
  snapshot(): JsonValue;
  /** Replaces the state by a snapshot's; throws an Error when it is none. */
  restore(state: JsonValue): void;
  /** Adds servers, images, flavors, networks; throws badRequest for what is wrong in it. */
  seed(data: RegionSeed): void;
  /** Asynchronous fault: puts a server or image in ERROR (a server in RESIZE back to ACTIVE); throws itemNotFound. */
  fail(kind: 'server' | 'image', id: string, message: string, extras?: FaultExtras): void;
  /** What befalls a server from inside or by the provider's hand: shut down, suspended, migrated; throws itemNotFound. */
  setStatus(id: string, status: Exclude<ServerStatus, 'DELETED'>): void;
  /** Changes how the region fares from now on. */
  setConditions(conditions: Partial<RegionConditions>): void;
}

/** What may be wrong with a region while it answers. */
export type RegionConditions = Pick<
  RegionSettings,
  'scarcity' | 'imagesDown' | 'volumesDown' | 'databaseDown'
>;

/** A region with the guide's flavors, base images and networks in it. */
export function createRegion(given: RegionSettings, clock: Clock): Region {
  let settings = given;
  let state = emptyState(settings.seed);
  seedDefaults(state);
  const purge = createPurge(settings);
  const advanced = (image: ImageRecord | undefined) => {
    if (image !== undefined) advanceImage(image, clock.now());
    return image;
  };
  return {
    handle(request) {
      requireBackend('database', settings);
      const now = clock.now();
      purge(state, now);
      return answer({ request, params: {}, state, settings, now });
    },
    absoluteLimits: (tenantId) => absoluteLimitsOf(settings, state, tenantId),
    volumes: (tenantId) => volumesOf(state, tenantId),
    findVolume: (tenantId, id) => findVolume(state, tenantId, id),
    record: ((kind: 'server' | 'image', tenantId: string, id: string) => {
      const { servers, images } = tenantOf(state, tenantId);
      if (kind === 'image') return advanced(images.get(id) ?? state.baseImages.get(id));
      const server = servers.get(id);
      if (server !== undefined) advanceServer(server, clock.now(), settings);
      return server;
    }) as Region['record'],
    images: (tenantId) =>
      [
        ...mergeNewestFirst(
          tenantOf(state, tenantId).images.newestFirst(undefined),
          state.baseImages.newestFirst(undefined),
        ),
      ].filter((image) => advanced(image)!.status !== 'DELETED'),
    now: () => clock.now(),
    conditions: () => settings,
    requireDatabase: () => requireBackend('database', settings),
    addImage(given) {
      const image = { ...given, sequence: state.sequence++ };
      const own = given.tenantId === null ? state.baseImages : tenantOf(state, given.tenantId).images;
      own.add(image);
      return image;
    },
    side: () => state.side,
    snapshot: () => snapshotState(state),
    restore(saved) {
      state = restoreState(saved);
    },
    seed: (data) => plantSeed(state, settings, data, clock.now()),
    fail(kind, id, message, extras) {
      if (kind === 'server') failServer(state, settings, id, message, clock.now(), extras);
      else failImage(state, id, message, clock.now(), extras);
    },
    setStatus: (id, status) => setServerStatus(state, settings, id, status, clock.now()),
    setConditions(conditions) {
      settings = { ...settings, ...conditions };
    },
  };
}

/** Dispatches on the operations table; what it does not know may be a route of an extension. */
function answer(call: Call): RegionAnswer {
  const { method, path } = call.request;
  const match = matchPath(method, path);
  if (match.kind === 'action') return serverAction({ ...call, params: match.params });
  if (match.kind === 'operation') {
    const { name } = match.operation;
    const handler = HANDLERS[name];
    if (handler === undefined) throw new Fault('notImplemented', `${name} is not part of this simulator.`);
    return { operation: name, ...handler({ ...call, params: match.params }) };
  }
  if (match.kind === 'method')
    throw new Fault('badMethod', `${method} is not possible on ${path}; ${match.allow.join(', ')} are.`, {
      headers: { allow: match.allow.join(', ') },
    });
  const extended = handleExtensionRoute(call);
  if (extended === undefined)
    throw new Fault('itemNotFound', `There is nothing at ${path} in ${call.settings.name}.`);
  return extended;
}

const PURGE_EVERY_MS = 3_600_000;

/** Forgets, now and then, what was deleted so long ago that `changes-since` need not show it (guide section 1.7). */
function createPurge(settings: RegionSettings): (state: RegionState, now: number) => void {
  let next = Number.NEGATIVE_INFINITY;
  return (state, now) => {
    if (now < next) return;
    next = now + PURGE_EVERY_MS;
    const before = now - settings.deletedKeptSeconds * 1000;
    const isGone = (record: { status: string; updated: number }): boolean =>
      record.status === 'DELETED' && record.updated < before;
    for (const tenant of state.tenants.values()) {
      tenant.servers.purge(isGone);
      tenant.images.purge(isGone);
    }
  };
}
