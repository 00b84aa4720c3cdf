/**
 * Counters that operators alert on, at 0 from the moment their account or region is known: a series that appears with its
 * first event has no increase, so that an alert on the increase would sleep through that event.
 */
import type { LoginResult } from '../identity/login-error.ts';
import type { RefusalReason } from '../limits/slot-request.ts';
import type { Metrics } from './metrics.ts';

const LOGIN_RESULTS: Readonly<Record<LoginResult, true>> = {
  ok: true,
  refused: true,
  limited: true,
  unavailable: true,
  unreachable: true,
  untrusted: true,
  rejected: true,
  malformed: true,
};

const REFUSAL_REASONS: Readonly<Record<RefusalReason, true>> = {
  wait: true,
  spent: true,
  forbidden: true,
  'queue-full': true,
  'client-queue-full': true,
  closed: true,
};

const RETRY_REASONS = ['unauthorized', 'overlimit', '502', '503', '504', 'refused', 'reset', 'broken'];

/** What is known of an account before it has logged in. */
export function beginAccount(metrics: Metrics, account: string): void {
  for (const result of Object.keys(LOGIN_RESULTS)) metrics.tokenRequests.touch(account, result);
}

/** @param clients the names under which callers are counted */
export function beginRegion(
  metrics: Metrics,
  account: string,
  region: string,
  clients: Iterable<string>,
): void {
  metrics.upstreamOverLimit.touch(account, region);
  for (const reason of RETRY_REASONS) metrics.upstreamRetries.touch(region, reason);
  for (const client of clients)
    for (const reason of Object.keys(REFUSAL_REASONS))
      metrics.limitRejected.touch(account, region, client, reason);
}
