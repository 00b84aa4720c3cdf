import type { Attempt, Exchange, Finding } from '../log.ts';
import { describe, type Evidence, pathBelow } from './evidence.ts';

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

/** A refusal that comes so much later than its wait was held up by a machine that stood still: no log says what was used then. */
const STALL_MS = 200;

const SECOND_MS = 1_000;
/** How long a request may be on its way from the instance that let it go to the region, on a machine under load, ms. */
const ON_ITS_WAY_MS = 2_000;
const SLACK_MS = 500;
/** How long an attempt may count against the limits whose outcome nobody knows, ms. */
const DOUBT_MS = 10_000;
/** How long after trouble with Redis or an instance each instance may keep to its part, ms. */
const PARTS_MS = 20_000;

/**
 * Nobody is refused while the budget has room: when a caller is, the region's log shows that the account had used its
 * second, attempts whose outcome is not known included. Instances that cannot speak to each other may each keep to a part,
 * and those that can may hold some slots that others would have had.
 */
export function earlyRefusals(evidence: Evidence): Finding[] {
  const { terms } = evidence.logs;
  const refused = evidence.logs.attempts.filter(
    ({ outcome, sentMs, endedMs, maxWaitMs }) =>
      outcome.kind === 'answer' && outcome.status === 413 && endedMs - sentMs < maxWaitMs + STALL_MS,
  );
  const usage = new Map<string, Exchange[]>();
  for (const exchange of evidence.logs.exchanges) {
    const place = pathBelow(exchange.path);
    if (place === undefined) continue;
    const name = `${place.region} ${place.tenant}`;
    usage
      .set(name, usage.get(name) ?? [])
      .get(name)!
      .push(exchange);
  }
  return refused.flatMap((attempt) => {
    const { region, tenant } = pathBelow(attempt.path) ?? {};
    const used = mostUsed(usage.get(`${region} ${tenant}`) ?? [], attempt);
    const inParts = evidence.wasDisturbed(['redis', 'instance'], attempt.sentMs - PARTS_MS, attempt.endedMs);
    const part = terms.requestsPerSecond / (inParts ? 2 * terms.instances : 2);
    if (used >= Math.floor(part)) return noRetryAfter(attempt);
    const text = `no more than ${used} of ${terms.requestsPerSecond} a second were used: ${describe(attempt)}`;
    return [{ rule: 'early refusal', atMs: attempt.endedMs, text }] satisfies Finding[];
  });
}

function noRetryAfter(attempt: Attempt): Finding[] {
  const { outcome } = attempt;
  if (outcome.kind !== 'answer' || /^\d+$/.test(outcome.headers['retry-after'] ?? '')) return [];
  return [
    { rule: 'early refusal', atMs: attempt.endedMs, text: `it says no Retry-After: ${describe(attempt)}` },
  ];
}

/** The most slots that were held at one moment while the attempt waited. */
function mostUsed(exchanges: readonly Exchange[], { sentMs, endedMs }: Attempt): number {
  const held = exchanges
    .map((exchange) => ({ fromMs: exchange.receivedMs - ON_ITS_WAY_MS, untilMs: heldUntil(exchange) }))
    .filter(({ fromMs, untilMs }) => fromMs <= endedMs && untilMs >= sentMs);
  const moments = [
    endedMs,
    ...held.map(({ fromMs }) => fromMs).filter((ms) => ms >= sentMs && ms <= endedMs),
  ];
  return Math.max(
    ...moments.map((ms) => held.filter(({ fromMs, untilMs }) => fromMs <= ms && untilMs >= ms).length),
  );
}

function heldUntil({ fate, departedMs }: Exchange): number {
  const isKnown = fate === 'answered' || fate === 'refused' || fate === 'broken';
  return departedMs + SECOND_MS + SLACK_MS + (isKnown ? 0 : DOUBT_MS);
}
