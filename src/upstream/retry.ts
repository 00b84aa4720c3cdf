import type { ExchangeError } from './exchange.ts';

/** How an attempt ended, as far as trying again is concerned. */
export type Outcome = { kind: 'status'; status: number } | { kind: 'error'; error: ExchangeError };

/** Whether to send once more, and why: the reason is the `reason` label of `sluice_upstream_retries_total`. */
export type RetryVerdict = { retry: false } | { retry: true; reason: string; delayMs: number };

const SAFE = new Set(['GET', 'HEAD', 'DELETE']);
const TRANSIENT = new Set([502, 503, 504]);
/** What has been answered is answered. */
export const NO_RETRY: RetryVerdict = { retry: false };

/**
 * Only what is safe is sent again: GET, HEAD and DELETE, when the upstream could not be reached, broke the connection
 * or said 502, 503 or 504. A POST or PUT that may have arrived never is: the caller is told instead.
 *
 * @param attempt how many attempts were made, from 1
 * @param retries most repeats
 * @param random 0 to 1, for the jitter
 */
export function decideRetry(
  method: string,
  outcome: Outcome,
  attempt: number,
  retries: number,
  random: number,
): RetryVerdict {
  if (attempt > retries || !SAFE.has(method)) return NO_RETRY;
  const delayMs = Math.round(50 * 2 ** (attempt - 1) * (0.5 + random));
  if (outcome.kind === 'status') {
    return TRANSIENT.has(outcome.status)
      ? { retry: true, reason: String(outcome.status), delayMs }
      : NO_RETRY;
  }
  switch (outcome.error.kind) {
    case 'refused':
    case 'reset':
    case 'broken':
      return {
        retry: true,
        reason: outcome.error.kind,
        delayMs: outcome.error.kind === 'reset' && attempt === 1 ? 0 : delayMs,
      };
    default:
      return NO_RETRY;
  }
}
