import { Entry } from './entry.ts';
import { type FetchOutcome, fieldsOf, type Load, neverFresh } from './fetch.ts';
import type { Lookup } from './lookup.ts';
import { isOutage, mayServeOnError } from './policy.ts';
import type { Acceptable } from './shared-store.ts';

/** How a fetched answer came about. The entry is not in the cache unless `stored` (or an older one) says so. */
export interface Fetched {
  readonly entry: Entry;
  readonly verdict: 'hit' | 'miss' | 'coalesced' | 'stale' | 'pass';
  readonly reason: string;
  readonly stored: boolean;
  /** The upstream's status when it was asked and answered. */
  readonly forwardStatus: number | undefined;
  /** The upstream's id of this caller's own request, when it led to one. */
  readonly requestId?: string | undefined;
}

/**
 * One caller's own view of what a shared fetch brought.
 *
 * @param joined the fetch had been started by another caller
 * @throws what the fetch failed with, when no older answer may stand in
 */
export function fetchedFrom(outcome: FetchOutcome, lookup: Lookup, joined: boolean, now: number): Fetched {
  const { fallback } = outcome;
  const mayFallBack = fallback !== undefined && mayServeOnError(fallback, lookup.directives, now);
  if (outcome.kind === 'failure') {
    if (!mayFallBack) throw outcome.error;
    return staleInstead(fallback!, undefined);
  }
  const { entry, source, stored, requestId } = outcome;
  if (isOutage(entry.status) && mayFallBack) return staleInstead(fallback!, entry.status);
  if (source === 'shared') return fromPeer(entry, stored, now);
  const answer = { entry, reason: lookup.reason, stored, forwardStatus: entry.status };
  return joined ? { ...answer, verdict: 'coalesced' } : { ...answer, verdict: 'miss', requestId };
}

/** What another instance fetched: for this one's caller a hit, if perhaps a stale one. */
function fromPeer(entry: Entry, stored: boolean, now: number): Fetched {
  const isFresh = now < entry.freshUntil;
  const reason = isFresh ? 'shared' : 'stale-while-revalidate';
  return { entry, verdict: isFresh ? 'hit' : 'stale', reason, stored, forwardStatus: undefined };
}

function staleInstead(entry: Entry, forwardStatus: number | undefined): Fetched {
  return { entry, verdict: 'stale', reason: 'stale-if-error', stored: false, forwardStatus };
}

/** Only one who knows nothing is content with another instance's stale answer; others have asked for better. */
export function acceptableFor({ reason, directives }: Lookup): Acceptable {
  if (directives.revalidate || directives.maxAgeMs !== Number.POSITIVE_INFINITY) return 'none';
  return reason === 'absent' ? 'stale' : 'fresh';
}

/** Whether what a fetch brought is what this caller may be given; only another instance's answer may be too old. */
export function isAcceptable(outcome: FetchOutcome, accept: Acceptable, now: number): boolean {
  if (outcome.kind !== 'answer' || outcome.source !== 'shared' || accept === 'stale') return true;
  return accept === 'fresh' && now < outcome.entry.freshUntil;
}

/** Asks the upstream for a request that goes past the cache. */
export async function fetchPassing(
  lookup: Lookup,
  load: Load,
  now: number,
  signal?: AbortSignal,
): Promise<Fetched> {
  const stored = await load(signal ?? new AbortController().signal);
  const entry = new Entry(fieldsOf(lookup, stored, neverFresh(now)));
  const { status: forwardStatus, requestId } = stored;
  return { entry, verdict: 'pass', reason: lookup.reason, stored: false, forwardStatus, requestId };
}
