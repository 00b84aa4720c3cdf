import { UNIT_MS } from '../published/limit.ts';
import { ExpiryLog } from '../windows/expiry-log.ts';

/** The units in which a limit that nobody publishes is looked for, shortest first. */
export const LEARNED_UNITS = ['SECOND', 'MINUTE', 'HOUR'] as const;
export type LearnedUnit = (typeof LEARNED_UNITS)[number];

/** Whether a text of elsewhere is one of them. */
export const isLearnedUnit = (unit: unknown): unit is LearnedUnit =>
  LEARNED_UNITS.some((known) => known === unit);

/**
 * What a region has let through of one kind of requests in the last second, minute and hour: the evidence a limit is found
 * out from. Times are monotonic ms, of answers.
 */
export class Evidence {
  readonly #logs: Readonly<Record<LearnedUnit, ExpiryLog>> = {
    SECOND: new ExpiryLog(UNIT_MS.SECOND),
    MINUTE: new ExpiryLog(UNIT_MS.MINUTE),
    HOUR: new ExpiryLog(UNIT_MS.HOUR),
  };
  /** What others who share the limit have had let through, and when that was heard. */
  readonly #others = new Map<LearnedUnit, { readonly count: number; readonly at: number }>();
  /** Requests on their way: nobody knows yet whether they are let through. */
  underWay = 0;

  /** A request was let through; its answer is here now. */
  accepted(now: number): void {
    for (const unit of LEARNED_UNITS) {
      const log = this.#logs[unit];
      log.expire(now);
      log.push(now + UNIT_MS[unit]);
    }
  }

  /** How many were let through in the last unit. */
  count(unit: LearnedUnit, now: number): number {
    const log = this.#logs[unit];
    log.expire(now);
    return log.held;
  }

  /** So many requests of others were let through in the last unit. */
  hear(unit: LearnedUnit, count: number, now: number): void {
    this.#others.set(unit, { count, at: now });
  }

  /** How many of others were, as far as was heard of it in the last unit. */
  others(unit: LearnedUnit, now: number): number {
    const heard = this.#others.get(unit);
    return heard !== undefined && now < heard.at + UNIT_MS[unit] ? heard.count : 0;
  }

  /** Those that were let through in the last unit, one by one: when each will be a unit ago. */
  entries(unit: LearnedUnit, now: number): Iterable<{ expiryMs: number; count: number }> {
    const log = this.#logs[unit];
    log.expire(now);
    return log.entries();
  }
}
