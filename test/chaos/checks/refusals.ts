import type { Attempt, Exchange, Finding } from '../log.ts';
import { describe, type Evidence, pathBelow } from './evidence.ts';

const SECOND_MS = 1_000;
/**
 * How long a request may be on its way from the instance that let it go to where the region writes it down, ms: between processes of
 * one machine 10, and some 100 when all of them want its two cores. What the region's own process stood still comes on top.
 */
const ON_ITS_WAY_MS = 250;
/** How long an attempt may count against the limits whose outcome nobody knows, ms. */
const DOUBT_MS = 10_000;
/** A refusal that comes so much later than its wait was held up by a machine that stood still: no log says what was used then. */
const STALL_MS = 200;
/**
 * What an instance was promised for an outage of Redis it gives back with its second word to the others, which it has every half a
 * second, ms. All of them together are promised half of what nobody uses: whoever waits for less than this may miss that half.
 */
const PROMISED_MS = 1_200;
/**
 * After Redis was away or has lost what it held no instance has more than it had, until all have reported or what the dead ones
 * have used is out of every second: a lease, two reports, a second, and one on the way, ms. Who is refused then is not judged.
 */
const MOMENT_MS = 8_000;
/** How long after the start of all the instances do not know of each other yet, ms. */
const START_MS = 4_000;
/** How long after trouble with Redis or an instance each instance may keep to its part, ms. */
const PARTS_MS = 20_000;
/** What has to be used of a limit where nothing stands in the way. */
const LEAST_PART = 0.7;

/**
 * Nobody is refused while the budget has room: in some second around the time that the caller would have waited the region got
 * as many requests of that account as it may, by its own clock, those included whose outcome nobody knows. In one, not in
 * all of them: which slots were meant for those who came before, no log says.
 */
export function earlyRefusals(evidence: Evidence): Finding[] {
  const refused = evidence.logs.attempts.filter(
    ({ outcome, sentMs, endedMs, maxWaitMs }) =>
      outcome.kind === 'answer' && outcome.status === 413 && endedMs - sentMs < maxWaitMs + STALL_MS,
  );
  const usage = usageByPlace(evidence);
  const { requestsPerSecond } = evidence.logs.terms;
  return refused.flatMap((attempt) => {
    const lateMs = latenessOf(evidence, attempt);
    const needed = leastUsed(evidence, attempt, lateMs);
    const used = mostInASecond(usage.get(placeOf(attempt)) ?? [], attempt, lateMs);
    if (used >= needed) return noRetryAfter(attempt);
    const text = `no more than ${used} of ${requestsPerSecond} a second were used, where ${needed} have to be: ${describe(attempt)}`;
    return [{ rule: 'early refusal', atMs: attempt.endedMs, text }] satisfies Finding[];
  });
}

/**
 * What has to be used for a refusal to be right. Seven tenths of the limit, for what one instance needs no longer comes to another
 * with the next words of both, each within half a second: in calm runs it was all of it, beside other work on the machine 16
 * of 20. Half of it, where the region's process stood still: what leaves in one second then comes in two. What else is less
 * has its reason above.
 */
function leastUsed(evidence: Evidence, { sentMs, endedMs, maxWaitMs }: Attempt, lateMs: number): number {
  const { requestsPerSecond, instances } = evidence.logs.terms;
  if (evidence.wasDisturbed(['redis'], sentMs - MOMENT_MS, endedMs)) return 0;
  const startMs = evidence.logs.attempts[0]?.sentMs ?? 0;
  if (sentMs < startMs + START_MS) return 0;
  if (evidence.wasDisturbed(['redis', 'instance'], sentMs - PARTS_MS, endedMs))
    return Math.floor(requestsPerSecond / (2 * instances));
  const isWhole = maxWaitMs >= PROMISED_MS && lateMs === ON_ITS_WAY_MS;
  return Math.floor(requestsPerSecond * (isWhole ? LEAST_PART : 0.5));
}

function noRetryAfter(attempt: Attempt): Finding[] {
  const { outcome } = attempt;
  if (outcome.kind !== 'answer' || /^\d+$/.test(outcome.headers['retry-after'] ?? '')) return [];
  return [
    { rule: 'early refusal', atMs: attempt.endedMs, text: `it says no Retry-After: ${describe(attempt)}` },
  ];
}

function placeOf({ path }: { path: string }): string | undefined {
  const place = pathBelow(path);
  return place && `${place.region} ${place.tenant}`;
}

/** What each account was asked for in each region. */
function usageByPlace({ logs }: Evidence): Map<string | undefined, Exchange[]> {
  const usage = new Map<string | undefined, Exchange[]>();
  for (const exchange of logs.exchanges) {
    const place = placeOf(exchange);
    const known = usage.get(place);
    if (known === undefined) usage.set(place, [exchange]);
    else known.push(exchange);
  }
  return usage;
}

/** How far off the region's log may be around the attempt, ms. */
function latenessOf({ logs }: Evidence, { sentMs, maxWaitMs }: Attempt): number {
  const [from, until] = [sentMs - SECOND_MS, sentMs + maxWaitMs + SECOND_MS];
  return logs.standstills
    .filter(({ fromMs, untilMs }) => fromMs <= until && untilMs >= from)
    .reduce((sum, { fromMs, untilMs }) => sum + untilMs - fromMs, ON_ITS_WAY_MS);
}

/** The most that the region got in one second from the one before the attempt until its patience was over, and what is in doubt. */
function mostInASecond(
  exchanges: readonly Exchange[],
  { sentMs, endedMs, maxWaitMs }: Attempt,
  lateMs: number,
): number {
  const fromMs = sentMs - SECOND_MS - lateMs;
  const untilMs = Math.max(endedMs, sentMs + maxWaitMs) + lateMs;
  const got = exchanges.map(({ receivedMs }) => receivedMs).filter((ms) => ms >= fromMs && ms <= untilMs);
  const doubtful = exchanges.filter(
    (exchange) =>
      isDoubtful(exchange) && exchange.departedMs >= fromMs - DOUBT_MS && exchange.receivedMs < fromMs,
  );
  const inSecondOf = (ms: number) => got.filter((other) => other >= ms && other < ms + SECOND_MS).length;
  return doubtful.length + Math.max(0, ...got.map(inSecondOf));
}

const isDoubtful = ({ fate }: Exchange): boolean =>
  fate !== 'answered' && fate !== 'refused' && fate !== 'broken';
