import type { LearnedUnit } from './evidence.ts';

/** How long a raised value has to hold before it is believed, ms. */
const CLEAN_MS = 2_500;
/** The same for a value that the region refused when it was last tried. */
const CLEAN_AGAIN_MS = 5_000;
/** What is left at least of a value that instances share when it is cut: what others were let through is heard of late. */
const LEAST_LEFT = 0.75;
/**
 * A value that has held for this long was not only borrowed, ms: a leaky bucket lets more through than it drains until it is
 * full, and then says no to each value of a climb in turn.
 */
const SETTLED_MS = 6_000;
/** By how much a value may have risen within that time for the climb to have been borrowed. */
const BORROWED = 1.5;
/** So many failures in a row, and as many a borrowed climb counts for, that the longest time goes by until the next attempt. */
const MANY = 3;

/**
 * How long after a refusal the value is raised again, ms: doubled with each further one that fails, up to the longest. What a
 * second holds is asked often enough that a limit which was raised is followed within a minute, and seldom enough that the
 * attempts stay below half a percent of what 20 a second allow.
 */
const PROBES: Readonly<Record<LearnedUnit, { readonly firstMs: number; readonly longestMs: number }>> = {
  SECOND: { firstMs: 10_000, longestMs: 36_000 },
  MINUTE: { firstMs: 20_000, longestMs: 300_000 },
  HOUR: { firstMs: 30_000, longestMs: 1_800_000 },
};

/** An estimate, as instances tell it each other. */
export interface EstimateState {
  /** One more with every change: of two, the higher is the later. */
  readonly version: number;
  /** Requests per unit; more than `good` while more is tried. 0: there is no such limit after all. */
  readonly value: number;
  /** The highest value that has held. */
  readonly good: number;
  /** By how much it is raised. */
  readonly step: number;
  /** Attempts at a higher value in a row that the region refused. */
  readonly failures: number;
  /** The value that was refused last and has not held since; undefined: none. */
  readonly ceiling?: number | undefined;
}

/**
 * What a limit that nobody publishes is taken to be: cut to the evidence when the region refuses (multiplicative decrease,
 * since what it lets through is what is left), raised in steps that double while they hold (additive increase from the first
 * step on), and only while the value is what requests wait for. Pure; times are monotonic ms.
 *
 * Instances that share the limit share what it is taken to be. A higher value is tried once all of them have heard that it
 * is, so that whoever is refused knows why:
 *
 *     one instance                    another
 *     "21 is tried" ------------->    hears of it within a second
 *     takes the 21st slot             is refused: 21 is too much, 20 holds
 *     hears of that      <--------    "20 it is"
 */
export class Estimate {
  readonly unit: LearnedUnit;
  /** Requests per unit, at least 1. */
  value: number;
  good: number;
  version = 0;
  /** When the value was last lowered: what left before says nothing about the lower one. */
  loweredAt = Number.NEGATIVE_INFINITY;
  readonly #hearingMs: () => number;
  /** When the value may be raised next. */
  #probeAt: number;
  #step = 1;
  #failures = 0;
  #ceiling = Number.POSITIVE_INFINITY;
  /** What was on its way when the value was lowered cannot lower it further than this. */
  #floor = 1;
  /** Values that have held for less than SETTLED_MS, and since when; before them the one that has for longer. */
  #climb: { readonly good: number; readonly since: number }[] = [];
  /** From when on the raised value is tried. */
  #triedFrom = Number.NEGATIVE_INFINITY;
  /** Slots taken beyond the value that has held. */
  #beyond = 0;

  /** @param hearingMs until all who share the limit have heard of a change, ms; Infinity: they cannot hear of it now */
  constructor(unit: LearnedUnit, value: number, now: number, hearingMs: () => number = () => 0) {
    this.unit = unit;
    this.#hearingMs = hearingMs;
    this.value = Math.max(1, value);
    this.good = this.value;
    this.#probeAt = now + PROBES[unit].firstMs;
  }

  /** More than what has held is tried, or is about to be. */
  get isProbing(): boolean {
    return this.value > this.good;
  }

  /** What may be taken now: what is about to be tried, others have to hear of first. */
  usable(now: number): number {
    return now < this.#triedFrom ? this.good : this.value;
  }

  /** When there may be more to take if the window is full; Infinity: when time alone changes nothing. */
  nextAt(now: number): number {
    if (this.isProbing) return now < this.#triedFrom ? this.#triedFrom : Number.POSITIVE_INFINITY;
    return this.#hearingMs() === Number.POSITIVE_INFINITY ? Number.POSITIVE_INFINITY : this.#probeAt;
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
    return !this.isProbing && now >= this.nextAt(now) && this.#raise(now);
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
      this.#floor = this.#hearingMs() > 0 ? Math.max(1, Math.floor(before * LEAST_LEFT)) : 1;
      this.value = Math.max(this.#floor, Math.min(before - 1, evidence));
      const settled = this.#settled(now);
      if (before <= BORROWED * settled) this.value = Math.min(this.value, settled);
      if (this.#climb.length > 1) this.#failures = Math.max(this.#failures, MANY);
      this.#climb = [];
    } else this.value = Math.min(before, Math.max(this.#floor, evidence));
    if (this.value < before) this.loweredAt = now;
    if (this.value !== before) this.version++;
    this.good = this.value;
    this.#step = 1;
    this.#wait(now);
    return this.value !== before;
  }

  /** As it was before refusals that were about something else. */
  restore({ good }: EstimateState, now: number): void {
    this.value = good;
    this.good = good;
    this.version++;
    this.#probeAt = now + PROBES[this.unit].firstMs;
  }

  /** What others who share the limit take it to be. */
  hear({ version, value, good, step, failures, ceiling }: EstimateState, now: number): void {
    const wasProbing = this.isProbing;
    if (good > this.good) this.#held(good, now);
    if (value < this.value) {
      this.loweredAt = now;
      this.#floor = good;
      this.#climb = [];
    }
    this.version = version;
    this.value = value;
    this.good = good;
    this.#step = step;
    this.#failures = failures;
    this.#ceiling = ceiling ?? Number.POSITIVE_INFINITY;
    if (this.isProbing) this.#try(now, wasProbing);
    else this.#wait(now);
  }

  get state(): EstimateState {
    const ceiling = this.#ceiling === Number.POSITIVE_INFINITY ? {} : { ceiling: this.#ceiling };
    const { version, value, good } = this;
    return { version, value, good, step: this.#step, failures: this.#failures, ...ceiling };
  }

  #mayRaise(held: number, now: number): boolean {
    if (held < this.value || this.#hearingMs() === Number.POSITIVE_INFINITY) return false;
    if (!this.isProbing) return now >= this.#probeAt;
    return (
      this.#beyond >= this.value - this.good &&
      now - this.#triedFrom >= (this.value >= this.#ceiling ? CLEAN_AGAIN_MS : CLEAN_MS)
    );
  }

  #raise(now: number): boolean {
    const wasProbing = this.isProbing;
    if (wasProbing) {
      this.#held(this.value, now);
      if (this.good >= this.#ceiling) this.#ceiling = Number.POSITIVE_INFINITY;
      if (this.#ceiling === Number.POSITIVE_INFINITY) {
        this.#failures = 0;
        this.#step = Math.min(this.#step * 2, Math.max(1, this.good));
      }
    }
    const isBelowCeiling = this.#ceiling < Number.POSITIVE_INFINITY;
    const step = isBelowCeiling ? Math.max(1, Math.floor((this.#ceiling - this.good) / 4)) : this.#step;
    this.value = this.good + step;
    this.version++;
    this.#try(now, wasProbing);
    return true;
  }

  /** So much has held. */
  #held(value: number, now: number): void {
    if (this.#climb.length === 0) this.#climb.push({ good: this.good, since: Number.NEGATIVE_INFINITY });
    this.#climb.push({ good: value, since: now });
    while (this.#climb.length > 1 && this.#climb[1]!.since <= now - SETTLED_MS) this.#climb.shift();
    this.good = value;
  }

  /** The highest value that has held for long. */
  #settled(now: number): number {
    return this.#climb.findLast(({ since }) => since <= now - SETTLED_MS)?.good ?? this.good;
  }

  /** @param isHeard the others know already that more is tried */
  #try(now: number, isHeard: boolean): void {
    this.#triedFrom = isHeard ? now : now + this.#hearingMs();
    this.#beyond = 0;
  }

  #wait(now: number): void {
    const { firstMs, longestMs } = PROBES[this.unit];
    this.#probeAt = now + Math.min(longestMs, firstMs * 2 ** Math.min(20, Math.max(0, this.#failures - 1)));
  }
}
