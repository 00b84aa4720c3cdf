import type { Clock, Timer } from '../clock.ts';
import type { JsonObject } from '../json.ts';
import type { Charge } from '../limits/slot-request.ts';

/** What has changed, as far as the region has listed it. */
export interface Changes {
  readonly items: readonly JsonObject[];
  /** The region's own time when it began to list, wall ms; undefined: it did not say. */
  readonly regionMs: number | undefined;
  /** What the last page was charged to. */
  readonly charges: readonly Charge[];
}

/** What was seen of something. */
export interface Seen {
  readonly item: JsonObject;
  /** When the region was asked, monotonic ms: what is seen is no older. */
  readonly askedAt: number;
}

/** Asks the region what has changed since a time of its own, wall ms. */
export type AskChanges = (sinceMs: number) => Promise<Changes>;

/** Somebody who waits for a state. */
interface Waiter {
  readonly isReached: (item: JsonObject) => boolean;
  readonly settle: (seen: Seen | undefined) => void;
  last: Seen | undefined;
}

/** Part of a limit that polls may use up: the rest is for requests. */
const SHARE = 0.2;
const SHORTEST_TICK_MS = 1000;
const LONGEST_TICK_MS = 60_000;
/** Looks that fail come no more seldom than this, unless the limits say so: whoever waits is to hear soon that the region is back, ms. */
const LONGEST_FAILING_MS = 10_000;
/** How far before the last look each look begins, ms: what the region wrote meanwhile may bear an earlier time. */
export const OVERLAP_MS = 30_000;

const UNIT_MS = { SECOND: 1000, MINUTE: 60_000, HOUR: 3_600_000, DAY: 86_400_000 } as const;

/**
 * How long to wait until the next look, by what the last one was charged to: polls take a fifth of a limit, and less the less
 * is left of it.
 */
export function tickMs(charges: readonly Charge[]): number {
  let longest = SHORTEST_TICK_MS;
  for (const { limit, remaining } of charges) {
    const { value, unit } = limit;
    if (value === 0) continue;
    const left = remaining / value;
    const scarcity = left > 0.5 ? 1 : left > 0.2 ? 2 : 5;
    longest = Math.max(longest, (UNIT_MS[unit] / value / SHARE) * scarcity);
  }
  return Math.min(longest, LONGEST_TICK_MS);
}

/**
 * One poll for all who wait for states of the same kind of things in a region: a `changes-since` list a tick, however many
 * wait. It begins with the first and ends with the last.
 */
export class StatePoll {
  readonly #clock: Clock;
  readonly #waiters = new Map<string, Set<Waiter>>();
  /** Asks on behalf of whoever came last. */
  #ask: AskChanges | undefined;
  /** By the region's clock, wall ms. */
  #since = 0;
  #timer: Timer | undefined;
  #isAsking = false;
  #tickMs = SHORTEST_TICK_MS;
  /** Looks that have failed in a row. */
  #failures = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether nobody waits. */
  get isIdle(): boolean {
    return this.#waiters.size === 0;
  }

  /**
   * Waits until something is in a state.
   *
   * @param isReached whether this is the state, or one after which it will not come any more
   * @param sinceMs the region's own time from which on its changes are news, wall ms
   * @returns the last that was seen of it, reached or not; undefined: nothing
   * @throws the signal's reason when the caller leaves
   */
  wait(
    id: string,
    isReached: (item: JsonObject) => boolean,
    {
      sinceMs,
      waitMs,
      signal,
      ask,
    }: { sinceMs: number; waitMs: number; signal: AbortSignal; ask: AskChanges },
  ): Promise<Seen | undefined> {
    if (signal.aborted) return Promise.reject(signal.reason);
    this.#since = this.isIdle ? sinceMs : Math.min(this.#since, sinceMs);
    this.#ask = ask;
    return new Promise((resolve, reject) => {
      const end = () => {
        timer.cancel();
        signal.removeEventListener('abort', leave);
        this.#remove(id, waiter);
      };
      const leave = () => {
        end();
        reject(signal.reason);
      };
      const waiter: Waiter = {
        isReached,
        last: undefined,
        settle: (seen) => {
          end();
          resolve(seen);
        },
      };
      const timer = this.#clock.setTimer(() => waiter.settle(waiter.last), waitMs);
      signal.addEventListener('abort', leave, { once: true });
      const others = this.#waiters.get(id);
      if (others === undefined) this.#waiters.set(id, new Set([waiter]));
      else others.add(waiter);
      this.#schedule();
    });
  }

  /** Nobody waits any longer: all are told what was last seen. */
  end(): void {
    for (const waiters of [...this.#waiters.values()])
      for (const waiter of [...waiters]) waiter.settle(waiter.last);
  }

  #remove(id: string, waiter: Waiter): void {
    const waiters = this.#waiters.get(id);
    if (waiters === undefined) return;
    waiters.delete(waiter);
    if (waiters.size === 0) this.#waiters.delete(id);
    if (!this.isIdle) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#failures = 0;
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#isAsking || this.isIdle) return;
    this.#timer = this.#clock.setTimer(() => void this.#look(), this.#pauseMs);
  }

  get #pauseMs(): number {
    const failingMs = Math.min(SHORTEST_TICK_MS * 2 ** this.#failures, LONGEST_FAILING_MS);
    return Math.max(this.#tickMs, failingMs);
  }

  async #look(): Promise<void> {
    this.#timer = undefined;
    this.#isAsking = true;
    const askedAt = this.#clock.monotonic();
    try {
      const { items, regionMs, charges } = await this.#ask!(this.#since);
      this.#since = (regionMs ?? this.#clock.now()) - OVERLAP_MS;
      this.#tickMs = tickMs(charges);
      this.#failures = 0;
      for (const item of items) this.#saw(item, askedAt);
    } catch {
      // Whoever waits has its own time; the region is asked less and less meanwhile.
      this.#failures++;
    } finally {
      this.#isAsking = false;
      this.#schedule();
    }
  }

  #saw(item: JsonObject, askedAt: number): void {
    const { id } = item;
    const waiters = typeof id === 'string' ? this.#waiters.get(id) : undefined;
    if (waiters === undefined) return;
    const seen = { item, askedAt };
    for (const waiter of [...waiters]) {
      waiter.last = seen;
      if (waiter.isReached(item)) waiter.settle(seen);
    }
  }
}

/** The polls of all regions that anybody waits in; one that nobody waits in is forgotten. */
export class StatePolls {
  readonly #polls = new Map<string, StatePoll>();

  /** @param make makes the one of this key */
  of(key: string, make: () => StatePoll): StatePoll {
    for (const [other, poll] of this.#polls) if (poll.isIdle && other !== key) this.#polls.delete(other);
    const poll = this.#polls.get(key) ?? make();
    this.#polls.set(key, poll);
    return poll;
  }

  /** Whoever waits is answered at once. */
  end(): void {
    for (const poll of this.#polls.values()) poll.end();
  }
}
