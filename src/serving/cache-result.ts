import type { Entry } from '../cache/entry.ts';
import type { Charge } from '../limits/slot-request.ts';
import type { OperationRead } from './operation-request.ts';
import type { Services } from './services.ts';

/** How an answer came about, as its headers, its log line and the metrics call it. */
export interface Verdict {
  verdict: 'hit' | 'stale' | 'miss' | 'coalesced' | 'pass';
  reason: string;
  stored: boolean;
  forwardStatus: number | undefined;
  /** The upstream's id of this caller's own request, when it led to one. */
  requestId?: string | undefined;
}

/** An answer found or fetched, and what it took. */
export interface CacheResult {
  readonly entry: Entry;
  readonly verdict: Verdict;
  /** The limits it was charged to, when this caller's own request went to the region. */
  readonly charges: readonly Charge[];
}

/** Counts what the cache said of a request. */
export function countResult(
  { call, operation, place }: OperationRead,
  { verdict }: CacheResult,
  services: Services,
): void {
  call.cache = verdict.verdict;
  call.cacheReason = verdict.reason;
  if (services.log.isLevelEnabled('debug'))
    services.log.debug(
      {
        requestId: call.requestId,
        operation: operation.name,
        verdict: verdict.verdict,
        reason: verdict.reason,
      },
      'cache',
    );
  services.countVerdict(place.endpoint.region, operation.resource, verdict.verdict, verdict.reason);
}
