import type { Clock } from '../clock.ts';
import { Fault } from '../faults/faults.ts';
import type { Params } from '../operations/match.ts';
import type { Invalidation } from '../operations/operation.ts';
import { createBackOff } from './back-off.ts';
import { Entry } from './entry.ts';
import { type FlightGear, fly, type Landing, type Load } from './flight.ts';
import { type Change, changesOf, EVERYTHING, isDoomed, isMeant, type PurgeFilter } from './invalidation.ts';
import { type CacheRequest, scopeOf, scopeParts, subjectOf } from './key.ts';
import { type Lookup, lookUp } from './lookup.ts';
import { createMemoryStore } from './memory-store.ts';
import type { CacheObserver } from './observer.ts';
import { isOutage, mayServeOnError } from './policy.ts';
import type { CacheSettings } from './settings.ts';
import type { Acceptable, SharedListener, SharedStore } from './shared-store.ts';
import { createSingleFlight } from './single-flight.ts';

export type { Entry, Stored } from './entry.ts';
export type { Load } from './flight.ts';
export type { PurgeFilter } from './invalidation.ts';
export type { CacheRequest } from './key.ts';
export type { Lookup } from './lookup.ts';
export type { Encoding, Rendition, Representation } from './rendition.ts';

/**
 * The cache: always an answer, never a wrong one.
 *
 * `lookup` says at once what memory knows. On a miss `fetch` runs one flight per key for all callers: it reads the
 * second level, else asks the upstream, and keeps what may be kept. A stale answer is served while `revalidate` runs
 * the same flight in the background. `invalidate` makes everything a write touched untrue: entries go, and flights
 * that were in the air land for those aboard but are not kept.
 */
export interface ResponseCache {
  /** What to do with a request; synchronous, memory only. */
  lookup(ask: CacheRequest): Lookup;
  /**
   * Gets the answer to a miss or a pass. `load` may be run again in the background later on.
   *
   * @param signal the caller's; when it aborts the promise rejects with its reason, others aboard stay
   * @throws what `load` threw, when no older answer may stand in; a 504 Fault for only-if-cached
   */
  fetch(lookup: Lookup, load: Load, signal?: AbortSignal): Promise<Fetched>;
  /**
   * Refreshes a stale entry in the background; does nothing when a flight for it is in the air, or when the last refresh
   * failed a moment ago (see `BackOff`).
   */
  revalidate(lookup: Lookup, load: Load): void;
  /**
   * A write succeeded, or its answer was lost: what it touched is dropped here at once, and on every other instance.
   * Resolves when they have been told (within Redis' budget); whoever answers the write should await it.
   */
  invalidate(write: Write): Promise<void>;
  /** Drops everything the filter means, here and on every instance; the number of entries dropped here. */
  purge(filter: PurgeFilter): Promise<number>;
  stats(): CacheStats;
  close(): Promise<void>;
}

/** A write as far as the cache is concerned. */
export interface Write {
  readonly account: string;
  readonly region: string;
  /** The operation's column. */
  readonly invalidates: readonly Invalidation[];
  readonly params: Params;
  /** The answer never came: the upstream may still be at it, so what is read meanwhile is dropped again later. */
  readonly isLost?: boolean;
}

export interface CacheStats {
  entries: number;
  bytes: number;
  maxBytes: number;
  /** Flights in the air. */
  flights: number;
}

/** How a fetched answer came about. The entry is not in the cache unless `stored` (or an older one) says so. */
export interface Fetched {
  readonly entry: Entry;
  readonly verdict: 'hit' | 'miss' | 'coalesced' | 'stale' | 'pass';
  readonly reason: string;
  readonly stored: boolean;
  /** The upstream's status when it was asked and answered. */
  readonly forwardStatus: number | undefined;
  /** The upstream's id of this caller's own request, when it led to one. */
  readonly requestId?: string | undefined;
}

export interface CacheOptions {
  settings: CacheSettings;
  clock: Clock;
  observe: CacheObserver;
  /** Makes the second level; null: everything stays in this process. */
  shared?: ((listener: SharedListener) => SharedStore) | undefined;
}

/** After a write whose answer was lost, how long until what was read meanwhile is dropped once more (ms). */
const LOST_WRITE_SETTLES_MS = 30_000;

/** See `ResponseCache`. */
export function createCache({ settings, clock, observe, shared: openShared }: CacheOptions): ResponseCache {
  const memory = createMemoryStore({ maxBytes: settings.maxBytes, onEvict: observe.evicted });
  const flights = createSingleFlight<Landing>();
  const refreshes = createBackOff();
  const epochs = new Map<string, number>();
  const pendingTimers = new Set<{ cancel(): void }>();

  function apply(scope: string, change: Change, cause: 'write' | 'purge' | 'peer'): number {
    epochs.set(scope, (epochs.get(scope) ?? 0) + 1);
    flights.detach(scope);
    const dropped = memory.drop(scope, (entry) => isDoomed(change, entry));
    const { region, resource } = scopeParts(scope);
    observe.invalidated(region, resource, cause, dropped);
    return dropped;
  }

  const shared = openShared?.({
    onChange: (scope, change) => void apply(scope, change, 'peer'),
    heldScopes: () => memory.scopes(),
  });
  const gear: FlightGear = { settings, clock, memory, shared, epochOf: (scope) => epochs.get(scope) ?? 0 };

  async function fetchShared(lookup: Lookup, load: Load, signal?: AbortSignal): Promise<Fetched> {
    const accept = acceptableFor(lookup);
    const run = (flightSignal: AbortSignal) => fly(gear, lookup, accept, load, flightSignal);
    for (;;) {
      const { joined, landing } = flights.board(lookup.key, lookup.scope, run, signal);
      const landed = await landing;
      // Whoever started the flight may have been content with less.
      if (joined && !willDo(landed, accept, clock.now())) continue;
      if (landed.kind === 'answer' && landed.stored) refreshes.succeeded(lookup.key);
      const fetched = fetchedFrom(landed, lookup, joined, clock.now());
      if (fetched.reason === 'stale-while-revalidate') revalidate(lookup, load);
      return fetched;
    }
  }

  function revalidate(lookup: Lookup, load: Load): void {
    if (!refreshes.mayTry(lookup.key, clock.monotonic())) return;
    const { region, resource } = scopeParts(lookup.scope);
    const run = async (signal: AbortSignal) => {
      let outcome: 'refreshed' | 'failed' = 'failed';
      try {
        const landing = await fly(gear, lookup, 'fresh', load, signal);
        if (landing.kind === 'answer' && landing.stored) outcome = 'refreshed';
        return landing;
      } finally {
        if (outcome === 'refreshed') refreshes.succeeded(lookup.key);
        else refreshes.failed(lookup.key, clock.monotonic());
        observe.revalidated(region, resource, outcome);
      }
    };
    flights.launch(lookup.key, lookup.scope, run);
  }

  /** Answers from the second level or not at all (RFC 9111 section 5.2.1.7). */
  async function fetchCached(lookup: Lookup): Promise<Fetched> {
    const fields = await shared?.peek(lookup.key, lookup.scope);
    if (!fields || clock.now() >= fields.freshUntil)
      throw new Fault('serviceUnavailable', 'Nothing fresh is cached, and the request says only-if-cached.', {
        code: 504,
      });
    const entry = new Entry(fields);
    return { entry, verdict: 'hit', reason: 'shared', stored: true, forwardStatus: undefined };
  }

  async function change(
    scopes: Iterable<readonly [string, Change]>,
    cause: 'write' | 'purge',
  ): Promise<number> {
    let dropped = 0;
    const told: (Promise<boolean> | undefined)[] = [];
    for (const [scope, what] of scopes) {
      dropped += apply(scope, what, cause);
      told.push(shared?.announce(scope, what));
    }
    await Promise.all(told);
    return dropped;
  }

  function changedScopes({ account, region, invalidates, params }: Write): [string, Change][] {
    return [...changesOf(invalidates, params)].map(([cacheClass, what]) => [
      scopeOf(account, region, cacheClass),
      what,
    ]);
  }

  function repeatLater(scopes: [string, Change][]): void {
    const timer = clock.setTimer(() => {
      pendingTimers.delete(timer);
      void change(scopes, 'write');
    }, LOST_WRITE_SETTLES_MS);
    pendingTimers.add(timer);
  }

  return {
    lookup: (ask) => lookUp(settings, memory, clock.now(), ask),
    fetch(lookup, load, signal) {
      if (lookup.verdict === 'pass') return fetchPassing(lookup, load, clock.now(), signal);
      if (lookup.directives.onlyIfCached) return fetchCached(lookup);
      return fetchShared(lookup, load, signal);
    },
    revalidate,
    async invalidate(write) {
      const scopes = changedScopes(write);
      if (write.isLost) repeatLater(scopes);
      await change(scopes, 'write');
    },
    async purge(filter) {
      const known = new Set([...memory.scopes(), ...((await shared?.scopes()) ?? [])]);
      const meant = [...known].filter((scope) => isMeant(filter, scopeParts(scope)));
      return change(
        meant.map((scope) => [scope, EVERYTHING]),
        'purge',
      );
    },
    stats: () => ({ ...memory.stats(), maxBytes: settings.maxBytes, flights: flights.size }),
    async close() {
      for (const timer of pendingTimers) timer.cancel();
      await shared?.close();
      memory.clear();
    },
  };
}

/** A caller's own view of what the flight brought. */
function fetchedFrom(landing: Landing, lookup: Lookup, joined: boolean, now: number): Fetched {
  const { fallback } = landing;
  const mayFallBack = fallback !== undefined && mayServeOnError(fallback, lookup.directives, now);
  if (landing.kind === 'failure') {
    if (!mayFallBack) throw landing.error;
    return staleInstead(fallback!, undefined);
  }
  const { entry, source, stored, requestId } = landing;
  if (isOutage(entry.status) && mayFallBack) return staleInstead(fallback!, entry.status);
  if (source === 'shared') return fromPeer(entry, stored, now);
  const answer = { entry, reason: lookup.reason, stored, forwardStatus: entry.status };
  return joined ? { ...answer, verdict: 'coalesced' } : { ...answer, verdict: 'miss', requestId };
}

/** What another instance fetched: for this one's caller a hit, if perhaps a stale one. */
function fromPeer(entry: Entry, stored: boolean, now: number): Fetched {
  const isFresh = now < entry.freshUntil;
  const reason = isFresh ? 'shared' : 'stale-while-revalidate';
  return { entry, verdict: isFresh ? 'hit' : 'stale', reason, stored, forwardStatus: undefined };
}

/** Only one who knows nothing is content with another instance's stale answer; others have asked for better. */
function acceptableFor({ reason, directives }: Lookup): Acceptable {
  if (directives.revalidate || directives.maxAgeMs !== Number.POSITIVE_INFINITY) return 'none';
  return reason === 'absent' ? 'stale' : 'fresh';
}

/** Whether what a flight brought is what this caller may be given; only another instance's answer may be too old. */
function willDo(landing: Landing, accept: Acceptable, now: number): boolean {
  if (landing.kind !== 'answer' || landing.source !== 'shared' || accept === 'stale') return true;
  return accept === 'fresh' && now < landing.entry.freshUntil;
}

function staleInstead(entry: Entry, forwardStatus: number | undefined): Fetched {
  return { entry, verdict: 'stale', reason: 'stale-if-error', stored: false, forwardStatus };
}

async function fetchPassing(lookup: Lookup, load: Load, now: number, signal?: AbortSignal): Promise<Fetched> {
  const stored = await load(signal ?? new AbortController().signal);
  const { key, scope, query, reason, ask } = lookup;
  const never = { storedAt: now, freshUntil: now, staleUntil: now, errorUntil: now };
  const subject = subjectOf(ask.params);
  const entry = new Entry({ key, scope, tenant: ask.tenant, subject, query, ...stored, ...never });
  const { status: forwardStatus, requestId } = stored;
  return { entry, verdict: 'pass', reason, stored: false, forwardStatus, requestId };
}
