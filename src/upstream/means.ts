import type { ClientLimits } from '../access/client-limits.ts';
import type { Clock } from '../clock.ts';
import type { RegionLimits } from '../limits/limits.ts';
import type { Permit } from '../limits/slot-request.ts';
import type { Place } from '../routing/directory.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Circuits } from './circuits.ts';
import type { Hedging } from './hedge/hedging.ts';
import type { Pools } from './pools.ts';
import type { RegionHealth } from './region-health.ts';
import type { Renewals } from './renewals.ts';
import type { RetryBudgets } from './retry-budget.ts';

/** Where decisions are told; a pino logger fits. */
export interface DebugLog {
  debug(fields: object, message: string): void;
}

/** What regions are asked with. */
export interface Means {
  readonly pools: Pools;
  readonly clock: Clock;
  readonly limits: RegionLimits<Place>;
  readonly metrics: Metrics;
  /** Hears at level debug what is decided. */
  readonly log: DebugLog;
  /** Hears what becomes of every attempt. */
  readonly health: RegionHealth;
  /** How often what is safe is sent again. */
  readonly retries: number;
  readonly renewals: Renewals;
  /** How much may be repeated at an origin. */
  readonly retryBudgets: RetryBudgets;
  /** Whether regions answer at all. */
  readonly circuits: Circuits;
  /** What is sent a second time when its answer takes long. */
  readonly hedging: Hedging;
  /** Limits of the clients' own. */
  readonly clientLimits: ClientLimits;
  /** What whoever is over one of them is answered. */
  readonly overLimitStatus: 413 | 429;
}

/** How one request goes, beside what it says. */
export interface CallTerms {
  /** Path at the origin below which the request's path stands. */
  readonly base: string;
  /** Name of the operation in metrics. */
  readonly label: string;
  /** True: neither the limits that GET /limits publishes nor its own client's are about it. */
  readonly isFree: boolean;
  /** Was given already for the first attempt. */
  readonly permit?: Permit | undefined;
}
