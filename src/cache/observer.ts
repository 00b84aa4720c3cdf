/** What the cache tells the metrics. Hits are not told one by one: the gateway counts verdicts as it answers. */
export interface CacheObserver {
  /** An entry had to go because memory, or the places for guests of its scope, are full. */
  evicted(): void;
  /** Entries dropped because something changed or was purged. */
  invalidated(region: string, resource: string, cause: 'write' | 'purge' | 'peer', entries: number): void;
  /** A background refresh ended. */
  revalidated(region: string, resource: string, outcome: 'refreshed' | 'failed'): void;
  /** The second level was asked for something. `skipped` means it was not tried because it failed a moment ago. */
  redis(operation: string, outcome: 'ok' | 'error' | 'skipped' | 'rubbish', durationMs: number): void;
}

/** Tells nobody. */
export const silentObserver: CacheObserver = {
  evicted: () => {},
  invalidated: () => {},
  revalidated: () => {},
  redis: () => {},
};
