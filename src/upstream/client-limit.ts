import { type ClientLimits, clientLimitFault } from '../access/client-limits.ts';
import type { Clock } from '../clock.ts';
import type { SlotRequest } from '../limits/slot-request.ts';
import type { Place } from '../routing/directory.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** What is asked about clients' own limits. */
interface Means {
  readonly clientLimits: ClientLimits;
  readonly overLimitStatus: 413 | 429;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/**
 * Takes one request of its client's own limits.
 *
 * @throws {Fault} over one of them
 */
export function takeClientLimit(
  slot: SlotRequest,
  { account, endpoint }: Place,
  { clientLimits, overLimitStatus, clock, metrics }: Means,
): void {
  const { client, method } = slot;
  const refused = clientLimits.take(client, method, slot, clock.monotonic());
  if (refused === undefined) return;
  metrics.limitRejected.inc(account.name, endpoint.region, client, 'client');
  throw clientLimitFault(client, refused, { overLimitStatus, nowWall: clock.now() });
}
