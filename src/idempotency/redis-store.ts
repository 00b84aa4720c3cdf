import type { Clock } from '../clock.ts';
import type { RedisConnection, RedisLog } from '../redis/connection.ts';
import { RedisGuard, type RedisObserver } from '../redis/guard.ts';
import { createScript } from '../redis/script.ts';
import type { Seal } from '../redis/seal.ts';
import type { LocalStore } from './local-store.ts';
import { type IdempotencyRecord, readRecord } from './record.ts';
import type { Claimed, Held, IdempotencyStore } from './store.ts';

export interface RedisIdempotencyOptions {
  readonly redis: RedisConnection;
  readonly clock: Clock;
  readonly log: RedisLog;
  readonly observe: RedisObserver;
  readonly seal: Seal;
  /** How long records are kept, ms. */
  readonly keepMs: number;
  /** Remembers while Redis is away. */
  readonly local: LocalStore;
}

const OPERATIONS = ['claim-key', 'find-key', 'replace-key', 'read-history'];
const PURPOSE = 'idempotency';
const PREFIX = 'sluice:1:idempotency:';

/**
 * Puts a value where there is none, or where one stands that is none of ours. Answers what stands there instead, and which history
 * of writes it is a part of (`INFO replication`, for those who may not ask: nothing).
 */
const CLAIM = createScript(`
local there = redis.call('GET', KEYS[1])
local info = redis.pcall('INFO', 'replication')
local history = type(info) == 'string' and string.match(info, 'master_replid:(%x+)') or ''
if there and there ~= ARGV[3] then return {history, there} end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {history}
`);

/** Puts a value, or nothing, in the place of another, and where there is none any more. */
const REPLACE = createScript(`
local there = redis.call('GET', KEYS[1])
if there and there ~= ARGV[1] then return 0 end
if ARGV[2] ~= '' then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) elseif there then redis.call('DEL', KEYS[1]) end
return there and 1 or 2
`);

/** What the script says. */
const [REPLACED, WAS_GONE] = [1, 2];

/** So long after Redis was away, and after a start, instances may still be at what they have begun without it, ms. */
const CONTESTED_MS = 60_000;
/** Histories that are remembered: a cluster has one for each of its parts. */
const MOST_HISTORIES = 256;

/** Another request may have had the name meanwhile, and may be at it still. */
const doubtful = (held: Held): Held => ({ ...held, isSure: false, isContested: true });

/**
 * Remembers in Redis, for all instances. Values are sealed: one that no instance has written counts as none. While Redis is
 * away this process remembers by itself and cannot be sure; what it has remembered goes to Redis when that is back.
 */
export class RedisIdempotencyStore implements IdempotencyStore {
  readonly #options: RedisIdempotencyOptions;
  readonly #guard: RedisGuard;
  /** Names of what Redis has not been told of. */
  readonly #untold = new Set<string>();
  /** Wall ms: until then records may be missing in Redis that other instances could not leave there. */
  #unsureUntil: number;
  /** Wall ms: until then others may be at what they have claimed without Redis. */
  #contestedUntil: number;
  /** Histories of writes that were met. A new one begins with a failover, which loses what had not been replicated. */
  readonly #histories = new Set<string>();

  constructor(options: RedisIdempotencyOptions) {
    this.#options = options;
    // What was lost shortly before this process began nobody else can tell it.
    this.#unsureUntil = options.clock.now() + CONTESTED_MS;
    this.#contestedUntil = this.#unsureUntil;
    options.observe.usesRedis(OPERATIONS);
    this.#guard = new RedisGuard({ ...options, part: 'idempotency keys' });
    // It may come back with less than it had.
    options.redis.on('close', () => this.#isUnsure());
    options.redis.on('ready', () => void this.#ready());
  }

  async claim(name: string, record: IdempotencyRecord): Promise<Claimed> {
    const { local } = this.#options;
    const known = await local.find(name);
    if (known !== undefined) return { state: 'held', held: known };
    const mine = this.#heldOf(name, record);
    let rubbish = '';
    for (let attempt = 0; attempt < 2; attempt++) {
      const there = await this.#claim(name, mine, rubbish);
      if (there === undefined) return this.#claimHere(name, record);
      if (there === null) {
        const isSure = rubbish === '' && record.startedAt >= this.#unsureUntil;
        return { state: 'claimed', held: this.#marked(mine), isSure };
      }
      const held = this.#read(name, there);
      if (held !== undefined) return { state: 'held', held };
      rubbish = there;
    }
    return this.#claimHere(name, record);
  }

  async find(name: string): Promise<Held | undefined> {
    const { local, redis } = this.#options;
    const known = await local.find(name);
    if (known !== undefined) return known;
    const found = await this.#guard.attempt('find-key', () => redis.get(PREFIX + name));
    return typeof found === 'string' ? this.#read(name, found) : undefined;
  }

  async replace(name: string, before: Held, next: IdempotencyRecord | undefined): Promise<Held | undefined> {
    if (this.#untold.has(name)) return this.#replaceUntold(name, before, next);
    const held = next === undefined ? undefined : this.#heldOf(name, next);
    const done = await this.#replace(name, before.token, held);
    if (done === REPLACED) return this.#marked(held ?? before);
    if (done === WAS_GONE) {
      this.#isUnsure();
      return held === undefined ? before : doubtful(held);
    }
    if (done !== undefined) return undefined;
    this.#isUnsure();
    if (next === undefined) return before;
    return doubtful((await this.#claimHere(name, next)).held);
  }

  async close(): Promise<void> {
    this.#options.redis.disconnect();
    await this.#options.local.close();
  }

  /** @returns null: it is put; a text: what stands there; undefined: Redis does not say */
  async #claim(name: string, { record, token }: Held, rubbish: string): Promise<string | null | undefined> {
    const { redis, clock } = this.#options;
    const ttlMs = Math.max(1, Math.ceil(record.expiresAt - clock.now()));
    const reply = await this.#guard.attempt('claim-key', () =>
      CLAIM.run(redis, [PREFIX + name], [token, String(ttlMs), rubbish]),
    );
    if (reply === undefined) {
      this.#isUnsure();
      return undefined;
    }
    const [history, there] = (Array.isArray(reply) ? reply : []).map(String);
    this.#meet(history);
    return there ?? null;
  }

  async #ready(): Promise<void> {
    const info = await this.#guard.attempt('read-history', () => this.#options.redis.info('replication'));
    this.#meet(/master_replid:(\w+)/.exec(String(info))?.[1]);
    await this.#tell();
  }

  #meet(history = ''): void {
    if (history === '' || this.#histories.has(history)) return;
    if (this.#histories.size > 0) this.#isUnsure();
    if (this.#histories.size >= MOST_HISTORIES) this.#histories.clear();
    this.#histories.add(history);
  }

  /** @returns undefined: Redis does not say */
  async #replace(name: string, before: string, next: Held | undefined): Promise<unknown> {
    const { redis, clock } = this.#options;
    const ttlMs = next === undefined ? 1 : Math.max(1, Math.ceil(next.record.expiresAt - clock.now()));
    const args = [before, next?.token ?? '', String(ttlMs)];
    return this.#guard.attempt('replace-key', () => REPLACE.run(redis, [PREFIX + name], args));
  }

  /** What is known here alone goes to Redis with its next change, if that is back: there it holds against other instances. */
  async #replaceUntold(
    name: string,
    before: Held,
    next: IdempotencyRecord | undefined,
  ): Promise<Held | undefined> {
    const { local } = this.#options;
    if (next !== undefined && (await local.find(name))?.token === before.token) {
      const put = await this.#put(name, next);
      if (put !== undefined) {
        await local.replace(name, before, undefined);
        this.#untold.delete(name);
        return put === 'taken' ? undefined : doubtful(put);
      }
    }
    const kept = await local.replace(name, before, next);
    if (next === undefined) this.#untold.delete(name);
    return kept && doubtful(kept);
  }

  /** @returns `taken`: another instance has the name there; undefined: Redis does not say */
  async #put(name: string, record: IdempotencyRecord): Promise<Held | 'taken' | undefined> {
    const mine = this.#heldOf(name, record);
    const there = await this.#claim(name, mine, '');
    if (there === null) return mine;
    if (there === undefined) return undefined;
    const owner = this.#read(name, there)?.record.owner;
    // Rubbish is nobody's. A claim of one's own stands there if Redis took it and its answer came too late.
    if (owner !== undefined && owner !== record.owner) return 'taken';
    const done = await this.#replace(name, there, mine);
    if (done === undefined) return undefined;
    return done === REPLACED || done === WAS_GONE ? mine : 'taken';
  }

  async #claimHere(name: string, record: IdempotencyRecord): Promise<Claimed> {
    const claimed = await this.#options.local.claim(name, record);
    this.#untold.add(name);
    if (claimed.state !== 'claimed') return claimed;
    return { ...claimed, held: { ...claimed.held, isContested: true }, isSure: false };
  }

  /** Others may have been cut off as well, and whatever they remember is theirs alone as long as a record lives. */
  #isUnsure(): void {
    const { clock, keepMs } = this.#options;
    this.#unsureUntil = clock.now() + keepMs;
    this.#contestedUntil = clock.now() + CONTESTED_MS;
  }

  #marked(held: Held): Held {
    return this.#options.clock.now() < this.#contestedUntil ? { ...held, isContested: true } : held;
  }

  /** What this process has remembered by itself goes to Redis, unless somebody else was first. */
  async #tell(): Promise<void> {
    const { local } = this.#options;
    for (const name of [...this.#untold]) {
      const held = await local.find(name);
      // What is under way here is told once it is over.
      if (held?.record.state === 'waiting' || held?.record.state === 'sent') continue;
      if (held !== undefined) {
        if ((await this.#claim(name, this.#heldOf(name, held.record), '')) === undefined) return;
        await local.replace(name, held, undefined);
      }
      this.#untold.delete(name);
    }
  }

  #heldOf(name: string, record: IdempotencyRecord): Held {
    const text = JSON.stringify(record);
    return { record, token: `${this.#options.seal.of(PURPOSE, name, text)}${text}` };
  }

  #read(name: string, token: string): Held | undefined {
    const [seal, text] = [token.slice(0, 43), token.slice(43)];
    const record = this.#options.seal.matches(seal, PURPOSE, name, text) ? readRecord(text) : undefined;
    if (record === undefined)
      this.#guard.rubbish('find-key', 'Redis holds a key of a create that no instance has left there');
    return record && { record, token };
  }
}
