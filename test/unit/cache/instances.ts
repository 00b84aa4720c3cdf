import {
  type CacheRequest,
  createCache,
  type Fetched,
  type ResponseCache,
  type Stored,
} from '../../../src/cache/cache.ts';
import { type CacheObserver, silentObserver } from '../../../src/cache/observer.ts';
import { connectSharedStore } from '../../../src/cache/redis/store.ts';
import type { CacheSettings } from '../../../src/cache/settings.ts';
import { type Clock, systemClock } from '../../../src/clock.ts';
import type { RedisLog } from '../../../src/redis/connection.ts';
import type { RedisSettings } from '../../../src/redis/settings.ts';
import { cacheSettings } from './support.ts';

/** Real timers, but a time that tests can move on; shared by the instances of one test. */
export class ShiftedClock implements Clock {
  #shiftMs = 0;
  now = () => systemClock.now() + this.#shiftMs;
  monotonic = () => systemClock.monotonic() + this.#shiftMs;
  setTimer = systemClock.setTimer;
  shift(ms: number): void {
    this.#shiftMs += ms;
  }
}

/** What was logged, in order. */
export class MemoryLog implements RedisLog {
  readonly warnings: string[] = [];
  readonly infos: string[] = [];
  warn(_fields: object, message: string): void {
    this.warnings.push(message);
  }
  info(_fields: object, message: string): void {
    this.infos.push(message);
  }
}

/** One gateway process, as far as the cache is concerned. */
export interface Instance {
  readonly cache: ResponseCache;
  readonly log: MemoryLog;
  /** Outcomes of commands to Redis, `operation outcome`. */
  readonly commands: string[];
  /** Looks up and, on anything but a hit, fetches: what a request does. */
  get(ask: CacheRequest, load: () => Promise<Stored>): Promise<Pick<Fetched, 'entry' | 'verdict' | 'reason'>>;
}

/** Settings that name no Redis and no keys. */
export const NO_REDIS: RedisSettings = { url: null, sentinels: null, cluster: null, signingKeys: [] };

/** @param redis its URL, or settings for more than one server; null: memory only */
export function openInstance(
  redis: string | RedisSettings | null,
  clock: Clock,
  changes: Partial<CacheSettings> = {},
): Instance {
  const log = new MemoryLog();
  const commands: string[] = [];
  const observe: CacheObserver = {
    ...silentObserver,
    redis: (operation, outcome) => commands.push(`${operation} ${outcome}`),
  };
  const settings = redis !== null && typeof redis === 'object' ? redis : { ...NO_REDIS, url: redis };
  const shared = connectSharedStore(settings, { clock, log, observe, instanceId: crypto.randomUUID() });
  const cache = createCache({ settings: cacheSettings(changes), clock, observe, shared });
  const get: Instance['get'] = async (ask, load) => {
    const lookup = cache.lookup(ask);
    if (lookup.verdict === 'hit') return lookup;
    if (lookup.verdict === 'stale') {
      cache.revalidate(lookup, load);
      return lookup;
    }
    return cache.fetch(lookup, load);
  };
  return { cache, log, commands, get };
}

/** A 200 with that body. */
export const ok = (body: string): Stored => ({
  status: 200,
  body,
  headers: { 'openstack-api-version': 'compute 2.1' },
});
export const status = (code: number): Stored => ({ status: code, body: '{}', headers: {} });

/** A load that answers and counts; `never` is one that must not run. */
export const answering = (stored: Stored) => async () => stored;
export const never = async (): Promise<Stored> => {
  throw new Error('the upstream was asked');
};
