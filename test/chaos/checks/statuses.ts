import type { Attempt, Finding } from '../log.ts';
import { describe, type Evidence, pathBelow } from './evidence.ts';

/**
 * Every status from 300 on has a reason that both ends' logs show: the region said so to the same request, or it (or
 * identity) was failing, or the instance was being stopped; of 409 also that another attempt with its key had not ended.
 * A 401 is never one: that tokens were taken away is no news about the caller; 403 and 422 have no reason in this load. A 413 is judged by `earlyRefusals`.
 */
export function unexplainedStatuses(evidence: Evidence): Finding[] {
  return evidence.logs.attempts
    .filter((attempt) => !isExplained(evidence, attempt))
    .map((attempt) => ({ rule: 'unexplained status', atMs: attempt.endedMs, text: describe(attempt) }));
}

/** Ages of "there is no such item", ms. */
const NOT_FOUND_MS = 4_000;

function isExplained(evidence: Evidence, attempt: Attempt): boolean {
  const { outcome, method, path } = attempt;
  if (outcome.kind !== 'answer' || outcome.status < 300) return true;
  const { status } = outcome;
  if (status === 413) return true;
  const place = pathBelow(path);
  const saying = evidence
    .exchanges(method, path)
    .filter(
      (exchange) =>
        exchange.status === status &&
        exchange.departedMs >= attempt.sentMs - (status === 404 ? NOT_FOUND_MS : 0) &&
        exchange.receivedMs <= attempt.endedMs,
    );
  const said = saying.length > 0;
  if (status === 409) return said || isUnderWay(evidence, attempt);
  if (status < 500) return said && status !== 401 && status !== 403;
  return (
    said ||
    evidence.hadTrouble(place?.region ?? null, attempt) ||
    evidence.hadTrouble(null, attempt) ||
    evidence.wasOut(attempt) !== undefined ||
    isUnderWay(evidence, attempt)
  );
}

/** Whether another attempt of the call, with a key, was not answered before: its instance may be at it still. */
function isUnderWay(evidence: Evidence, attempt: Attempt): boolean {
  if (attempt.key === undefined) return false;
  return evidence
    .attempts(attempt.call)
    .some(
      (other) =>
        other !== attempt &&
        other.sentMs <= attempt.endedMs &&
        (other.outcome.kind !== 'answer' || other.endedMs > attempt.sentMs || other.outcome.status >= 500),
    );
}
