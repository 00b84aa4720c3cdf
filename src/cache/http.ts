import type { Encoding } from './rendition.ts';
import { SMALLEST_COMPRESSED_BYTES } from './rendition.ts';

/**
 * What the cache says in HTTP: validators, ages, Cache-Status and codings. Pure text in, text out.
 */

/**
 * True when `If-None-Match` names the answer, so that it is 304 (RFC 9110 section 13.1.2: weak comparison).
 *
 * @param header the caller's header; undefined: false
 * @param etags the answer's strong tags, quotes included: any coding of the same answer will do
 */
export function isNotModified(header: string | undefined, ...etags: readonly string[]): boolean {
  if (header === undefined) return false;
  if (etags.includes(header) || header.trim() === '*') return true;
  if (!header.includes(',') && !header.includes('W/')) return etags.includes(header.trim());
  return (header.match(/"[^"]*"/g) ?? []).some((tag) => etags.includes(tag));
}

/** Whole seconds since the answer was asked for, for `Age`; a clock that went back makes no negative age. */
export function ageSeconds(storedAt: number, now: number): number {
  return now <= storedAt ? 0 : Math.floor((now - storedAt) / 1000);
}

/** Whole seconds for which the answer stays fresh; negative when it is stale. */
export function remainingSeconds(freshUntil: number, now: number): number {
  return Math.floor((freshUntil - now) / 1000);
}

/** `Cache-Control` of a cacheable answer: only the caller's own cache may keep it, as long as it stays fresh here. */
export function cacheControl(freshUntil: number, now: number): string {
  const remaining = remainingSeconds(freshUntil, now);
  return remaining > 0 ? `private, max-age=${remaining}` : 'private, max-age=0';
}

/** What Cache-Status tells of; times are wall ms. */
export interface StatusFacts {
  verdict: 'hit' | 'stale' | 'miss' | 'coalesced' | 'pass';
  reason: string;
  /** When the entry's freshness ends; undefined when nothing is stored. */
  freshUntil?: number | undefined;
  /** The upstream's status, when it was asked for this answer. */
  forwardStatus?: number | undefined;
  stored?: boolean | undefined;
}

/** Why a request went on to the upstream, in RFC 9211's words (section 2.2). */
const FORWARD_REASONS: Record<string, string> = {
  absent: 'uri-miss',
  expired: 'stale',
  'max-age': 'request',
  revalidate: 'request',
  'stale-if-error': 'stale',
};

/** `Cache-Status` (RFC 9211): `sluice; hit; ttl=120`, `sluice; fwd=stale; fwd-status=200; stored; collapsed`. */
export function cacheStatus(facts: StatusFacts, now: number): string {
  const { verdict, reason, freshUntil, forwardStatus, stored } = facts;
  const ttl = freshUntil === undefined ? '' : `; ttl=${remainingSeconds(freshUntil, now)}`;
  if (verdict === 'hit') return `sluice; hit${ttl}${reason === 'fresh' ? '' : `; detail=${reason}`}`;
  if (verdict === 'stale' && reason !== 'stale-if-error') return `sluice; hit${ttl}; detail=${reason}`;
  let text = `sluice; fwd=${verdict === 'pass' ? 'bypass' : (FORWARD_REASONS[reason] ?? 'miss')}`;
  if (forwardStatus !== undefined) text += `; fwd-status=${forwardStatus}`;
  if (stored) text += `; stored${ttl}`;
  if (verdict === 'coalesced') text += '; collapsed';
  if (verdict === 'pass' || verdict === 'stale') text += `; detail=${reason}`;
  return text;
}

/** `X-Cache` in the contract's words. */
export const X_CACHE: Record<StatusFacts['verdict'], string> = {
  hit: 'HIT',
  stale: 'STALE',
  miss: 'MISS',
  coalesced: 'COALESCED',
  pass: 'BYPASS',
};

/**
 * The coding to answer in (RFC 9110 section 12.5.3): the one the caller likes best, br before gzip before none at equal
 * liking; null: the plain bytes. Short answers are always plain.
 *
 * @param bytes length of the plain answer
 */
export function chooseEncoding(acceptEncoding: string | undefined, bytes: number): Encoding | null {
  if (acceptEncoding === undefined || acceptEncoding === '' || bytes <= SMALLEST_COMPRESSED_BYTES)
    return null;
  const weights = weightsOf(acceptEncoding);
  const any = weights.get('*');
  const weightOf = (name: string) => weights.get(name) ?? any ?? 0;
  const gzip = weights.get('gzip') ?? weights.get('x-gzip') ?? any ?? 0;
  const best = Math.max(weightOf('br'), gzip);
  if (best === 0 || (weights.get('identity') ?? 0) > best) return null;
  return weightOf('br') === best ? 'br' : 'gzip';
}

function weightsOf(header: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const part of header.split(',')) {
    const [name = '', ...parameters] = part.split(';');
    const quality = parameters.find((parameter) => /^\s*q\s*=/i.test(parameter))?.split('=')[1];
    const weight = quality === undefined ? 1 : Number(quality);
    weights.set(name.trim().toLowerCase(), Number.isFinite(weight) ? weight : 0);
  }
  return weights;
}
