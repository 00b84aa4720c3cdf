import type { Clock, Timer } from '../../clock.ts';
import type { RedisConnection } from '../../redis/connection.ts';
import { PAUSE_MS, type RedisGuard } from '../../redis/guard.ts';
import { type Change, EVERYTHING } from '../invalidation.ts';
import type { SharedListener } from '../shared-store.ts';
import { CHANNEL, type RedisKeys } from './keys.ts';
import { decodeMessage, encodeMessage } from './message.ts';
import { ANNOUNCE } from './scripts.ts';

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
}

/**
 * Tells the instances of each other's changes. Each change gives its scope a new generation number and is published with
 * it. Messages can be lost (pub/sub promises nothing), so an instance that meets a generation it does not know drops the
 * scope, and after every gap in the subscription all scopes held here are compared.
 *
 * A change that Redis could not be told of stays pending and is told later; until then this instance neither reads nor
 * writes the scope there, because what others left may be older than the change.
 */
export class InvalidationBus {
  readonly #options: InvalidationBusOptions;
  /** The newest generation known of each scope. */
  readonly #knownGenerations = new Map<string, number>();
  /** Changes that Redis has not been told of, by scope. */
  readonly #pending = new Map<string, Change>();
  /** Counts the gaps in the subscription, the time before it as the first; `#comparedGaps` of them were looked into. */
  #gaps = 1;
  #comparedGaps = 0;
  #retry: Timer | undefined;
  #isClosed = false;

  constructor(options: InvalidationBusOptions) {
    this.#options = options;
    const { redis, subscriber } = options;
    subscriber.on('message', (_channel: string, text: string) => this.#receive(text));
    subscriber.on('ready', () => this.#subscribe());
    subscriber.on('close', () => {
      this.#gaps++;
    });
    // Without a listener an 'error' event would end the process; the command connection speaks of outages.
    subscriber.on('error', () => {});
    redis.on('ready', () => void this.#catchUp());
    if (subscriber.status === 'ready') this.#subscribe();
  }

  /** Tells the others of a change; false when Redis was not told and will be later. */
  async announce(scope: string, change: Change): Promise<boolean> {
    const whole = this.#pending.has(scope) ? EVERYTHING : change;
    this.#pending.set(scope, whole);
    const isTold = await this.#tellPending(scope, whole);
    if (!isTold) this.#retryLater();
    return isTold;
  }

  /** Tells what is pending of the scope; false while that fails and the scope must be left alone. */
  async isSettled(scope: string): Promise<boolean> {
    const change = this.#pending.get(scope);
    if (change === undefined) return true;
    return (await this.#tellPending(scope, change)) && !this.#pending.has(scope);
  }

  /** Compares a generation read from Redis with the one known; false when it is older than that. */
  observe(scope: string, generation: string): boolean {
    if (generation === '') return false;
    const known = this.#knownGenerations.get(scope);
    const seen = Number(generation);
    if (known !== undefined && seen < known) return false;
    this.#knownGenerations.set(scope, seen);
    const { listener } = this.#options;
    // What is held without knowing any generation is from when Redis was away.
    const isUnheard = known === undefined ? listener.heldScopes().includes(scope) : seen > known;
    if (isUnheard) listener.onChange(scope, EVERYTHING);
    return true;
  }

  close(): void {
    this.#isClosed = true;
    this.#retry?.cancel();
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
    const { redis, guard, keys, listener, instanceId } = this.#options;
    const message = encodeMessage({ from: instanceId, scope, change });
    const reply = await guard.attempt('announce', () =>
      ANNOUNCE.run(redis, [keys.generation(scope)], [CHANNEL, message]),
    );
    if (!Array.isArray(reply)) return false;
    const [generation = 0, old] = reply.map((number) => Number(String(number)));
    // Another instance's change came first; its message may be on the way, or lost.
    if (old !== 0 && old !== this.#knownGenerations.get(scope)) listener.onChange(scope, EVERYTHING);
    this.#raise(scope, generation);
    return true;
  }

  #receive(text: string): void {
    const { listener, instanceId } = this.#options;
    const message = decodeMessage(text);
    if (!message || message.from === instanceId) return;
    // One older than what is known is no reason to ignore it: this may be the change between two own ones.
    this.#raise(message.scope, message.generation);
    listener.onChange(message.scope, message.change);
  }

  #raise(scope: string, generation: number): void {
    this.#knownGenerations.set(scope, Math.max(this.#knownGenerations.get(scope) ?? 0, generation));
  }

  #subscribe(): void {
    this.#options.subscriber.subscribe(CHANNEL).then(
      () => this.#catchUp(),
      () => this.#retryLater(),
    );
  }

  get #hasGap(): boolean {
    return this.#comparedGaps !== this.#gaps;
  }

  /** Tells what is pending and looks into what may have been missed, again and again until both are done. */
  async #catchUp(): Promise<void> {
    for (const [scope, change] of [...this.#pending]) await this.#tellPending(scope, change);
    if (this.#hasGap) await this.#compare();
    if (this.#pending.size > 0 || this.#hasGap) this.#retryLater();
  }

  #retryLater(): void {
    if (this.#isClosed || this.#retry) return;
    this.#retry = this.#options.clock.setTimer(() => {
      this.#retry = undefined;
      void this.#catchUp();
    }, PAUSE_MS);
  }

  /** After a gap: has any scope held here changed meanwhile? */
  async #compare(): Promise<void> {
    const { subscriber, listener } = this.#options;
    if (subscriber.status !== 'ready') return;
    const gaps = this.#gaps;
    for (const scope of new Set([...this.#knownGenerations.keys(), ...listener.heldScopes()]))
      if (!(await this.#compareScope(scope))) return;
    this.#comparedGaps = gaps;
  }

  /** A generation that is gone means that nobody knows. False when Redis did not say. */
  async #compareScope(scope: string): Promise<boolean> {
    const { redis, guard, keys, listener } = this.#options;
    const generation = await guard.attempt(
      'compare',
      // Unlike GET, MGET takes rubbish of another type for nothing.
      async () => (await redis.mget(keys.generation(scope)))[0] ?? '',
    );
    if (generation === undefined) return false;
    const known = this.#knownGenerations.get(scope);
    if (generation === '' ? known === undefined : known === Number(generation)) return true;
    if (generation === '') this.#knownGenerations.delete(scope);
    else this.#knownGenerations.set(scope, Number(generation));
    listener.onChange(scope, EVERYTHING);
    return true;
  }
}
