import type { Clock, Timer } from '../../clock.ts';
import type { RedisConnection } from '../../redis/connection.ts';
import { PAUSE_MS, type RedisGuard } from '../../redis/guard.ts';
import type { Seal } from '../../redis/seal.ts';
import { type Change, EVERYTHING } from '../invalidation.ts';
import type { SharedListener } from '../shared-store.ts';
import { CHANNEL, type RedisKeys } from './keys.ts';
import { decodeMessage, encodeMessage, parseGeneration } from './message.ts';
import { ANNOUNCE, CHECK } from './scripts.ts';

export interface InvalidationBusOptions {
  /** For commands. */
  redis: RedisConnection;
  /** For messages only. */
  subscriber: RedisConnection;
  guard: RedisGuard;
  clock: Clock;
  keys: RedisKeys;
  listener: SharedListener;
  instanceId: string;
  seal: Seal;
}

/** Nothing is ever of it. */
const NO_SCOPE = '';

/** How often the generations of all scopes held here are compared, whatever was heard (ms). */
const CHECK_EVERY_MS = 5000;

/**
 * Tells the instances of each other's changes. Each change gives its scope a new generation number and is published with
 * it. Messages can be lost (pub/sub promises nothing, a failover ends them unseen) or made up, so an instance that meets a
 * generation it does not know drops the scope, and the generations of all scopes held here are compared again and again.
 *
 * A change counts as told once Redis has written it. One that Redis could not be told of stays pending and is told later;
 * until then this instance neither reads nor writes the scope there, because what others left may be older than the change.
 */
export class InvalidationBus {
  readonly #options: InvalidationBusOptions;
  /** The newest generation known of each scope. */
  readonly #knownGenerations = new Map<string, number>();
  /** Changes that Redis has not been told of, by scope. */
  readonly #pending = new Map<string, Change>();
  /** Scopes whose generations are being compared. */
  readonly #comparing = new Set<string>();
  #isSubscribed = false;
  /** Counts the gaps in the subscription, the time before it as the first; `#comparedGaps` of them were looked into. */
  #gaps = 1;
  #comparedGaps = 0;
  #isCatchingUp = false;
  #isWantedAgain = false;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(options: InvalidationBusOptions) {
    this.#options = options;
    const { redis, subscriber } = options;
    subscriber.on('message', (channel: string, text: string) => {
      if (channel === CHANNEL) this.#receive(text);
    });
    subscriber.on('ready', () => void this.#catchUp());
    subscriber.on('close', () => {
      this.#isSubscribed = false;
      this.#gaps++;
    });
    // Without a listener an 'error' event would end the process; the command connection speaks of outages.
    subscriber.on('error', () => {});
    redis.on('ready', () => void this.#catchUp());
    void this.#catchUp();
  }

  /** Tells the others of a change; false when Redis has not written it and will be told later. */
  async announce(scope: string, change: Change): Promise<boolean> {
    const whole = this.#pending.has(scope) ? EVERYTHING : change;
    this.#pending.set(scope, whole);
    const isTold = await this.#tellPending(scope, whole);
    if (!isTold) this.#schedule();
    return isTold;
  }

  /** Tells what is pending of the scope; false while that fails and the scope must be left alone. */
  async isSettled(scope: string): Promise<boolean> {
    const change = this.#pending.get(scope);
    if (change === undefined) return true;
    return (await this.#tellPending(scope, change)) && !this.#pending.has(scope);
  }

  /** Compares a generation read from Redis with the one known; false when it is older than that. */
  observe(scope: string, text: string): boolean {
    const seen = parseGeneration(text);
    if (seen === undefined) return false;
    const known = this.#knownGenerations.get(scope);
    if (known !== undefined && seen < known) {
      // The reply may have crossed a message, or Redis has forgotten a change.
      void this.#compare(scope);
      return false;
    }
    this.#knownGenerations.set(scope, seen);
    const { listener } = this.#options;
    // What is held without knowing any generation is from when Redis was away.
    const isUnheard = known === undefined ? listener.heldScopes().includes(scope) : seen > known;
    if (isUnheard) listener.onChange(scope, EVERYTHING);
    return true;
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  /**
   * Two changes of a scope can be under way at once; the later one, which then means everything, must not be forgotten when
   * the earlier one was told:
   *
   *     one write                       another write
   *     pending = A, tells A
   *                                     pending = everything, tells everything
   *     A is told: pending is not A
   *                                     fails: everything stays pending
   */
  async #tellPending(scope: string, change: Change): Promise<boolean> {
    if (!(await this.#tell(scope, change))) return false;
    if (this.#pending.get(scope) === change) this.#pending.delete(scope);
    return true;
  }

  async #tell(scope: string, change: Change): Promise<boolean> {
    const { redis, guard, keys, listener, instanceId, seal } = this.#options;
    const message = encodeMessage({ from: instanceId, scope, change }, seal);
    const reply = await guard.attempt('announce', () =>
      ANNOUNCE.run(redis, [keys.generation(scope)], [CHANNEL, message]),
    );
    if (!Array.isArray(reply)) return false;
    const [generation, old] = reply.map((number) => parseGeneration(String(number)));
    if (generation === undefined) return false;
    // Another instance's change came first; its message may be on the way, or lost.
    if (old !== undefined && old !== this.#knownGenerations.get(scope)) listener.onChange(scope, EVERYTHING);
    this.#knownGenerations.set(scope, generation);
    return true;
  }

  #receive(text: string): void {
    const { listener, instanceId, seal } = this.#options;
    const message = decodeMessage(text, seal);
    if (!message?.isGenuine) this.#distrust(message?.scope);
    else if (message.from !== instanceId && listener.knows(message.scope)) {
      const { scope, change, generation } = message;
      // One older than what is known is no reason to ignore it: this may be the change between two own ones.
      this.#knownGenerations.set(scope, Math.max(this.#knownGenerations.get(scope) ?? 0, generation));
      listener.onChange(scope, change);
    }
  }

  /** Somebody else's words say no more than that it may be time to look, and so do those of an instance with another key. */
  #distrust(scope: string | undefined): void {
    const { guard, listener } = this.#options;
    guard.rubbish(
      'message',
      'A message in Redis is none that an instance with one of redis.signingKeys wrote; it is not believed',
    );
    if (scope !== undefined && listener.knows(scope)) void this.#compare(scope);
  }

  async #subscribe(): Promise<void> {
    const { subscriber, guard } = this.#options;
    if (this.#isSubscribed || subscriber.status !== 'ready') return;
    const gaps = this.#gaps;
    try {
      await subscriber.subscribe(CHANNEL);
      this.#isSubscribed = gaps === this.#gaps;
      guard.over('subscription');
    } catch (error) {
      if (gaps !== this.#gaps) return;
      guard.trouble('subscription', 'Redis refuses the subscription to what other instances tell', error);
    }
  }

  /** Subscribes, tells what is pending and compares generations: once at a time, and once more if it is wanted meanwhile. */
  async #catchUp(): Promise<void> {
    this.#isWantedAgain = true;
    if (this.#isCatchingUp) return;
    this.#isCatchingUp = true;
    while (this.#isWantedAgain && !this.#isClosed) {
      this.#isWantedAgain = false;
      await this.#subscribe();
      for (const [scope, change] of [...this.#pending]) await this.#tellPending(scope, change);
      const gaps = this.#isSubscribed ? this.#gaps : this.#comparedGaps;
      if (await this.#compareAll()) this.#comparedGaps = gaps;
    }
    this.#isCatchingUp = false;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isClosed) return;
    const isBehind = this.#pending.size > 0 || this.#comparedGaps !== this.#gaps;
    this.#timer?.cancel();
    this.#timer = this.#options.clock.setTimer(
      () => void this.#catchUp(),
      isBehind ? PAUSE_MS : CHECK_EVERY_MS,
    );
  }

  /** Has any scope held here changed unheard? False when Redis did not say of all. */
  async #compareAll(): Promise<boolean> {
    const scopes = new Set([...this.#knownGenerations.keys(), ...this.#options.listener.heldScopes()]);
    // Where nothing is held, that Redis works shall be known all the same.
    for (const scope of scopes.size > 0 ? scopes : [NO_SCOPE])
      if (!(await this.#compare(scope))) return false;
    return true;
  }

  /**
   * Compares the scope's generation in Redis with the one known here. A later one means a change that was not heard of. An
   * earlier one means that Redis has forgotten one (a replica took over that had not got it yet), so that it is told anew:
   *
   *     this instance       the old master      the new master      another instance
   *     tells a change
   *                         generation 8        generation 7
   *                         is gone
   *                                                                 reads generation 7 and
   *                                                                 an entry that it finds good
   *     compares: 7 is before 8
   *     tells of everything                     generation 9
   *                                                                 hears of it: drops the entry
   *
   * One that is gone means that nobody knows.
   */
  async #compare(scope: string): Promise<boolean> {
    if (this.#comparing.has(scope)) return true;
    this.#comparing.add(scope);
    try {
      const { redis, guard, keys } = this.#options;
      const known = this.#knownGenerations.get(scope);
      const reply = await guard.attempt('check', () => CHECK.run(redis, [keys.generation(scope)], []));
      if (reply === undefined) return false;
      // What was heard of meanwhile may be later than the reply.
      if (known !== this.#knownGenerations.get(scope)) return true;
      return await this.#adopt(scope, known, parseGeneration(String(reply)));
    } finally {
      this.#comparing.delete(scope);
    }
  }

  async #adopt(scope: string, known: number | undefined, generation: number | undefined): Promise<boolean> {
    if (generation === known) return true;
    this.#options.listener.onChange(scope, EVERYTHING);
    if (generation === undefined) this.#knownGenerations.delete(scope);
    else this.#knownGenerations.set(scope, generation);
    const isForgotten = generation !== undefined && known !== undefined && generation < known;
    return !isForgotten || (await this.announce(scope, EVERYTHING));
  }
}
