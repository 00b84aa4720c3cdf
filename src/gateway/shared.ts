import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Pools } from '../upstream/pools.ts';
import type { TokenKeeper } from './token-keeper.ts';

/** What outlives a reload. */
export interface Shared {
  readonly log: Logger;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly pools: Pools;
  readonly tokens: TokenKeeper;
}
