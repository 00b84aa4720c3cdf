import { randomUUID } from 'node:crypto';
import { type Clock, sleep } from '../../clock.ts';
import { createRedisPair, type RedisConnection, type RedisLog, SILENT_LOG } from '../../redis/connection.ts';
import { RedisGuard } from '../../redis/guard.ts';
import { createSeal, type Seal } from '../../redis/seal.ts';
import type { RedisSettings } from '../../redis/settings.ts';
import type { Standpoint } from '../../standing.ts';
import type { EntryFields, EntryIdentity } from '../entry.ts';
import type { Change } from '../invalidation.ts';
import { hasUnboundedKey, MOST_UNBOUNDED_KEYS } from '../memory-store.ts';
import type { CacheObserver } from '../observer.ts';
import { lastUseAt } from '../policy.ts';
import type { Acceptable, SharedListener, SharedStore, Ticket } from '../shared-store.ts';
import { decodeEntry, encodeEntry } from './codec.ts';
import { InvalidationBus } from './invalidations.ts';
import { redisKeys as keys } from './keys.ts';
import { createScopeRegister, type ScopeRegister } from './scope-register.ts';
import { ABANDON, BEGIN, COMMIT } from './scripts.ts';

/** What the second level in Redis is made of. */
export interface RedisStoreOptions {
  /** For commands; its `commandTimeout` is the budget of a request (50 ms). */
  redis: RedisConnection;
  /** For invalidation messages only. */
  subscriber: RedisConnection;
  clock: Clock;
  log: RedisLog;
  observe: CacheObserver;
  listener: SharedListener;
  /** Tells this instance's own messages from others'. */
  instanceId: string;
  seal: Seal;
  /** Where it is written down how Redis stands. */
  standing?: Standpoint | undefined;
}

/** What `connectSharedStore` needs beside the settings. */
export type ConnectOptions = Pick<RedisStoreOptions, 'clock' | 'log' | 'observe' | 'instanceId' | 'standing'>;

/**
 * The second level for these settings, ready for `createCache`; undefined when they name no Redis. It connects in the
 * background and owns its two connections, which its `close` ends.
 */
export function connectSharedStore(
  settings: RedisSettings,
  options: ConnectOptions,
): ((listener: SharedListener) => SharedStore) | undefined {
  const { standing } = options;
  // The guard speaks of outages, be it that Redis is slow or away.
  const pair = createRedisPair(settings, SILENT_LOG, { purpose: 'cache', standing });
  if (pair === null) return undefined;
  const seal = createSeal(settings.signingKeys);
  return (listener) => new RedisStore({ ...options, ...pair, listener, seal, standing });
}

/** What Redis is asked for, and what it brings by itself. */
const OPERATIONS = ['begin', 'commit', 'announce', 'check', 'message'];

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

/**
 * The second level in Redis. One round trip reads an answer or takes a short lock, so that of all instances one asks
 * the upstream; the others look again a few times and then go themselves. Entries carry the generation their scope had
 * when the upstream was asked and count only while it is the scope's still.
 */
class RedisStore implements SharedStore {
  readonly #options: RedisStoreOptions;
  readonly #guard: RedisGuard;
  readonly #bus: InvalidationBus;
  readonly #register: ScopeRegister;

  constructor(options: RedisStoreOptions) {
    this.#options = options;
    const { redis, observe } = options;
    observe.usesRedis(OPERATIONS);
    this.#guard = new RedisGuard({ ...options, part: 'cache' });
    this.#bus = new InvalidationBus({ ...options, guard: this.#guard, keys });
    this.#register = createScopeRegister(redis, this.#guard);
  }

  async begin(
    identity: EntryIdentity,
    { accept, signal }: { accept: Acceptable; signal: AbortSignal },
  ): Promise<Ticket> {
    const { key, scope } = identity;
    const lock = randomUUID();
    for (let look = 0; ; look++) {
      const reply = await this.#ask(identity, accept, lock);
      if (reply === undefined) return AWAY;
      const { state, generation, entry } = reply;
      if (state === 'found' && entry) return { state, entry };
      const waitMs = WAITS_MS[look];
      const isOver = state !== 'busy' || accept === 'none' || waitMs === undefined || signal.aborted;
      if (isOver) {
        const proof = state === 'mine' ? lock : '';
        return { state: 'fetch', key, scope, generation, lock: proof, previous: entry };
      }
      await sleep(this.#options.clock, waitMs, signal).catch(() => {});
    }
  }

  async peek(identity: EntryIdentity): Promise<EntryFields | undefined> {
    const reply = await this.#ask(identity, 'fresh', '');
    return reply?.entry;
  }

  async commit(ticket: Ticket, entry: EntryFields): Promise<void> {
    if (ticket.state !== 'fetch') return;
    const { key, scope, generation, lock } = ticket;
    const ttlMs = Math.ceil(lastUseAt(entry) - this.#options.clock.now());
    const bytes = encodeEntry(entry, generation, this.#options.seal);
    if (generation === '' || ttlMs <= 0 || bytes === null || !(await this.#bus.isSettled(scope)))
      return this.abandon(ticket, false);
    void this.#register.add(scope);
    const mostUnbounded = hasUnboundedKey(entry) ? MOST_UNBOUNDED_KEYS : 0;
    const args = [generation, bytes, String(ttlMs), lock, String(mostUnbounded)];
    const scriptKeys = [...keysOf(key, scope), keys.unbounded(scope)];
    const stored = await this.#guard.attempt('commit', () =>
      COMMIT.run(this.#options.redis, scriptKeys, args),
    );
    if (stored === -1) this.#guard.trouble('full', 'Redis is full; answers are kept in this process only');
    if (stored === 1) this.#guard.over('full');
  }

  async abandon(ticket: Ticket, remove: boolean): Promise<void> {
    if (ticket.state !== 'fetch' || (ticket.lock === '' && !remove)) return;
    const { key, scope, generation, lock } = ticket;
    const args = [generation, lock, remove ? '1' : '0'];
    await this.#guard.attempt('abandon', () => ABANDON.run(this.#options.redis, keysOf(key, scope), args));
  }

  announce(scope: string, change: Change): Promise<boolean> {
    return this.#bus.announce(scope, change);
  }

  scopes(): Promise<string[]> {
    return this.#register.read();
  }

  async close(): Promise<void> {
    this.#bus.close();
    this.#options.redis.disconnect();
    this.#options.subscriber.disconnect();
  }

  async #ask(identity: EntryIdentity, accept: Acceptable, lock: string): Promise<Reply | undefined> {
    const { key, scope } = identity;
    if (!(await this.#bus.isSettled(scope))) return undefined;
    const { redis, clock } = this.#options;
    const args = [String(clock.now()), accept, lock, String(LOCK_MS)];
    const reply = await this.#guard.attempt('begin', () => BEGIN.run(redis, keysOf(key, scope), args));
    if (!Array.isArray(reply) || !reply.every(Buffer.isBuffer)) return undefined;
    const [state, generation, bytes] = reply as [Buffer, Buffer, Buffer];
    const isCurrent = this.#bus.observe(scope, generation.toString());
    const entry = bytes.length > 0 && isCurrent ? this.#decode(bytes, identity) : undefined;
    return { state: state.toString(), generation: generation.toString(), entry };
  }

  #decode(bytes: Buffer, identity: EntryIdentity): EntryFields | undefined {
    const entry = decodeEntry(bytes, identity, this.#options.seal, this.#options.clock.now());
    if (entry) return entry;
    this.#guard.rubbish(
      'begin',
      'Redis holds something under a key of the cache that no instance with one of redis.signingKeys wrote; it is ignored',
    );
    return undefined;
  }
}

const keysOf = (key: string, scope: string) => [
  keys.entry(scope, key),
  keys.generation(scope),
  keys.lock(scope, key),
];
