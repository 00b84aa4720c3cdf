import { LRUCache } from 'lru-cache';
import type { Entry } from './entry.ts';
import { hasVariant } from './key.ts';

/**
 * The first level: entries in this process, bounded in bytes, the longest unused going first. It knows which entries
 * belong to which scope (account, region, class), because invalidation speaks of scopes.
 *
 * Answers to queries, to ids that do not exist and to microversions have *unbounded keys*: callers can invent any number
 * of them, so a scope has a fixed number of places for them and they only ever displace each other.
 */
export interface MemoryStore {
  get(key: string): Entry | undefined;
  set(entry: Entry): void;
  /** Drops the entries of a scope that `isDropped` picks; returns how many. */
  drop(scope: string, isDropped: (entry: Entry) => boolean): number;
  /** The entries of a scope, for whoever must look at all of them. */
  entries(scope: string): Entry[];
  /** Scopes that hold anything. */
  scopes(): string[];
  stats(): { entries: number; bytes: number };
  clear(): void;
}

/** Places for unbounded keys in one scope, in memory and in Redis. */
export const MOST_UNBOUNDED_KEYS = 256;

/** By how much less than is counted for it an entry may hold, bytes. */
const UNCOUNTED_BYTES = 256;

export interface MemoryOptions {
  /** `cache.maxBytes`. */
  maxBytes: number;
  /** Told of every entry that had to go to make room. */
  onEvict: () => void;
}

interface Members {
  keys: Set<string>;
  /** The unbounded ones of them, the one that came first at the front. */
  unbounded: Set<string>;
}

/** True for an entry whose like callers can invent any number of. */
export const hasUnboundedKey = ({ query, status, key }: Pick<Entry, 'query' | 'status' | 'key'>): boolean =>
  query !== '' || status !== 200 || hasVariant(key);

export function createMemoryStore({ maxBytes, onEvict }: MemoryOptions): MemoryStore {
  const members = new Map<string, Members>();
  /** Counting an entry again takes it out for a moment; that is no departure. */
  let recounting: Entry | undefined;

  const lru = new LRUCache<string, Entry>({
    maxSize: maxBytes,
    dispose(entry, key, reason) {
      if (entry === recounting) return;
      entry.onResize = undefined;
      if (reason === 'set') return;
      forget(entry.scope, key);
      if (reason === 'evict') onEvict();
    },
  });

  function forget(scope: string, key: string): void {
    const found = members.get(scope);
    if (!found) return;
    found.keys.delete(key);
    found.unbounded.delete(key);
    if (found.keys.size === 0) members.delete(scope);
  }

  function remember(entry: Entry): void {
    const found = members.get(entry.scope) ?? { keys: new Set(), unbounded: new Set() };
    members.set(entry.scope, found);
    found.keys.add(entry.key);
    found.unbounded.delete(entry.key);
    if (!hasUnboundedKey(entry)) return;
    found.unbounded.add(entry.key);
    if (found.unbounded.size <= MOST_UNBOUNDED_KEYS) return;
    const [oldest] = found.unbounded;
    lru.delete(oldest!);
    onEvict();
  }

  /** lru-cache keeps the size an entry had when it was set, so it is set anew, unless it is much the same. */
  function recount(entry: Entry): void {
    const spare = entry.countedBytes - entry.size;
    if (spare >= 0 && spare <= UNCOUNTED_BYTES) return;
    recounting = entry;
    lru.delete(entry.key);
    recounting = undefined;
    put(entry);
  }

  function put(entry: Entry): void {
    entry.countedBytes = entry.size;
    lru.set(entry.key, entry, { size: entry.countedBytes });
    if (!lru.has(entry.key)) {
      entry.onResize = undefined;
      forget(entry.scope, entry.key);
    }
  }

  return {
    get: (key) => lru.get(key),
    set(entry) {
      remember(entry);
      entry.onResize = recount;
      put(entry);
    },
    drop(scope, isDropped) {
      const keys = [...(members.get(scope)?.keys ?? [])].filter((key) => isDropped(lru.peek(key)!));
      for (const key of keys) lru.delete(key);
      return keys.length;
    },
    entries: (scope) => [...(members.get(scope)?.keys ?? [])].map((key) => lru.peek(key)!),
    scopes: () => [...members.keys()],
    stats: () => ({ entries: lru.size, bytes: lru.calculatedSize }),
    clear() {
      lru.clear();
      members.clear();
    },
  };
}
