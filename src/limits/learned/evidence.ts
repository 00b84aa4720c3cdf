import { UNIT_MS } from '../published/limit.ts';
import { ExpiryLog } from '../windows/expiry-log.ts';

/** The units in which a limit that nobody publishes is looked for, shortest first. */
export const LEARNED_UNITS = ['SECOND', 'MINUTE', 'HOUR'] as const;
export type LearnedUnit = (typeof LEARNED_UNITS)[number];

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

  /** The same, one by one: when each will be a unit ago. */
  entries(unit: LearnedUnit, now: number): Iterable<{ expiryMs: number; count: number }> {
    const log = this.#logs[unit];
    log.expire(now);
    return log.entries();
  }
}
