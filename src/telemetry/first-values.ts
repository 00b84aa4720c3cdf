/**
 * Counters that operators alert on, at 0 from the moment their account or region is known: a series that appears with its
 * first event has no increase, so that an alert on the increase would sleep through that event.
 */
import { REFUSAL_REASONS } from '../limits/slot-request.ts';
import { COMPUTE } from '../limits/stated.ts';
import type { Metrics } from './metrics.ts';

const RETRY_REASONS = ['unauthorized', 'overlimit', '502', '503', '504', 'refused', 'reset', 'broken'];

/**
 * What is known of an account before it has logged in.
 *
 * @param results what can become of a login
 */
export function beginAccount(metrics: Metrics, account: string, results: readonly string[]): void {
  for (const result of results) metrics.tokenRequests.touch(account, result);
}

/**
 * @param clients the names under which callers are counted
 * @param scopes whose requests are counted together, see `RegionLimits.scopesOf`
 */
export function beginRegion(
  metrics: Metrics,
  account: string,
  region: string,
  clients: Iterable<string>,
  scopes: readonly string[],
): void {
  metrics.upstreamOverLimit.touch(account, region, COMPUTE);
  for (const reason of RETRY_REASONS) metrics.upstreamRetries.touch(region, reason);
  for (const client of clients) {
    for (const scope of scopes)
      for (const reason of REFUSAL_REASONS)
        metrics.limitRejected.touch(account, region, COMPUTE, scope, client, reason);
    metrics.limitRejected.touch(account, region, COMPUTE, 'client', client, 'client');
  }
}
