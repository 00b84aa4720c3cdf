import type { Finding } from '../log.ts';
import { describe, type Evidence } from './evidence.ts';

/** Every caller is answered within its patience, as long as its instance lives and runs. */
export function unanswered(evidence: Evidence): Finding[] {
  const { allowanceMs } = evidence.logs.terms;
  return evidence.logs.attempts
    .filter((attempt) => {
      const { outcome, sentMs, endedMs, maxWaitMs } = attempt;
      if (outcome.kind === 'left') return false;
      const isLate = endedMs - sentMs > maxWaitMs + allowanceMs + LATE_MS;
      if (outcome.kind === 'answer' && !isLate) return false;
      return evidence.wasOut(attempt) === undefined;
    })
    .map((attempt) => ({ rule: 'no answer', atMs: attempt.endedMs, text: describe(attempt) }));
}

/** How late a timer of the caller's own may be. */
const LATE_MS = 5_000;
