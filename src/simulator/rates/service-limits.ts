import type { Clock } from '../../clock.ts';
import type { RateView } from './counter.ts';
import { type RatedRequest, type RateLimit, UNIT_MS } from './limit.ts';
import { createRateLimiter, type RateLimiter } from './limiter.ts';
import type { LimitedService, ServiceLimitsSettings } from './service-schema.ts';

type ReadonlySettings = {
  readonly [K in keyof ServiceLimitsSettings]: K extends 'limits'
    ? readonly ServiceLimitsSettings['limits'][number][]
    : ServiceLimitsSettings[K];
};

/** Who asks which service, and where. */
export interface ServiceCaller {
  readonly service: LimitedService;
  /** Upper case; null: what has no region. */
  readonly region: string | null;
  readonly user: string;
  /** Id; null: the token is of no project. */
  readonly project: string | null;
}

/** What came of a request: it may go on, or when it may come again (wall time in ms). */
export interface ServiceVerdict {
  readonly retryAtMs: number | undefined;
  /** The limit that has least left, which is what callers are told of. */
  readonly tightest: RateView | undefined;
}

/** The limits before all services. Each service and region has windows of its own. */
export interface ServiceLimits {
  /** Counts the request; undefined: nothing limits that service. */
  charge(caller: ServiceCaller, request: RatedRequest): ServiceVerdict | undefined;
  readonly settings: ReadonlySettings;
  /** From now on other limits hold, counted from nothing. */
  change(settings: ReadonlySettings): void;
}

export function createServiceLimits(given: ReadonlySettings, clock: Clock): ServiceLimits {
  let settings = given;
  const limiters = new Map<string, RateLimiter>();

  const limiterOf = (caller: ServiceCaller, scope: 'user' | 'project'): RateLimiter | undefined => {
    const table = settings.limits.filter(
      (limit) => limit.scope === scope && (limit.service === 'any' || limit.service === caller.service),
    );
    if (table.length === 0) return undefined;
    const key = `${caller.service} ${caller.region} ${scope}`;
    const known = limiters.get(key);
    if (known) return known;
    const { algorithm } = settings;
    const limiter = createRateLimiter({ algorithm, table: table.map(asRateLimit), perAccount: {} }, clock);
    limiters.set(key, limiter);
    return limiter;
  };

  return {
    get settings() {
      return settings;
    },
    change(next) {
      settings = next;
      limiters.clear();
    },
    charge(caller, request) {
      const views: RateView[] = [];
      let retryAtMs: number | undefined;
      for (const scope of ['user', 'project'] as const) {
        const counted = scope === 'user' ? caller.user : caller.project;
        const limiter = counted === null ? undefined : limiterOf(caller, scope);
        if (counted === null || !limiter) continue;
        const verdict = limiter.charge(counted, '', request);
        if (verdict.kind === 'over') retryAtMs = Math.max(retryAtMs ?? 0, verdict.retryAtMs);
        views.push(...limiter.view(counted, ''));
      }
      if (views.length === 0) return undefined;
      return { retryAtMs, tightest: views.reduce((a, b) => (b.remaining < a.remaining ? b : a)) };
    },
  };
}

const asRateLimit = ({ verb, regex, value, unit }: ReadonlySettings['limits'][number]): RateLimit => ({
  verb,
  uri: '*',
  regex,
  value,
  unit,
});

const LETTERS = { SECOND: 's', MINUTE: 'm', HOUR: 'h', DAY: 'd' } as const;

/** The headers that tell a caller where it stands, in the dialect of the settings. */
export function rateHeaders(
  told: ServiceLimitsSettings['told'],
  { limit, remaining: left, nextAvailableMs }: RateView,
  nowMs: number,
): Record<string, string> {
  const remaining = String(Math.max(0, left));
  const resetSeconds = Math.max(0, Math.ceil((nextAvailableMs - nowMs) / 1000));
  const family = (prefix: string, value: string, reset: string): Record<string, string> => ({
    [`${prefix}-limit`]: value,
    [`${prefix}-remaining`]: remaining,
    [`${prefix}-reset`]: reset,
  });
  switch (told) {
    case 'hidden':
      return {};
    case 'count':
      return family('x-ratelimit', String(limit.value), String(resetSeconds));
    case 'epoch':
      return family('x-ratelimit', String(limit.value), String(Math.ceil(nextAvailableMs / 1000)));
    case 'rate':
      return family('x-ratelimit', `${limit.value}r/${LETTERS[limit.unit]}`, String(resetSeconds));
    case 'fields':
      return family('ratelimit', String(limit.value), String(resetSeconds));
    case 'ietf':
      return {
        'ratelimit-policy': `"default";q=${limit.value};w=${UNIT_MS[limit.unit] / 1000}`,
        ratelimit: `"default";r=${remaining};t=${resetSeconds}`,
      };
  }
}

/** The header that says when a refused request may come again. */
export function retryHeaders(
  form: ServiceLimitsSettings['retryAfter'],
  retryAtMs: number,
  nowMs: number,
): Record<string, string> {
  const seconds = String(Math.max(1, Math.ceil((retryAtMs - nowMs) / 1000)));
  switch (form) {
    case 'seconds':
      return { 'retry-after': seconds };
    case 'date':
      return { 'retry-after': new Date(retryAtMs).toUTCString() };
    case 'extension':
      return { 'x-retry-after': seconds };
    case 'none':
      return {};
  }
}
