import type { LearnedUnit } from './evidence.ts';

/** How long a raised value has to hold before it is believed, ms. */
const CLEAN_MS = 2_500;
/** The same for a value that the region refused when it was last tried. */
const CLEAN_AGAIN_MS = 5_000;

/**
 * How long after a refusal the value is raised again, ms: doubled with each attempt that fails, up to the longest. What a
 * second holds is asked often enough that a limit which was raised is followed within a minute, and seldom enough that the
 * attempts stay below half a percent of what 20 a second allow.
 */
const PROBES: Readonly<Record<LearnedUnit, { readonly firstMs: number; readonly longestMs: number }>> = {
  SECOND: { firstMs: 10_000, longestMs: 36_000 },
  MINUTE: { firstMs: 20_000, longestMs: 300_000 },
  HOUR: { firstMs: 30_000, longestMs: 1_800_000 },
};

/** An estimate, as it is remembered. */
export interface EstimateState {
  readonly value: number;
  /** The highest value that has held. */
  readonly good: number;
}

/**
 * What a limit that nobody publishes is taken to be: cut to the evidence when the region refuses (multiplicative decrease,
 * since what it lets through is what is left), raised in steps that double while they hold (additive increase from the first
 * step on), and only while the value is what requests wait for. Pure; times are monotonic ms.
 */
export class Estimate {
  readonly unit: LearnedUnit;
  /** Requests per unit, at least 1. */
  value: number;
  good: number;
  isProbing = false;
  /** When the value was last lowered: what left before says nothing about the lower one. */
  loweredAt = Number.NEGATIVE_INFINITY;
  /** When the value may be raised next. */
  probeAt: number;
  #step = 1;
  /** Attempts at a higher value in a row that the region refused. */
  #failures = 0;
  /** What was on its way when the value was lowered cannot lower it further than this. */
  #floor = 1;
  /** The value that was refused last; until it holds, what is tried goes up by one. */
  #ceiling = Number.POSITIVE_INFINITY;
  #raisedAt = Number.NEGATIVE_INFINITY;
  /** Slots taken beyond the value that has held. */
  #beyond = 0;

  constructor(unit: LearnedUnit, value: number, now: number) {
    this.unit = unit;
    this.value = Math.max(1, value);
    this.good = this.value;
    this.probeAt = now + PROBES[unit].firstMs;
  }

  /**
   * A request left, and so many slots of the window are taken now. Answers whether the value is another.
   */
  taken(held: number, now: number): boolean {
    if (this.isProbing && held > this.good) this.#beyond++;
    return this.#mayRaise(held, now) && this.#raise(now);
  }

  /** Time has come to look whether there is more, and the window is full. Answers whether the value is another. */
  full(now: number): boolean {
    return !this.isProbing && now >= this.probeAt && this.#raise(now);
  }

  /**
   * The region refused a request that left at `sentAt`.
   * @param evidence what it has let through in the last unit, with what is on its way: the limit is no more than that
   * @returns whether the value is another
   */
  refused(sentAt: number, evidence: number, now: number): boolean {
    const before = this.value;
    if (sentAt >= this.loweredAt) this.#ceiling = before;
    if (this.isProbing) {
      this.#failures++;
      this.#floor = this.good;
      this.value = Math.max(this.good, Math.min(before - 1, evidence));
    } else if (sentAt >= this.loweredAt) {
      this.#failures++;
      this.#floor = 1;
      this.value = Math.max(1, Math.min(before - 1, evidence));
    } else this.value = Math.min(before, Math.max(this.#floor, evidence));
    if (this.value < before) this.loweredAt = now;
    this.good = this.value;
    this.isProbing = false;
    this.#step = 1;
    const { firstMs, longestMs } = PROBES[this.unit];
    this.probeAt = now + Math.min(longestMs, firstMs * 2 ** Math.min(20, this.#failures));
    return this.value !== before;
  }

  /** As it was before refusals that were about something else. */
  restore(state: EstimateState, now: number): void {
    this.value = state.value;
    this.good = state.good;
    this.isProbing = false;
    this.probeAt = now + PROBES[this.unit].firstMs;
  }

  get state(): EstimateState {
    return { value: this.good, good: this.good };
  }

  #mayRaise(held: number, now: number): boolean {
    if (held < this.value) return false;
    if (!this.isProbing) return now >= this.probeAt;
    return (
      this.#beyond >= this.value - this.good &&
      now - this.#raisedAt >= (this.value >= this.#ceiling ? CLEAN_AGAIN_MS : CLEAN_MS)
    );
  }

  #raise(now: number): boolean {
    if (this.isProbing) {
      // It has held.
      this.good = this.value;
      if (this.good >= this.#ceiling) this.#ceiling = Number.POSITIVE_INFINITY;
      if (this.#ceiling < Number.POSITIVE_INFINITY) return this.#next(now);
      this.#failures = 0;
      this.#step = Math.min(this.#step * 2, Math.max(1, this.good));
    }
    return this.#next(now);
  }

  #next(now: number): boolean {
    this.isProbing = true;
    this.value = this.good + this.#step;
    this.#raisedAt = now;
    this.#beyond = 0;
    return true;
  }
}
