import type { Charge } from './ask.ts';
import { type PublishedLimit, UNIT_MS } from './published-limit.ts';

/**
 * `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers) for the limits a request was charged to; empty
 * when it was charged to none. A policy's name is the limit as operators know it: `"GET /servers DAY";q=1000;w=86400`.
 */
export function rateLimitHeaders(charges: readonly Charge[]): [name: string, value: string][] {
  if (charges.length === 0) return [];
  const policies = charges.map(
    ({ limit }) => `${nameOf(limit)};q=${limit.value};w=${UNIT_MS[limit.unit] / 1000}`,
  );
  const states = charges.map(
    ({ limit, remaining, resetSeconds }) => `${nameOf(limit)};r=${remaining};t=${resetSeconds}`,
  );
  return [
    ['RateLimit-Policy', policies.join(', ')],
    ['RateLimit', states.join(', ')],
  ];
}

/** A structured-field string (RFC 9651, 3.3.3): printable ASCII, quotes and backslashes escaped. */
function nameOf(limit: PublishedLimit): string {
  const text = `${limit.verb} ${limit.uri === '' ? '*' : limit.uri} ${limit.unit}`;
  return `"${text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`;
}
