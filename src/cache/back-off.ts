import { LRUCache } from 'lru-cache';

/**
 * How soon a refresh that failed may be tried again, by key: an outage with stale answers shall not bring one request
 * to the region for every caller. The pause doubles with every failure in a row and ends with the first success.
 */
export interface BackOff {
  /** @param now monotonic ms, as of all methods */
  mayTry(key: string, now: number): boolean;
  failed(key: string, now: number): void;
  succeeded(key: string): void;
}

/** The first pause, and the longest one (ms). */
export const FIRST_PAUSE_MS = 1000;
export const LONGEST_PAUSE_MS = 60_000;

/** What is remembered of failures, keys included (bytes); those beyond the last ones may be tried at once. */
const MOST_BYTES = 2 * 1024 * 1024;
/** What a pause costs beside its key (bytes). */
const PAUSE_OVERHEAD_BYTES = 200;

interface Pause {
  readonly untilMs: number;
  readonly lengthMs: number;
}

/** See `BackOff`. */
export function createBackOff(): BackOff {
  const pauses = new LRUCache<string, Pause>({
    maxSize: MOST_BYTES,
    sizeCalculation: (_, key) => PAUSE_OVERHEAD_BYTES + 2 * key.length,
  });
  return {
    mayTry: (key, now) => now >= (pauses.get(key)?.untilMs ?? now),
    failed(key, now) {
      const before = pauses.get(key);
      const lengthMs = before ? Math.min(LONGEST_PAUSE_MS, before.lengthMs * 2) : FIRST_PAUSE_MS;
      pauses.set(key, { untilMs: now + lengthMs, lengthMs });
    },
    succeeded: (key) => void pauses.delete(key),
  };
}
