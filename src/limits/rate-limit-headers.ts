import { type PublishedLimit, periodOf } from './published/limit.ts';
import type { Charge } from './slot-request.ts';

/**
 * `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers) for the limits a request was charged to; empty
 * when it was charged to none. A policy's name is the limit as operators know it: `"GET /servers DAY";q=1000;w=86400`.
 */
export function rateLimitHeaders(charges: readonly Charge[]): [name: string, value: string][] {
  if (charges.length === 0) return [];
  let policies = '';
  let states = '';
  for (const { limit, remaining, resetSeconds } of charges) {
    const { name, policy } = wordsOf(limit);
    policies += policies === '' ? policy : `, ${policy}`;
    states += `${states === '' ? '' : ', '}${name};r=${remaining};t=${resetSeconds}`;
  }
  return [
    ['RateLimit-Policy', policies],
    ['RateLimit', states],
  ];
}

interface Words {
  readonly name: string;
  readonly policy: string;
}

/** What is said of a limit in each answer never changes. */
const words = new WeakMap<PublishedLimit, Words>();

function wordsOf(limit: PublishedLimit): Words {
  const known = words.get(limit);
  if (known) return known;
  const name = nameOf(limit);
  const made = { name, policy: `${name};q=${limit.value};w=${periodOf(limit) / 1000}` };
  words.set(limit, made);
  return made;
}

/** A structured-field string (RFC 9651, 3.3.3): printable ASCII, quotes and backslashes escaped. */
function nameOf(limit: PublishedLimit): string {
  const text = `${limit.verb} ${limit.uri === '' ? '*' : limit.uri} ${limit.unit}`;
  return `"${text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`;
}
