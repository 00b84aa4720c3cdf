import type { Clock } from '../clock.ts';
import { Fault } from '../faults/faults.ts';
import type { Params } from '../operations/match.ts';
import type { Invalidation } from '../operations/operation.ts';
import { createBackOff } from './back-off.ts';
import { Entry } from './entry.ts';
import { type FetchDependencies, type FetchOutcome, fetchAnswer, identityOf, type Load } from './fetch.ts';
import { acceptableFor, type Fetched, fetchedFrom, fetchPassing, isAcceptable } from './fetched.ts';
import {
  type Change,
  changesOf,
  EVERYTHING,
  isInvalidated,
  matches,
  type PurgeFilter,
} from './invalidation.ts';
import { type CacheRequest, scopeOf, scopeParts } from './key.ts';
import { type Lookup, lookUp } from './lookup.ts';
import { createLostWrites, type LostWrites } from './lost-writes.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';
import type { CacheObserver } from './observer.ts';
import type { CacheSettings } from './settings.ts';
import type { SharedListener, SharedStore } from './shared-store.ts';
import { createSingleFlight } from './single-flight.ts';

export type { Entry, Stored } from './entry.ts';
export type { Load } from './fetch.ts';
export type { Fetched } from './fetched.ts';
export type { PurgeFilter } from './invalidation.ts';
export type { CacheRequest } from './key.ts';
export type { Lookup } from './lookup.ts';
export type { Encoding, Rendition, Representation } from './rendition.ts';

/**
 * The cache: always an answer, never a wrong one.
 *
 * `lookup` says at once what memory knows. On a miss `fetch` runs once per key for all callers: it reads the second
 * level, else asks the upstream, and keeps what may be kept. A stale answer is served while `revalidate` runs the same
 * fetch in the background. `invalidate` makes everything a write touched untrue: entries go, and what is being fetched
 * is given to those who wait for it but not kept.
 */
export interface ResponseCache {
  /** What to do with a request; synchronous, memory only. */
  lookup(request: CacheRequest): Lookup;
  /**
   * Gets the answer to a miss or a pass. `load` may be run again in the background later on.
   *
   * @param signal the caller's; when it aborts the promise rejects with its reason, others go on waiting
   * @throws what `load` threw, when no older answer may stand in; a 504 Fault for only-if-cached
   */
  fetch(lookup: Lookup, load: Load, signal?: AbortSignal): Promise<Fetched>;
  /**
   * Refreshes a stale entry in the background; does nothing when it is being fetched, or when the last refresh failed a
   * moment ago (see `BackOff`).
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
  /** Fetches under way that callers may still join. */
  fetches: number;
}

export interface CacheOptions {
  settings: CacheSettings;
  clock: Clock;
  observe: CacheObserver;
  /** Makes the second level; null: everything stays in this process. */
  shared?: ((listener: SharedListener) => SharedStore) | undefined;
}

/** See `ResponseCache`. */
export function createCache(options: CacheOptions): ResponseCache {
  return new TwoLevelCache(options);
}

class TwoLevelCache implements ResponseCache {
  readonly #settings: CacheSettings;
  readonly #clock: Clock;
  readonly #observe: CacheObserver;
  readonly #memory: MemoryStore;
  readonly #shared: SharedStore | undefined;
  readonly #fetches = createSingleFlight<FetchOutcome>();
  readonly #refreshes = createBackOff();
  /** How often each scope has changed that anything was ever fetched of: no more than accounts, regions and classes make. */
  readonly #epochs = new Map<string, number>();
  readonly #lostWrites: LostWrites;
  readonly #dependencies: FetchDependencies;

  constructor({ settings, clock, observe, shared: openShared }: CacheOptions) {
    this.#settings = settings;
    this.#clock = clock;
    this.#observe = observe;
    this.#memory = createMemoryStore({ maxBytes: settings.maxBytes, onEvict: observe.evicted });
    this.#shared = openShared?.({
      onChange: (scope, change) => void this.#apply(scope, change, 'peer'),
      heldScopes: () => this.#memory.scopes(),
      knows: (scope) => this.#epochs.has(scope),
    });
    this.#dependencies = {
      settings,
      clock,
      memory: this.#memory,
      shared: this.#shared,
      epochOf: (scope) => this.#epochOf(scope),
    };
    this.#lostWrites = createLostWrites(
      clock,
      (scope, change) => void this.#change([[scope, change]], 'write'),
    );
  }

  lookup(request: CacheRequest): Lookup {
    return lookUp(this.#settings, this.#memory, this.#clock.now(), request);
  }

  fetch(lookup: Lookup, load: Load, signal?: AbortSignal): Promise<Fetched> {
    if (lookup.verdict === 'pass') return fetchPassing(lookup, load, this.#clock.now(), signal);
    if (lookup.directives.onlyIfCached) return this.#fetchCached(lookup);
    return this.#fetchShared(lookup, load, signal);
  }

  async #fetchShared(lookup: Lookup, load: Load, signal?: AbortSignal): Promise<Fetched> {
    const accept = acceptableFor(lookup);
    const run = (signal: AbortSignal) => fetchAnswer(this.#dependencies, lookup, accept, load, signal);
    for (;;) {
      const fetch = this.#fetches.join(lookup.key, lookup.scope, run, signal);
      const outcome = await fetch.outcome;
      const now = this.#clock.now();
      // Whoever started the fetch may have been content with less.
      if (fetch.joined && !isAcceptable(outcome, accept, now)) continue;
      if (outcome.kind === 'answer' && outcome.stored) this.#refreshes.succeeded(lookup.key);
      const fetched = fetchedFrom(outcome, lookup, fetch.joined, now);
      if (fetched.reason === 'stale-while-revalidate') this.revalidate(lookup, load);
      return fetched;
    }
  }

  /** Answers from the second level or not at all (RFC 9111 section 5.2.1.7). */
  async #fetchCached(lookup: Lookup): Promise<Fetched> {
    const fields = await this.#shared?.peek(identityOf(lookup));
    if (!fields || this.#clock.now() >= fields.freshUntil)
      throw new Fault('serviceUnavailable', 'Nothing fresh is cached, and the request says only-if-cached.', {
        code: 504,
      });
    const entry = new Entry(fields);
    return { entry, verdict: 'hit', reason: 'shared', stored: true, forwardStatus: undefined };
  }

  revalidate(lookup: Lookup, load: Load): void {
    if (!this.#refreshes.mayTry(lookup.key, this.#clock.monotonic())) return;
    this.#fetches.start(lookup.key, lookup.scope, (signal) => this.#refresh(lookup, load, signal));
  }

  async #refresh(lookup: Lookup, load: Load, signal: AbortSignal): Promise<FetchOutcome> {
    const { region, resource } = scopeParts(lookup.scope);
    let isRefreshed = false;
    try {
      const outcome = await fetchAnswer(this.#dependencies, lookup, 'fresh', load, signal);
      isRefreshed = outcome.kind === 'answer' && outcome.stored;
      return outcome;
    } finally {
      if (isRefreshed) this.#refreshes.succeeded(lookup.key);
      else this.#refreshes.failed(lookup.key, this.#clock.monotonic());
      this.#observe.revalidated(region, resource, isRefreshed ? 'refreshed' : 'failed');
    }
  }

  async invalidate(write: Write): Promise<void> {
    const changes = changesByScope(write);
    if (write.isLost) for (const [scope, change] of changes) this.#lostWrites.add(scope, change);
    await this.#change(changes, 'write');
  }

  async purge(filter: PurgeFilter): Promise<number> {
    const known = new Set([...this.#memory.scopes(), ...((await this.#shared?.scopes()) ?? [])]);
    const matching = [...known].filter((scope) => matches(filter, scopeParts(scope)));
    return this.#change(
      matching.map((scope) => [scope, EVERYTHING]),
      'purge',
    );
  }

  /** Applies changes here and tells them; resolves with the number of entries dropped here when all are told. */
  async #change(changes: readonly ScopeChange[], cause: 'write' | 'purge'): Promise<number> {
    let dropped = 0;
    const told: (Promise<boolean> | undefined)[] = [];
    for (const [scope, change] of changes) {
      dropped += this.#apply(scope, change, cause);
      told.push(this.#shared?.announce(scope, change));
    }
    await Promise.all(told);
    return dropped;
  }

  #epochOf(scope: string): number {
    const epoch = this.#epochs.get(scope);
    if (epoch !== undefined) return epoch;
    this.#epochs.set(scope, 0);
    const { region, resource } = scopeParts(scope);
    this.#observe.opened(region, resource);
    return 0;
  }

  /** Drops what is held; of a scope that nothing was ever fetched of, nothing is held, and others may have made it up. */
  #apply(scope: string, change: Change, cause: 'write' | 'purge' | 'peer'): number {
    const epoch = this.#epochs.get(scope);
    if (epoch === undefined) return 0;
    this.#epochs.set(scope, epoch + 1);
    this.#fetches.forget(scope);
    const dropped = this.#memory.drop(scope, (entry) => isInvalidated(change, entry));
    const { region, resource } = scopeParts(scope);
    this.#observe.invalidated(region, resource, cause, dropped);
    return dropped;
  }

  stats(): CacheStats {
    return { ...this.#memory.stats(), maxBytes: this.#settings.maxBytes, fetches: this.#fetches.size };
  }

  async close(): Promise<void> {
    this.#lostWrites.close();
    await this.#shared?.close();
    this.#memory.clear();
  }
}

type ScopeChange = readonly [scope: string, change: Change];

function changesByScope({ account, region, invalidates, params }: Write): ScopeChange[] {
  const changes = [...changesOf(invalidates, params)];
  return changes.map(([cacheClass, change]) => [scopeOf(account, region, cacheClass), change]);
}
