import type { JsonValue } from '../../json.ts';
import type { RatedRequest, RateLimit } from './limit.ts';

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
  /** What is counted at the moment of each limit, as plain data, in the table's order; null: nothing. */
  snapshot(now: number): JsonValue[];
  /** Takes up what `snapshot` gave of the same table and algorithm. */
  restore(counts: readonly JsonValue[]): void;
}
