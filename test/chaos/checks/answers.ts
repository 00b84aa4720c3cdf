import type { Attempt, Exchange, Finding } from '../log.ts';
import { describe, type Evidence, pathBelow } from './evidence.ts';

/** How long news of a write may take from one instance to the others while all is well, ms. */
const NEWS_MS = 5_000;

type Answered = Attempt & { outcome: { kind: 'answer' } };

/**
 * Every 2xx is what the region had: of a read it gave that very body, to somebody, not before the attempt was sent or, of
 * what may be cached, no longer before than that allows, and not before a write that was acknowledged before; of a write
 * it did it between the call's first attempt and the answer.
 */
export function wrongAnswers(evidence: Evidence): Finding[] {
  const findings: Finding[] = [];
  const writes = acknowledgedWrites(evidence);
  for (const attempt of evidence.logs.attempts) {
    if (attempt.outcome.kind !== 'answer' || attempt.outcome.status >= 300) continue;
    const answered = attempt as Answered;
    if (pathBelow(attempt.path) === undefined) continue;
    const problem =
      attempt.method === 'GET' ? wrongRead(evidence, answered, writes) : wrongWrite(evidence, answered);
    if (problem === undefined) continue;
    findings.push({ rule: 'wrong answer', atMs: attempt.endedMs, text: `${problem}: ${describe(attempt)}` });
  }
  return findings;
}

/** Limits are told as Sluice sees them, so that no region gives that body. */
const OWN_VIEW = /^\/limits(?:\?|$)/;

function wrongRead(evidence: Evidence, attempt: Answered, writes: WritesByPlace): string | undefined {
  const { rest } = pathBelow(attempt.path)!;
  if (OWN_VIEW.test(rest)) return undefined;
  const wanted = evidence.canonical(attempt.outcome.body);
  const same = evidence
    .exchanges('GET', attempt.path)
    .filter(({ done }) => done?.status === 200 && evidence.canonical(done.body) === wanted)
    .map(({ done }) => done!.atMs)
    .filter((atMs) => atMs <= attempt.endedMs);
  if (same.length === 0) return 'the region never had this';
  const newestMs = Math.max(...same);
  const oldestMs = attempt.sentMs - (evidence.logs.terms.staleMs[rest.split(/[/?]/)[1] ?? ''] ?? 0);
  if (newestMs < oldestMs)
    return `the region had this ${attempt.sentMs - newestMs} ms before it was asked for`;
  const missed = writes
    .get(placeOf(attempt))
    ?.find((write) => newestMs < write.doneMs && concerns(write, rest) && isKnown(evidence, write, attempt));
  return (
    missed &&
    `it leaves out what was acknowledged ${attempt.sentMs - missed.ackMs} ms before (${missed.text})`
  );
}

interface Write {
  /** Path of the item that was changed or ended; undefined: there is one more. */
  readonly item: string | undefined;
  readonly instance: string;
  readonly doneMs: number;
  readonly ackMs: number;
  readonly text: string;
}

type WritesByPlace = ReadonlyMap<string, readonly Write[]>;

const placeOf = ({ path }: Attempt): string => {
  const { region, tenant, rest } = pathBelow(path)!;
  const [, service = '', verb = ''] = /^\/([^/?]+)(?:\/[^/]+\/(action))?/.exec(rest) ?? [];
  // What a server's action makes is an image.
  return `${region} ${tenant} ${verb === 'action' ? 'images' : service}`;
};

/** `/images/1` of `/images/1/metadata?x=y`; undefined of lists. */
const itemOf = (rest: string): string | undefined => /^\/[^/?]+\/(?!detail\b)[^/?]+/.exec(rest)?.[0];

/** A write changes the lists, and of items its own. */
function concerns({ item }: Write, rest: string): boolean {
  const read = itemOf(rest);
  return read === undefined || read === item;
}

/** Writes that were acknowledged, by what they may have changed. */
function acknowledgedWrites(evidence: Evidence): WritesByPlace {
  const writes = new Map<string, Write[]>();
  for (const attempt of evidence.logs.attempts) {
    if (attempt.method === 'GET' || attempt.outcome.kind !== 'answer' || attempt.outcome.status >= 300)
      continue;
    if (pathBelow(attempt.path) === undefined) continue;
    const { instance, endedMs: ackMs } = attempt;
    const doneMs = doneFor(evidence, attempt)?.done?.atMs;
    // A replay is no write: what it says again was told when it was done.
    if (doneMs === undefined || doneMs < attempt.sentMs) continue;
    const place = placeOf(attempt);
    const { rest } = pathBelow(attempt.path)!;
    const item = attempt.method === 'POST' ? undefined : itemOf(rest);
    const write = { item, instance, doneMs, ackMs, text: describe(attempt) };
    writes.set(place, [...(writes.get(place) ?? []), write]);
  }
  return writes;
}

/** Whether the reader's instance must have known of the write. */
function isKnown(evidence: Evidence, write: Write, reader: Attempt): boolean {
  if (write.ackMs >= reader.sentMs) return false;
  if (write.instance === reader.instance) return !evidence.wasOut({ ...reader, sentMs: write.doneMs });
  if (reader.sentMs - write.ackMs < NEWS_MS) return false;
  return !evidence.wasDisturbed(['redis', 'instance'], write.doneMs - 2 * NEWS_MS, reader.endedMs);
}

function wrongWrite(evidence: Evidence, attempt: Answered): string | undefined {
  const exchange = doneFor(evidence, attempt);
  if (exchange === undefined) return 'the region has not done it';
  if (attempt.method !== 'POST' || attempt.mark === undefined) return undefined;
  const told = idOf(attempt.outcome.body) ?? lastSegment(attempt.outcome.headers['location']);
  const made = idOf(exchange.done!.body);
  return made !== undefined && told !== made ? `it tells of ${told}, the region has made ${made}` : undefined;
}

/** What the region did for the attempt's call, if it did it with success. */
export function doneFor(evidence: Evidence, attempt: Attempt): Exchange | undefined {
  const firstMs = evidence.attempts(attempt.call)[0]?.sentMs ?? attempt.sentMs;
  return evidence
    .exchanges(attempt.method, attempt.path)
    .find(
      ({ done, body }) =>
        done !== undefined &&
        done.status < 300 &&
        done.atMs >= firstMs &&
        done.atMs <= attempt.endedMs &&
        (attempt.mark === undefined || holds(body, attempt.mark)),
    );
}

/** Whether the text stands there as a whole JSON string: `mark-1` is no `mark-12`. */
export const holds = (body: string, mark: string): boolean => body.includes(JSON.stringify(mark));

function idOf(body: string): string | undefined {
  try {
    return (JSON.parse(body) as { server?: { id?: string } }).server?.id;
  } catch {
    return undefined;
  }
}

const lastSegment = (location: string | undefined): string | undefined => location?.split('/').at(-1);
