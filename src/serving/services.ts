import type { Logger } from 'pino';
import type { ClientRegistry } from '../access/clients.ts';
import type { Identifier, RevokedTokens } from '../access/identify.ts';
import type { PasswordVerifier } from '../access/password.ts';
import type { SluiceToken, TokenVerifier } from '../access/token.ts';
import type { ResponseCache } from '../cache/cache.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/schema.ts';
import type { Call } from '../http/call.ts';
import type { Passed, Reply, Response } from '../http/reply.ts';
import type { RequestFacts } from '../http/request-facts.ts';
import type { IdempotencyKeeper } from '../idempotency/keeper.ts';
import type { RegionLimits } from '../limits/limits.ts';
import type { LinkRewriter } from '../links/rewrite.ts';
import type { Operation } from '../operations/operation.ts';
import type { Account, Directory, Place } from '../routing/directory.ts';
import type { Standings } from '../standing.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { NotableRequests } from '../telemetry/notable-requests.ts';
import type { Tracing } from '../telemetry/tracing.ts';
import type { Circuits } from '../upstream/circuits.ts';
import type { IdentityHealth } from '../upstream/identity-health.ts';
import type { RegionAnswer, Regions } from '../upstream/region.ts';
import type { RegionHealth } from '../upstream/region-health.ts';
import type { Callers } from './callers.ts';
import type { OwnCallers } from './own-callers.ts';
import type { SharedReads } from './shared-reads.ts';
import type { StatePolls } from './state-poll.ts';
import type { ClientSettings } from './wait.ts';

/** Everything a request may need on its way; built once in gateway/core.ts, and anew at a reload. */
export interface Services {
  readonly settings: Config;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Undefined: nothing is traced. */
  readonly tracing: Tracing | undefined;
  /** Whether regions are up. */
  readonly health: RegionHealth;
  /** The same of the accounts' identity services. */
  readonly identityHealth: IdentityHealth;
  /** Whether their services are asked. */
  readonly circuits: Pick<Circuits, 'standings' | 'inFlight'>;
  /** The slowest and the refused requests of the last hour. */
  readonly notable: NotableRequests;
  /** How what is no region stands: `redis cache`, `login main`, `reload` … */
  readonly standings: Standings;
  readonly directory: Directory;
  readonly regions: Regions;
  readonly limits: RegionLimits<Place>;
  readonly cache: ResponseCache;
  /** Watches for states that callers wait for. */
  readonly statePolls: StatePolls;
  /** Lets identical reads in the queue share a slot. */
  readonly sharedReads: SharedReads<RegionAnswer>;
  /** Keeps requests with an `Idempotency-Key` from being done twice. */
  readonly idempotency: IdempotencyKeeper;
  readonly clients: ReadonlyMap<string, ClientSettings>;
  /** Who calls, and what is there for it. */
  readonly callers: Callers;
  readonly registry: ClientRegistry;
  /** Whose a key or token is that does not stand in a header. */
  readonly identifier: Identifier;
  readonly passwords: PasswordVerifier;
  /** Callers with credentials of the accounts' own identity services. */
  readonly ownCallers: OwnCallers;
  /** Signs and verifies Sluice's own tokens. */
  readonly tokens: TokenVerifier;
  /** Tokens of Sluice's own that were given back before they expired. */
  readonly revocations: RevokedTokens;
  /** Takes a façade token back, here and at the other instances. */
  revoke(token: SluiceToken): void;
  /** Rewrites links for the endpoints of the catalogs as they are now. */
  links(account: Account): LinkRewriter;
  /** A `Location` as it leads through Sluice. */
  location(call: Call, place: Place, kind: Operation['location'], url: string): string;
  /** The services in force: a reload may have put others in the place of these since a request came in. */
  latest(): Services;
  /** Writes the answer; the request is then counted and logged. */
  reply(call: Call, reply: Reply): void;
  /** The same for an answer whose head is ready, see `writeResponse`. */
  respond(call: Call, response: Response): void;
  /** The same for an answer that came through whole. */
  pass(call: Call, passed: Passed): void;
  /** Counts a verdict of the cache. */
  countVerdict(region: string, resource: string, result: string, reason: string): void;
  /** Counts and logs a request whose answer was written elsewhere. @param bytes of its body */
  finished(call: RequestFacts, status: number, bytes: number): void;
}
