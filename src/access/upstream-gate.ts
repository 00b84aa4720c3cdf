/**
 * How often strangers may have the identity services asked on their behalf: few at a time, the addresses taking turns, and
 * slowed after failures. Whoever was right from an address before goes first there, then addresses from which nobody has failed, or
 * been told to wait and did not. It outlives a reload.
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import type { Fault } from '../faults/faults.ts';
import { owned } from '../owned-text.ts';
import { addressGroup, FailureBrake } from './failure-brake.ts';
import { LeakyCounts } from './leaky-counts.ts';
import { loginFault } from './login.ts';
import { type QueueTerms, VerificationQueue } from './verification-queue.ts';

/** What the identity services are asked costs this machine next to nothing, but their patience. */
const TERMS: QueueTerms = {
  mostRunning: 16,
  mostWaiting: 512,
  mostWaitingPerGroup: 32,
  longestWaitMs: 10_000,
  isDear: false,
};
/** Tokens of nobody that an address may show at once, and a second. */
const MOST_FAILURES = 30;
const FAILURES_PER_SECOND = 0.5;
const KNOWN_MS = 24 * 3_600_000;
const MOST_KNOWN = 8_192;

export class UpstreamGate {
  readonly #clock: Clock;
  readonly #queue: VerificationQueue;
  /** Tokens of nobody by address: a token has no name that could be counted beside it. */
  readonly #failures = new LeakyCounts(MOST_FAILURES, FAILURES_PER_SECOND);
  readonly #brake = new FailureBrake();
  /** Until when an address is one from which somebody was right. */
  readonly #known = new LRUCache<string, number>({ max: MOST_KNOWN });

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#queue = new VerificationQueue(clock, TERMS);
  }

  /**
   * Asks what a token is that was never seen.
   *
   * @param ask undefined: it is nobody's
   * @throws {Fault} 429 with Retry-After; what `ask` throws
   */
  async validate<T>(address: string, ask: () => Promise<T | undefined>): Promise<T | undefined> {
    const place = owned(addressGroup(address));
    const pauseMs = this.#failures.pauseMs(place, this.#clock.monotonic());
    if (pauseMs > 0) throw slowFault(pauseMs);
    this.#failures.add(place, this.#clock.monotonic());
    let isWrong = false;
    try {
      const found = await this.#run(place, ask);
      isWrong = found === undefined;
      return found;
    } finally {
      if (!isWrong) this.#failures.takeBack(place);
    }
  }

  /** Somebody has shared the answer that a token is nobody's. */
  failed(address: string): void {
    this.#failures.add(owned(addressGroup(address)), this.#clock.monotonic());
  }

  /**
   * Hands a login on.
   *
   * @param isKnown the same words were right before: nobody slows them
   * @param ask undefined: the words are wrong
   * @throws {Fault} 429 with Retry-After; what `ask` throws
   */
  async logIn<T>(
    {
      address,
      name,
      isKnown,
    }: { readonly address: string; readonly name: string; readonly isKnown: boolean },
    ask: () => Promise<T | undefined>,
  ): Promise<T | undefined> {
    const place = owned(addressGroup(address));
    if (isKnown) return this.#run(place, ask);
    const attempt = this.#brake.begin(address, name, this.#clock.monotonic());
    if ('pauseMs' in attempt) throw slowFault(attempt.pauseMs);
    let found: T | undefined;
    try {
      found = await this.#run(place, ask);
    } catch (error) {
      attempt.withdrawn();
      throw error;
    }
    if (found === undefined) attempt.failed();
    else attempt.succeeded();
    return found;
  }

  async #run<T>(place: string, ask: () => Promise<T | undefined>): Promise<T | undefined> {
    let found: T | undefined;
    const now = this.#clock.monotonic();
    const isKnown = (this.#known.get(place) ?? 0) > now;
    const standing = isKnown ? 'known' : this.#brake.look(place, '', now).isFresh ? 'fresh' : 'suspect';
    const outcome = await this.#queue.run({ group: place, place, standing }, async () => {
      found = await ask();
      return found !== undefined;
    });
    if (outcome === 'busy') {
      this.#brake.toldToWait(place, this.#queue.busyMs, this.#clock.monotonic());
      throw slowFault(this.#queue.busyMs);
    }
    if (outcome) this.#known.set(place, this.#clock.monotonic() + KNOWN_MS);
    return found;
  }
}

function slowFault(pauseMs: number): Fault {
  const retryAfterSeconds = Math.max(1, Math.ceil(pauseMs / 1_000));
  return loginFault({ kind: 'refused', reason: 'too-many-failures', retryAfterSeconds });
}
