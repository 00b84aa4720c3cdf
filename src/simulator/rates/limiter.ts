import type { Clock } from '../../clock.ts';
import { createFixedWindows } from './fixed.ts';
import { createLeakyBuckets } from './leaky.ts';
import { type CompiledLimit, compileLimit, type RatedRequest, type RateLimit } from './limit.ts';
import { createSlidingLogs } from './sliding.ts';

/** How the region counts. */
export type RateAlgorithm = 'sliding' | 'fixed' | 'leaky';

/** What a charge came to. */
export type RateVerdict =
  | { kind: 'allowed' }
  /** `retryAtMs`: when the limit that refused has room again, wall time in ms. */
  | { kind: 'over'; limit: RateLimit; retryAtMs: number };

/** One limit as `GET /limits` shows it. */
export interface RateView {
  limit: RateLimit;
  /** The regex as published. */
  regex: string;
  /** May be negative under fixed windows. */
  remaining: number;
  /** Wall time in ms. */
  nextAvailableMs: number;
}

/** The counting of one algorithm for the limits of one account. Pure: `now` is wall time in ms. */
export interface RateCounter {
  charge(request: RatedRequest, now: number): RateVerdict;
  view(now: number): RateView[];
}

/** Rate limits of one region, counted for each user by name: a new token does not refill them. */
export interface RateLimiter {
  /** Counts the request, or says when it may come again. */
  charge(user: string, tenantId: string, request: RatedRequest): RateVerdict;
  /** The user's limits as they stand now, in the table's order. */
  view(user: string, tenantId: string): RateView[];
}

const COUNTERS: Record<RateAlgorithm, (limits: readonly CompiledLimit[]) => RateCounter> = {
  sliding: createSlidingLogs,
  fixed: createFixedWindows,
  leaky: createLeakyBuckets,
};

/** Settings of a limiter; tables of `perAccount` (by user name or tenant id) replace the common one. */
export interface RateSettings {
  readonly algorithm: RateAlgorithm;
  readonly table: readonly RateLimit[];
  readonly perAccount: { readonly [account: string]: readonly RateLimit[] };
}

/** A limiter that counts on `clock`. */
export function createRateLimiter(settings: RateSettings, clock: Clock): RateLimiter {
  const counters = new Map<string, RateCounter>();
  const counterOf = (user: string, tenantId: string): RateCounter => {
    let counter = counters.get(user);
    if (!counter) {
      const table = settings.perAccount[user] ?? settings.perAccount[tenantId] ?? settings.table;
      counter = COUNTERS[settings.algorithm](table.map(compileLimit));
      counters.set(user, counter);
    }
    return counter;
  };
  return {
    charge: (user, tenantId, request) => counterOf(user, tenantId).charge(request, clock.now()),
    view: (user, tenantId) => counterOf(user, tenantId).view(clock.now()),
  };
}
