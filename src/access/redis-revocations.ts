/**
 * Returned tokens, told between instances: a sorted set in Redis by the time of their expiry, for those that start later,
 * and a message for those that run. Redis is not trusted: each revocation bears a proof, made with the key that signed the
 * token, so that whoever can verify the token can verify its end, and nobody else can end it. What cannot be told now is
 * told when Redis is back; this instance itself knows at once.
 */
import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { Clock, Timer } from '../clock.ts';
import type { RedisConnection, RedisLog } from '../redis/connection.ts';
import type { Revocation, Revocations } from './revocations.ts';
import { TOKEN_LIFE_MS } from './token.ts';
import type { TokenKeyRing } from './token-keys.ts';

const KEY = 'sluice:1:revocations';
const CHANNEL = 'sluice:1:revocations:news';

/** Most that are kept in Redis; those that expire first go. */
const MOST = 1_000_000;
/** Sent or read at a time: a message takes a few ms. */
const BATCH = 500;
/** How long Redis is left alone after a failure, ms. */
const PAUSE_MS = 1_000;
/** No token of Sluice's own lives longer than this from now, ms: rounding and another clock included. */
const LONGEST_LIFE_MS = TOKEN_LIFE_MS + 3_600_000;

export interface RevocationSharing {
  /** Tells the others of one that `revocations` has just learned here. */
  tell(revocation: Revocation): void;
  /** Resolves when what Redis knew at the start is known here; never while Redis is away. */
  readonly loaded: Promise<void>;
  close(): void;
}

export interface RevocationSharingOptions {
  redis: RedisConnection;
  subscriber: RedisConnection;
  revocations: Revocations;
  keys: TokenKeyRing;
  clock: Clock;
  log: RedisLog;
}

/** See above. Owns both connections. */
export function shareRevocations(options: RevocationSharingOptions): RevocationSharing {
  return new Sharing(options);
}

/** What makes a revocation credible to whoever has the key. A token's own signature never begins like this text. */
export function proofOf(key: KeyObject, { digest, expiresAt }: Omit<Revocation, 'proof'>): string {
  return createHmac('sha256', key).update(`revoked ${digest} ${expiresAt}`).digest('base64url').slice(0, 22);
}

class Sharing implements RevocationSharing {
  readonly loaded: Promise<void>;
  readonly #options: RevocationSharingOptions;
  #hasLoaded: () => void = () => {};
  /** What waits to be told; `all`: whatever is remembered here. */
  #untold: Revocation[] | 'all' = [];
  #isTelling = false;
  #retry: Timer | undefined;
  #isClosed = false;

  constructor(options: RevocationSharingOptions) {
    this.#options = options;
    this.loaded = new Promise((resolve) => {
      this.#hasLoaded = resolve;
    });
    const { redis, subscriber } = options;
    subscriber.on('message', (_channel: string, text: string) => this.#hear(text.split('\n', BATCH)));
    subscriber.on('ready', () => void this.#listen());
    // Redis may have come back with nothing: what is known here goes there again.
    redis.on('ready', () => {
      this.#untold = 'all';
      void this.#tellUntold();
      void this.#listen();
    });
    // Without a listener an 'error' event would end the process; others speak of outages.
    for (const connection of [redis, subscriber]) connection.on('error', () => {});
    void this.#listen();
  }

  tell(revocation: Revocation): void {
    if (this.#untold !== 'all') this.#untold.push(revocation);
    void this.#tellUntold();
  }

  close(): void {
    this.#isClosed = true;
    this.#retry?.cancel();
    this.#options.redis.disconnect();
    this.#options.subscriber.disconnect();
  }

  async #tellUntold(): Promise<void> {
    if (this.#isTelling || this.#isClosed) return;
    this.#isTelling = true;
    try {
      while (this.#untold === 'all' || this.#untold.length > 0) {
        const now = this.#untold;
        this.#untold = [];
        await this.#write(now === 'all' ? this.#options.revocations.all() : now);
      }
    } catch {
      this.#untold = 'all';
      this.#later();
    } finally {
      this.#isTelling = false;
    }
  }

  #later(): void {
    if (this.#isClosed) return;
    this.#retry?.cancel();
    this.#retry = this.#options.clock.setTimer(() => void this.#tellUntold(), PAUSE_MS);
  }

  /** @throws what Redis says */
  async #write(revocations: Iterable<Revocation>): Promise<void> {
    let batch: Revocation[] = [];
    for (const revocation of revocations) {
      if (revocation.proof !== '') batch.push(revocation);
      if (batch.length < BATCH) continue;
      await this.#writeBatch(batch);
      batch = [];
    }
    if (batch.length > 0) await this.#writeBatch(batch);
  }

  async #writeBatch(batch: readonly Revocation[]): Promise<void> {
    const { redis, clock } = this.#options;
    const members = batch.map(memberOf);
    const scored = batch.flatMap(({ expiresAt }, index) => [expiresAt, members[index]!]);
    await redis.zadd(KEY, ...scored);
    await redis.zremrangebyscore(KEY, '-inf', Math.floor(clock.now() / 1000));
    await redis.zremrangebyrank(KEY, 0, -(MOST + 1));
    await redis.pexpire(KEY, LONGEST_LIFE_MS);
    await redis.publish(CHANNEL, members.join('\n'));
  }

  /** Subscribes, then reads what was missed: in this order nothing falls between. */
  async #listen(): Promise<void> {
    const { redis, subscriber, clock, log } = this.#options;
    if (this.#isClosed || redis.status !== 'ready' || subscriber.status !== 'ready') return;
    try {
      await subscriber.subscribe(CHANNEL);
      await this.#load();
      this.#hasLoaded();
    } catch (error) {
      if (this.#isClosed) return;
      log.warn({}, `Returned tokens cannot be read from Redis (${codeOf(error)}); trying again.`);
      clock.setTimer(() => void this.#listen(), PAUSE_MS);
    }
  }

  async #load(): Promise<void> {
    const { redis, clock } = this.#options;
    const since = `(${Math.floor(clock.now() / 1000)}`;
    for (let offset = 0; !this.#isClosed; offset += BATCH) {
      const members = await redis.zrangebyscore(KEY, since, '+inf', 'LIMIT', offset, BATCH);
      this.#hear(members);
      if (members.length < BATCH) return;
    }
  }

  #hear(members: readonly string[]): void {
    const { revocations, keys, clock } = this.#options;
    const now = clock.now();
    for (const member of members) {
      const revocation = readMember(member, keys, now);
      if (revocation) revocations.add(revocation, now);
    }
  }
}

const memberOf = ({ digest, expiresAt, proof }: Revocation): string => `${digest}.${expiresAt}.${proof}`;

const MEMBER = /^([\w-]{22})\.(\d{10,11})\.([\w-]{22})$/;

/** What Redis holds, if it is one that somebody with one of the keys has written. */
function readMember(member: string, keys: TokenKeyRing, nowMs: number): Revocation | undefined {
  const [, digest, seconds, proof] = MEMBER.exec(member) ?? [];
  if (digest === undefined || proof === undefined) return undefined;
  const expiresAt = Number(seconds);
  if (expiresAt * 1000 > nowMs + LONGEST_LIFE_MS) return undefined;
  const shown = Buffer.from(proof);
  const isGenuine = keys.all.some(({ key }) =>
    timingSafeEqual(shown, Buffer.from(proofOf(key, { digest, expiresAt }))),
  );
  return isGenuine ? { digest, expiresAt, proof } : undefined;
}

/** The first word of what Redis says (`NOPERM`), or the kind of error: its text may hold what was sent. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  return /^[A-Z]{3,20}\b/.exec(error.message)?.[0] ?? error.name;
}
