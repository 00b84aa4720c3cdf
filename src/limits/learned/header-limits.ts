import { type LimitUnit, type PublishedLimit, UNIT_MS } from '../published/limit.ts';
import { Window } from '../windows/window.ts';
import { type HeaderLimit, readRateLimitFields } from './rate-limit-fields.ts';

const UNITS = Object.keys(UNIT_MS) as LimitUnit[];

/** Answers that say nothing of limits are told by these. */
const NAMES = ['ratelimit', 'x-ratelimit', 'x-rate-limit'].flatMap((prefix) => [
  ...(prefix === 'ratelimit' ? ['ratelimit', 'ratelimit-policy'] : []),
  ...['', '-second', '-minute', '-hour', '-day'].map((ending) => `${prefix}-limit${ending}`),
]);

/** The limits that a region tells of in its answers, one for each period, and the windows that keep to them. */
export class HeaderLimits {
  readonly #windows = new Map<number, Window>();
  readonly #marginMs: () => number;
  /** The longest time to a reset that was told with a count that names no period, ms. */
  #longestResetMs = 0;
  #guessedMs: number | undefined;

  constructor(marginMs: () => number) {
    this.#marginMs = marginMs;
  }

  get windows(): Window[] {
    return [...this.#windows.values()];
  }

  /**
   * Takes over what an answer says.
   * @returns whether there are other windows than before
   */
  heard(
    headers: Readonly<Record<string, string | string[] | undefined>>,
    now: number,
    nowWall: number,
  ): boolean {
    if (!NAMES.some((name) => headers[name] !== undefined)) return false;
    let isOther = false;
    for (const told of readRateLimitFields(headers, nowWall)) {
      const periodMs = told.periodMs ?? this.#guess(told.resetMs);
      if (periodMs === undefined) continue;
      const known = this.#windows.get(periodMs);
      const window = known ?? new Window(limitOf(told.value, periodMs), this.#marginMs());
      if (window.limit.value !== told.value) window.limit = limitOf(told.value, periodMs);
      if (!known) this.#windows.set(periodMs, window);
      isOther ||= !known;
      if (told.periodMs === undefined) isOther = this.#forgetShorter(periodMs) || isOther;
      follow(window, told, now);
    }
    return isOther;
  }

  /** A window is at least as long as it takes until it begins anew. */
  #guess(resetMs: number | undefined): number | undefined {
    if (resetMs === undefined) return this.#guessedMs;
    this.#longestResetMs = Math.max(this.#longestResetMs, resetMs);
    return UNIT_MS[UNITS.find((unit) => UNIT_MS[unit] >= this.#longestResetMs) ?? 'DAY'];
  }

  /** The guess was too short. */
  #forgetShorter(periodMs: number): boolean {
    const before = this.#guessedMs;
    this.#guessedMs = periodMs;
    return before !== undefined && before !== periodMs && this.#windows.delete(before);
  }
}

/**
 * What was used beyond all that is ours was used by others, and holds until the region begins anew, or for as long as the
 * window at most: whatever it says.
 */
function follow(window: Window, { value, remaining, resetMs }: HeaderLimit, now: number): void {
  if (remaining === undefined) return;
  const others = Math.max(0, value - remaining) - window.own(now) - window.strangers(now);
  if (others > 0) window.strangersLog.push(now + Math.min(resetMs ?? window.holdMs, window.holdMs), others);
}

function limitOf(value: number, periodMs: number): PublishedLimit {
  const unit = UNITS.find((one) => UNIT_MS[one] >= periodMs) ?? 'DAY';
  const limit = { verb: 'ALL', uri: '*', value, unit, origin: 'header' } as const;
  return periodMs === UNIT_MS[unit] ? limit : { ...limit, periodMs };
}
