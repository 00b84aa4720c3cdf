import { UNIT_MS } from '../published/limit.ts';
import type { Window } from '../windows/window.ts';
import { LEARNED_UNITS, type LearnedUnit } from './evidence.ts';

/** Refusals in a row, with nothing let through between, after which nothing leaves for a while. */
const MOST_IN_A_ROW = 3;
/** How much of what was let through in a unit must have passed for a refusal to be about a longer one. */
const CONTRADICTED = 0.2;
/** The first pause is a second and a bit, so that what then follows tells a limit per SECOND from a longer one. */
const PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS: Readonly<Record<LearnedUnit, number>> = {
  SECOND: 2_000,
  MINUTE: 60_000,
  HOUR: 600_000,
};

/** By then others who cannot be heard use no more than their part. */
const ALONE_MS = 5_000;

/** Refusals with nothing let through between, and of a limit of which unit they are taken to be. */
export class Streak {
  unit: LearnedUnit;
  /** When the first was heard of, monotonic ms. */
  readonly since: number;
  /** What had been let through in each unit then. */
  readonly #evidence: Readonly<Record<LearnedUnit, number>>;
  #count = 1;
  /** When others were first heard of since it began, and last. */
  #heardFrom: number | undefined;
  #heardAt = 0;
  /** How long nothing leaves after the next refusal. */
  #pauseMs = PAUSE_MS;
  #pausedUntil: number;

  constructor(unit: LearnedUnit, since: number, evidence: Readonly<Record<LearnedUnit, number>>) {
    this.unit = unit;
    this.since = since;
    this.#evidence = evidence;
    this.#pausedUntil = since;
  }

  /** One more. What left before a pause says nothing about what follows it. */
  add(sentAt: number): void {
    if (sentAt >= this.since) this.#count++;
  }

  /**
   * Others who share the limit were heard of.
   * @param isMore more of their requests were let through than when they were heard of last
   * @returns whether that was after the refusals began: then these were of what they were taken for
   */
  heard(now: number, isMore: boolean): boolean {
    if (this.#heardFrom !== undefined && isMore) return true;
    this.#heardFrom ??= now;
    this.#heardAt = now;
    return false;
  }

  /**
   * Whether all others were heard of meanwhile, and had nothing let through either.
   * @param hearingMs how long that takes; Infinity: they cannot be heard, and keep to their part after a while
   */
  isSilentFor(hearingMs: number, now: number): boolean {
    if (hearingMs === 0) return true;
    if (hearingMs === Number.POSITIVE_INFINITY) return now >= this.since + ALONE_MS;
    return this.#heardFrom !== undefined && this.#heardAt - this.#heardFrom >= hearingMs;
  }

  /**
   * The unit of the limit that the last one is about.
   * @param letThrough how many were let through in the unit supposed so far
   * @param waitMs how long the region asks to wait; undefined: it did not say
   */
  unitOf(letThrough: number, sentAt: number, waitMs: number | undefined): LearnedUnit {
    const at = LEARNED_UNITS.indexOf(this.unit);
    let least = at;
    // A date is rounded up by a second.
    if (waitMs !== undefined) while (least < 2 && waitMs > UNIT_MS[LEARNED_UNITS[least]!] + 1_000) least++;
    const passed = letThrough <= CONTRADICTED * this.#evidence[this.unit];
    if (least === at && at < 2 && this.#count > 1 && sentAt > this.since && passed) least++;
    return LEARNED_UNITS[least]!;
  }

  /** Nothing leaves for as long as the region says, or for a while when it refuses one after another; then one goes ahead. */
  pause(window: Window, sentAt: number, now: number, waitMs: number | undefined): void {
    if (waitMs !== undefined) window.block(now + Math.min(waitMs, window.holdMs));
    if (this.#count < MOST_IN_A_ROW || sentAt < this.#pausedUntil) return;
    this.#pausedUntil = now + this.#pauseMs + window.holdMs - UNIT_MS[window.limit.unit];
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS[this.unit]);
    window.block(this.#pausedUntil);
    window.isTrial = true;
  }
}
