import type { CacheClass, Operation } from '../operations/operation.ts';
import type { Directives } from './directives.ts';
import type { CacheSettings } from './settings.ts';

/**
 * The cache's policy: every decision as a pure function from values to a verdict.
 *
 * An answer is *fresh* until `freshUntil`: it is served without asking (hit). Until `staleUntil` it is still served at
 * once while one request refreshes it (stale). Until `errorUntil` it is served when the upstream fails (stale, too).
 * All three are wall times in ms since the epoch; the windows start when the answer was asked for, not when it came, so
 * an answer is never taken for younger than it is.
 */

/** When an answer stops being fresh, served while refreshed, and served when the upstream fails (wall ms). */
export interface Freshness {
  readonly storedAt: number;
  readonly freshUntil: number;
  readonly staleUntil: number;
  readonly errorUntil: number;
}

/** Why a request is answered the way it is; the word of logs, metrics and Cache-Status. */
export type HitReason = 'fresh' | 'derived';
export type StaleReason = 'stale-while-revalidate' | 'stale-if-error';
export type MissReason = 'absent' | 'expired' | 'revalidate' | 'max-age';
export type PassReason = 'disabled' | 'uncacheable' | 'no-store' | 'changes-since';

/** What to do with a request given what is stored for it. */
export type Verdict =
  | { readonly verdict: 'hit'; readonly reason: 'fresh' }
  | { readonly verdict: 'stale'; readonly reason: 'stale-while-revalidate' }
  | { readonly verdict: 'miss'; readonly reason: MissReason };

/** An image that is being saved shows its progress: such answers are fresh this long (ms). */
export const TRANSIENT_FRESH_MS = 2000;

const HIT: Verdict = { verdict: 'hit', reason: 'fresh' };
const STALE: Verdict = { verdict: 'stale', reason: 'stale-while-revalidate' };
const miss = (reason: MissReason): Verdict => ({ verdict: 'miss', reason });
const ABSENT = miss('absent');
const EXPIRED = miss('expired');
const REVALIDATE = miss('revalidate');
const TOO_OLD = miss('max-age');

/**
 * Why a request must go past the cache, or null when it may use it.
 *
 * @param hasChangesSince the query asks for changes since a time: only a new answer can name them all (guide 1.7)
 */
export function decidePass(
  enabled: boolean,
  operation: Operation,
  directives: Directives,
  hasChangesSince: boolean,
): PassReason | null {
  if (operation.cache === null || operation.method !== 'GET') return 'uncacheable';
  if (!enabled) return 'disabled';
  if (directives.noStore) return 'no-store';
  return hasChangesSince ? 'changes-since' : null;
}

/** What the stored answer is worth to this caller now. */
export function decide(entry: Freshness | undefined, directives: Directives, now: number): Verdict {
  if (entry === undefined) return ABSENT;
  if (directives.revalidate) return REVALIDATE;
  if (now - entry.storedAt > directives.maxAgeMs) return TOO_OLD;
  if (now < entry.freshUntil) return HIT;
  return now < entry.staleUntil ? STALE : EXPIRED;
}

/** What decides how long an answer may be kept. */
export interface Answer {
  readonly status: number;
  /** The answer is about one item (a path with an id), not a list. */
  readonly isItem: boolean;
  /** The answer holds something that is still changing (an image that is not ACTIVE). */
  readonly isTransient: boolean;
}

/**
 * How long an answer may be kept, or null when it may not: only 200, the 300 of version documents and the 404 of an item are.
 *
 * @param askedAt wall ms when the upstream was asked
 */
export function decideFreshness(
  settings: CacheSettings,
  cacheClass: CacheClass,
  answer: Answer,
  askedAt: number,
): Freshness | null {
  if (answer.status === 404 && answer.isItem) return window(askedAt, settings.notFound.ttl * 1000, 0, 0);
  // A service's list of its versions comes as 300: whoever asks has the choice.
  const isVersions = answer.status === 300 && cacheClass === 'versions';
  if (answer.status !== 200 && !isVersions) return null;
  const { ttl, staleWhileRevalidate, staleIfError } = settings[cacheClass];
  const freshMs = ttl * 1000;
  if (!answer.isTransient) return window(askedAt, freshMs, staleWhileRevalidate * 1000, staleIfError * 1000);
  return window(askedAt, Math.min(freshMs, TRANSIENT_FRESH_MS), 0, staleIfError * 1000);
}

function window(askedAt: number, freshMs: number, staleMs: number, errorMs: number): Freshness | null {
  const freshUntil = askedAt + freshMs;
  const freshness = {
    storedAt: askedAt,
    freshUntil,
    staleUntil: freshUntil + staleMs,
    errorUntil: freshUntil + errorMs,
  };
  return lastUseAt(freshness) > askedAt ? freshness : null;
}

/** From when on the answer is good for nothing (wall ms). */
export function lastUseAt(freshness: Freshness): number {
  return Math.max(freshness.staleUntil, freshness.errorUntil);
}

/**
 * True when an answer with this status means that the upstream cannot answer now, so that an old answer is better.
 * 413 and 429 are rate limits here: no cacheable request has a body that could be too large.
 */
export function isOutage(status: number): boolean {
  return status >= 500 || status === 413 || status === 429;
}

/** True when the old answer may stand in for a failure. A caller that asked to revalidate gets the failure. */
export function mayServeOnError(entry: Freshness, directives: Directives, now: number): boolean {
  return !directives.revalidate && now < entry.errorUntil && now - entry.storedAt <= directives.maxAgeMs;
}
