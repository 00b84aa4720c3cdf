import type { LoginError } from './login-error.ts';

/** A token is renewed at a random point between these shares of its remaining life. */
const REFRESH_FROM = 0.8;
const REFRESH_SPREAD = 0.1;
/** An identity service that hands out the same token again must not be asked ever faster. */
const SHORTEST_REFRESH_MS = 1_000;
/** A token that is said to be good for years is renewed all the same: its catalog does not stay what it was. */
const LONGEST_REFRESH_MS = 7 * 86_400_000;

/** First and longest pause after failed logins; it doubles between. */
const RETRY_BASE_MS = 1_000;
const RETRY_LIMIT_MS = 60_000;
/** Wrong credentials do not heal by themselves, and hammering them locks accounts. */
const REFUSED_BASE_MS = 30_000;
const REFUSED_LIMIT_MS = 300_000;
/** The longest Retry-After that is believed. */
const RETRY_AFTER_LIMIT_MS = 3_600_000;

/**
 * When to renew a token ahead of its expiry, in ms from now. The jitter keeps many instances that started
 * together from logging in together.
 *
 * @param lifeMs what is left of its life
 * @param random from 0 (inclusive) to 1 (exclusive)
 */
export function refreshDelayMs(lifeMs: number, random: number): number {
  const delayMs = Math.floor(Math.min(lifeMs, LONGEST_REFRESH_MS) * (REFRESH_FROM + REFRESH_SPREAD * random));
  return Math.max(SHORTEST_REFRESH_MS, delayMs);
}

/**
 * The pause before the next login after a failed one, in ms: exponential, half of it random, and never
 * shorter than the Retry-After that came with the failure.
 *
 * @param failures how many logins have failed in a row, this one included
 * @param random from 0 (inclusive) to 1 (exclusive)
 */
export function retryDelayMs(
  failure: Pick<LoginError, 'reason' | 'retryAfterMs'>,
  failures: number,
  random: number,
): number {
  const refused = failure.reason === 'refused';
  const limit = refused ? REFUSED_LIMIT_MS : RETRY_LIMIT_MS;
  const full = Math.min(limit, (refused ? REFUSED_BASE_MS : RETRY_BASE_MS) * 2 ** (failures - 1));
  const asked = Math.min(failure.retryAfterMs ?? 0, RETRY_AFTER_LIMIT_MS);
  // A Retry-After date is cut to the second, so a retry exactly then can be early: jitter goes on top of it.
  if (asked > 0) return asked + RETRY_BASE_MS * (1 + random);
  return full * (0.5 + 0.5 * random);
}

/**
 * Retry-After in ms, from integer seconds or an HTTP date (RFC 9110, section 10.2.3). A date is measured
 * against the answer's own `Date`, because our clocks may differ.
 */
export function parseRetryAfterMs(
  value: string | undefined,
  dateHeader: string | undefined,
  nowMs: number,
): number | undefined {
  if (value === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1_000;
  const date = Date.parse(value);
  if (Number.isNaN(date)) return undefined;
  const sent = dateHeader === undefined ? Number.NaN : Date.parse(dateHeader);
  return Math.max(0, date - (Number.isNaN(sent) ? nowMs : sent));
}
