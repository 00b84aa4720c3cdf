import type { Clock } from '../../clock.ts';
import { isJsonObject, type JsonObject } from '../../json.ts';
import type { RateCounter, RateVerdict, RateView } from './counter.ts';
import { createFixedWindows } from './fixed.ts';
import { createLeakyBuckets } from './leaky.ts';
import { type CompiledLimit, compileLimit, type RatedRequest, type RateLimit } from './limit.ts';
import { createSlidingLogs } from './sliding.ts';

/** How the region counts. */
export type RateAlgorithm = 'sliding' | 'fixed' | 'leaky';

/** Rate limits of one region, counted for each user by name: a new token does not refill them. */
export interface RateLimiter {
  /** Counts the request, or says when it may come again. */
  charge(user: string, tenantId: string, request: RatedRequest): RateVerdict;
  /** The user's limits as they stand now, in the table's order. */
  view(user: string, tenantId: string): RateView[];
  /** What is counted at the moment, by user name: a limit of a day outlives a restart. */
  snapshot(): JsonObject;
  /** Takes up a snapshot. A limit that has changed since begins anew, and so do all when the algorithm has changed. */
  restore(saved: JsonObject): void;
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
  const counters = new Map<string, { counter: RateCounter; names: string[] }>();
  let saved: JsonObject = {};
  const counterOf = (user: string, tenantId: string): RateCounter => {
    let known = counters.get(user);
    if (!known) {
      const limits = (settings.perAccount[user] ?? settings.perAccount[tenantId] ?? settings.table).map(
        compileLimit,
      );
      known = { counter: COUNTERS[settings.algorithm](limits), names: limits.map(nameOf) };
      const counts = saved[user];
      if (isJsonObject(counts)) known.counter.restore(known.names.map((name) => counts[name] ?? null));
      counters.set(user, known);
    }
    return known.counter;
  };
  return {
    charge: (user, tenantId, request) => counterOf(user, tenantId).charge(request, clock.now()),
    view: (user, tenantId) => counterOf(user, tenantId).view(clock.now()),
    snapshot() {
      // Users who have not come back since the restart keep what they had.
      const users: JsonObject = { ...saved };
      for (const [user, { counter, names }] of counters) {
        const counts = counter.snapshot(clock.now()).map((count, index) => [names[index]!, count] as const);
        users[user] = Object.fromEntries(counts.filter(([, count]) => count !== null));
      }
      return { algorithm: settings.algorithm, users };
    },
    restore(state) {
      counters.clear();
      saved = state['algorithm'] === settings.algorithm && isJsonObject(state['users']) ? state['users'] : {};
    },
  };
}

/** What tells a limit from the others of its table, now and after a restart. */
const nameOf = ({ limit, regex }: CompiledLimit): string =>
  `${limit.verb} ${regex} ${limit.value}/${limit.unit}`;
