import type { Logger } from 'pino';
import type { ClientLimits } from '../access/client-limits.ts';
import type { PasswordVerifier } from '../access/password.ts';
import type { TokenKeeper } from '../access/token-keeper.ts';
import type { UpstreamGate } from '../access/upstream-gate.ts';
import type { Clock } from '../clock.ts';
import type { Services } from '../serving/services.ts';
import type { Standings } from '../standing.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { NotableRequests } from '../telemetry/notable-requests.ts';
import type { Tracing } from '../telemetry/tracing.ts';
import type { Circuits } from '../upstream/circuits.ts';
import type { IdentityHealth } from '../upstream/identity-health.ts';
import type { Pools } from '../upstream/pools.ts';
import type { RegionHealth } from '../upstream/region-health.ts';
import type { AuditKeeper } from './audit.ts';
import type { LoginPermits } from './login-permits.ts';

/** What outlives a reload. */
export interface Shared {
  readonly log: Logger;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Undefined: nothing is traced. */
  readonly tracing: Tracing | undefined;
  readonly pools: Pools;
  readonly tokens: TokenKeeper;
  /** Who has logged in with a password, and who has failed to. */
  readonly passwords: PasswordVerifier;
  /** What clients have spent of their own limits. */
  readonly clientLimits: ClientLimits;
  /** Who has shown the accounts' identity services what is nobody's. */
  readonly upstreamGate: UpstreamGate;
  /** The turns of logins in the limits of identity services. */
  readonly loginPermits: LoginPermits;
  readonly audit: AuditKeeper;
  readonly health: RegionHealth;
  readonly identityHealth: IdentityHealth;
  readonly circuits: Circuits;
  /** How the parts of the process stand that are no regions: `part name`. */
  readonly standings: Standings;
  readonly notable: NotableRequests;
  /** The services in force. */
  readonly latest: () => Services;
}
