/** What a client's own code does when it is refused, as a function of the answer: no clock is read and nobody waits here. */

/** An answer as far as retries go by it. */
export interface Refusal {
  readonly status: number;
  /** `Retry-After` as it came. */
  readonly retryAfter: string | undefined;
}

/** What has been done for one call so far. */
export interface Attempts {
  /** Times it was repeated. */
  readonly repeated: number;
  /** Since it was sent first, in ms. */
  readonly elapsedMs: number;
  /** Wall time, in ms: a date in `Retry-After` is seen from here. */
  readonly nowMs: number;
}

/** A client's policy. */
export interface RetryPolicy {
  /** In a few words, for the table. */
  readonly says: string;
  /** Where it is written. */
  readonly source: string;
  /** How long to sleep before the call is sent again, in ms; undefined: the client gives up. */
  readonly next: (refusal: Refusal, attempts: Attempts) => number | undefined;
}

/**
 * No refusal is repeated. keystoneauth repeats none by default (`status_code_retries=0`; when raised: 503, not 413 or 429), and
 * with it openstackclient, openstacksdk, Ansible's modules and novaclient; excon, under fog, repeats only what is marked
 * idempotent, which fog does not do; pkgcloud has no retry.
 */
export const NO_RETRY: RetryPolicy = {
  says: 'none',
  source:
    'keystoneauth1/session.py (status_code_retries=0), excon defaults, pkgcloud/core/base/client.js, gophercloud MaxBackoffRetries without RetryBackoffFunc',
  next: () => undefined,
};

/** Terraform's provider with `max_retries`: 429 and 498 as often as it says, after the `Retry-After` that must be there. */
export const terraformRetries = (maxRetries: number): RetryPolicy => ({
  says: `429 up to ${maxRetries} times, after Retry-After`,
  source: 'gophercloud/utils terraform/auth: RetryBackoffFunc, where max_retries > 0',
  next({ status, retryAfter }, { repeated, nowMs }) {
    if ((status !== 429 && status !== 498) || repeated >= maxRetries) return undefined;
    return retryAfter === undefined ? undefined : delayOf(retryAfter, nowMs);
  },
});

/**
 * libcloud where LIBCLOUD_RETRY_FAILED_HTTP_REQUESTS is set: its RateLimitReachedError (429 alone) after the seconds it is
 * told, or 2, for 30 s in all.
 */
export const LIBCLOUD_RETRIES: RetryPolicy = {
  says: '429 for 30 s, after Retry-After',
  source: 'libcloud/utils/retry.py: MinimalRetry; off unless LIBCLOUD_RETRY_FAILED_HTTP_REQUESTS is set',
  next({ status, retryAfter }, { elapsedMs, nowMs }) {
    if (status !== 429 || elapsedMs >= 30_000) return undefined;
    const told = retryAfter === undefined ? 0 : (delayOf(retryAfter, nowMs) ?? 0);
    return told > 0 ? told : 2000;
  },
};

/** `Retry-After` in ms from now, never negative; undefined: it is neither seconds nor a date. */
function delayOf(retryAfter: string, nowMs: number): number | undefined {
  if (/^\d+$/.test(retryAfter)) return Number(retryAfter) * 1000;
  const at = Date.parse(retryAfter);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}
