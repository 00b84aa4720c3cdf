import type { Logger } from 'pino';
import type { ClientLimits } from '../access/client-limits.ts';
import type { PasswordVerifier } from '../access/password.ts';
import type { TokenKeeper } from '../access/token-keeper.ts';
import type { UpstreamGate } from '../access/upstream-gate.ts';
import type { Clock } from '../clock.ts';
import type { Services } from '../serving/services.ts';
import type { Standings } from '../standing.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Pools } from '../upstream/pools.ts';
import type { RegionHealth } from '../upstream/region-health.ts';
import type { AuditKeeper } from './audit.ts';

/** What outlives a reload. */
export interface Shared {
  readonly log: Logger;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly pools: Pools;
  readonly tokens: TokenKeeper;
  /** Who has logged in with a password, and who has failed to. */
  readonly passwords: PasswordVerifier;
  /** What clients have spent of their own limits. */
  readonly clientLimits: ClientLimits;
  /** Who has shown the accounts' identity services what is nobody's. */
  readonly upstreamGate: UpstreamGate;
  readonly audit: AuditKeeper;
  /** The services in force. */
  readonly latest: () => Services;
  readonly health: RegionHealth;
  /** How the parts of the process stand that are no regions: `part name`. */
  readonly standings: Standings;
}
