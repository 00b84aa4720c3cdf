import { randomUUID } from 'node:crypto';
import { type Clock, sleep } from '../../clock.ts';
import {
  createRedis,
  createSubscriber,
  type RedisConnection,
  type RedisLog,
} from '../../redis/connection.ts';
import { createRedisGuard } from '../../redis/guard.ts';
import type { RedisSettings } from '../../redis/settings.ts';
import type { EntryFields } from '../entry.ts';
import { isGuest, MOST_GUESTS } from '../memory-store.ts';
import type { CacheObserver } from '../observer.ts';
import { lastUseAt } from '../policy.ts';
import type { Acceptable, SharedListener, SharedStore, Ticket } from '../shared-store.ts';
import { decodeEntry, encodeEntry } from './codec.ts';
import { createRedisNews } from './invalidations.ts';
import { redisKeys as keys, SCOPES } from './keys.ts';
import { ABANDON, BEGIN, COMMIT } from './scripts.ts';

/**
 * The second level in Redis. One round trip reads an answer or takes a short lock, so that of all instances one asks
 * the upstream; the others look again a few times and then go themselves. Entries carry the generation their scope had
 * when the upstream was asked and count only while it is the scope's still.
 */
export interface RedisStoreOptions {
  /** For commands; its `commandTimeout` is the budget of a request (50 ms). */
  redis: RedisConnection;
  /** For news only. */
  subscriber: RedisConnection;
  clock: Clock;
  log: RedisLog;
  observe: CacheObserver;
  listener: SharedListener;
  /** Tells this instance's own news from others'. */
  instanceId: string;
}

/** What `connectSharedStore` needs beside the settings. */
export type ConnectOptions = Pick<RedisStoreOptions, 'clock' | 'log' | 'observe' | 'instanceId'>;

/**
 * The second level for these settings, ready for `createCache`; undefined when they name no Redis. It connects in the
 * background and owns its two connections, which its `close` ends.
 */
export function connectSharedStore(
  settings: RedisSettings,
  options: ConnectOptions,
): ((listener: SharedListener) => SharedStore) | undefined {
  const redis = createRedis(settings, SILENT, { purpose: 'cache' });
  const subscriber = createSubscriber(settings, 'cache news');
  if (!redis || !subscriber) return undefined;
  return (listener) => createRedisStore({ ...options, redis, subscriber, listener });
}

/** The guard speaks of outages, be it that Redis is slow or away. */
const SILENT: RedisLog = { warn: () => {}, info: () => {} };

/** A fetching instance that died holds the others up no longer than this (ms). */
const LOCK_MS = 5000;

/** Pauses between looks for another instance's answer (ms), about 1.8 s in all; then the upstream is asked here, too. */
const WAITS_MS = [10, 15, 25, 40, 60, 90, 130, 180, 250, 300, 350, 350];

const AWAY: Ticket = { state: 'away' };

/** What BEGIN answered, decoded. */
interface Reply {
  readonly state: string;
  readonly generation: string;
  readonly entry: EntryFields | undefined;
}

/** See `RedisStoreOptions` and `SharedStore`. */
export function createRedisStore(options: RedisStoreOptions): SharedStore {
  const { redis, subscriber, clock, log, observe, listener, instanceId } = options;
  const guard = createRedisGuard(redis, clock, log, observe);
  const news = createRedisNews({ redis, subscriber, guard, clock, keys, listener, instanceId });
  const registered = new Set<string>();

  const keysOf = (key: string, scope: string) => [
    keys.entry(scope, key),
    keys.generation(scope),
    keys.lock(scope, key),
  ];

  async function ask(
    key: string,
    scope: string,
    accept: Acceptable,
    lock: string,
  ): Promise<Reply | undefined> {
    if (!(await news.isSettled(scope))) return undefined;
    const args = [String(clock.now()), accept, lock, String(LOCK_MS)];
    const reply = await guard.attempt('begin', () => BEGIN.run(redis, keysOf(key, scope), args));
    if (!Array.isArray(reply) || !reply.every(Buffer.isBuffer)) return undefined;
    const [state, generation, bytes] = reply as [Buffer, Buffer, Buffer];
    const isCurrent = news.observe(scope, generation.toString());
    const entry = bytes.length > 0 && isCurrent ? read(bytes, key, scope) : undefined;
    return { state: state.toString(), generation: generation.toString(), entry };
  }

  function read(bytes: Buffer, key: string, scope: string): EntryFields | undefined {
    const entry = decodeEntry(bytes, key, scope);
    if (entry) {
      guard.over('rubbish');
      return entry;
    }
    observe.redis('begin', 'rubbish', 0);
    guard.trouble(
      'rubbish',
      'Redis holds something under a key of the cache that is no entry; it is ignored',
    );
    return undefined;
  }

  async function begin(key: string, scope: string, accept: Acceptable, signal: AbortSignal): Promise<Ticket> {
    const lock = randomUUID();
    for (let look = 0; ; look++) {
      const reply = await ask(key, scope, accept, lock);
      if (reply === undefined) return AWAY;
      const { state, generation, entry } = reply;
      if (state === 'found' && entry) return { state, entry };
      const waitMs = WAITS_MS[look];
      const isOver = state !== 'busy' || accept === 'none' || waitMs === undefined || signal.aborted;
      if (isOver) {
        const proof = state === 'mine' ? lock : '';
        return { state: 'fetch', key, scope, generation, lock: proof, previous: entry };
      }
      await sleep(clock, waitMs, signal).catch(() => {});
    }
  }

  async function register(scope: string): Promise<void> {
    if (registered.has(scope)) return;
    registered.add(scope);
    const added = await guard.attempt('register', () => addScope(redis, scope));
    if (added === undefined) registered.delete(scope);
  }

  redis.on('close', () => registered.clear());

  return {
    begin: (key, scope, { accept, signal }) => begin(key, scope, accept, signal),
    async peek(key, scope) {
      const reply = await ask(key, scope, 'fresh', '');
      return reply?.entry;
    },
    async commit(ticket, entry) {
      if (ticket.state !== 'fetch') return;
      const { key, scope, generation, lock } = ticket;
      const ttlMs = Math.ceil(lastUseAt(entry) - clock.now());
      if (generation === '' || ttlMs <= 0 || !(await news.isSettled(scope)))
        return this.abandon(ticket, false);
      void register(scope);
      const mostGuests = isGuest(entry) ? MOST_GUESTS : 0;
      const args = [generation, encodeEntry(entry, generation), String(ttlMs), lock, String(mostGuests)];
      const scriptKeys = [...keysOf(key, scope), keys.guests(scope)];
      const stored = await guard.attempt('commit', () => COMMIT.run(redis, scriptKeys, args));
      if (stored === -1) guard.trouble('full', 'Redis is full; answers are kept in this process only');
      if (stored === 1) guard.over('full');
    },
    async abandon(ticket, remove) {
      if (ticket.state !== 'fetch' || (ticket.lock === '' && !remove)) return;
      const { key, scope, generation, lock } = ticket;
      const args = [generation, lock, remove ? '1' : '0'];
      await guard.attempt('abandon', () => ABANDON.run(redis, keysOf(key, scope), args));
    },
    announce: (scope, change) => news.announce(scope, change),
    scopes: async () => (await guard.attempt('scopes', () => readScopes(redis))) ?? [],
    async close() {
      news.close();
      redis.disconnect();
      subscriber.disconnect();
    },
  };
}

/** Errors of a Redis that answers: another type under the key, no memory left. They are no outage. */
const isError = (error: unknown, code: 'WRONGTYPE' | 'OOM'): boolean =>
  error instanceof Error && error.message.startsWith(code);

/** Undefined when Redis is full. */
async function addScope(redis: RedisConnection, scope: string): Promise<number | undefined> {
  try {
    return await redis.sadd(SCOPES, scope);
  } catch (error) {
    if (isError(error, 'OOM')) return undefined;
    if (!isError(error, 'WRONGTYPE')) throw error;
    await redis.del(SCOPES);
    return redis.sadd(SCOPES, scope);
  }
}

async function readScopes(redis: RedisConnection): Promise<string[]> {
  try {
    return await redis.smembers(SCOPES);
  } catch (error) {
    if (isError(error, 'WRONGTYPE')) return [];
    throw error;
  }
}
