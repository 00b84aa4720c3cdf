import type { RedisObserver } from '../redis/guard.ts';

/** What the cache tells the metrics. Hits are not told one by one: the gateway counts verdicts as it answers. */
export interface CacheObserver extends RedisObserver {
  /** An entry had to go because memory, or the places for unbounded keys of its scope, are full. */
  evicted(): void;
  /** Something of a class is fetched in a region for the first time: its counters exist from now on. */
  opened(region: string, resource: string): void;
  /** Entries dropped because something changed or was purged. */
  invalidated(region: string, resource: string, cause: 'write' | 'purge' | 'peer', entries: number): void;
  /** A background refresh ended. */
  revalidated(region: string, resource: string, outcome: 'refreshed' | 'failed'): void;
}

/** Tells nobody. */
export const silentObserver: CacheObserver = {
  evicted: () => {},
  opened: () => {},
  invalidated: () => {},
  revalidated: () => {},
  redis: () => {},
  usesRedis: () => {},
};
