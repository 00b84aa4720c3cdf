import { sleep } from '../clock.ts';
import { Fault } from '../faults/faults.ts';
import { KeyTaken, type Lost, type Run } from '../idempotency/keeper.ts';
import { fingerprintOf, type KeyScope, nameOf, readKey } from '../idempotency/key.ts';
import type { IdempotencyRecord } from '../idempotency/record.ts';
import type { JsonValue } from '../json.ts';
import { parseJson } from '../translation/json.ts';
import { isLost, mayHaveArrived } from '../upstream/failure.ts';
import type { RegionAnswer } from '../upstream/region.ts';
import { patienceOf } from './ask-region.ts';
import { findCreated, makesSeveral, stamped, stampOf } from './find-created.ts';
import { mismatchFault, NOT_DONE, runningFault, unknownFault } from './idempotent-faults.ts';
import { keepOldest } from './keep-oldest.ts';
import { keep, replayed } from './kept-answer.ts';
import { keyScopeOf } from './key-scope.ts';
import type { OperationRequest } from './operation-request.ts';
import { askRelaxed } from './relaxed.ts';
import type { Services } from './services.ts';
import { UntilSent } from './until-sent.ts';

/** Pauses between looks for what a lost create has made, ms. */
const LOOKS_MS = [250, 750, 1500, 2500, 5000];

/** What a region answers to a create that it does not know: nothing was made. Any other word of a failure may come after the deed. */
const NOT_KNOWN: ReadonlySet<number> = new Set([501, 505]);

/** What came of a keyed request, and its label in the metric. */
interface Outcome {
  readonly label: 'first' | 'replayed' | 'running' | 'mismatch' | 'recovered' | 'unknown';
  readonly answer: RegionAnswer | Fault;
}

/** One keyed request, with all that its steps need. */
interface Keyed {
  readonly request: OperationRequest;
  readonly body: Buffer | string | undefined;
  /** What the body says. */
  readonly document: JsonValue | undefined;
  readonly scope: KeyScope;
  readonly name: string;
  readonly fingerprint: string;
  /** Until when another one with this key may be waited for, monotonic ms. */
  readonly patientUntil: number;
  readonly services: Services;
}

/**
 * The key of a request that is kept from being done twice (`Idempotency-Key`): every POST of the operations table.
 *
 * @throws {Fault} 400: it is none
 */
export function idempotencyKeyOf({ call, operation }: OperationRequest): string | undefined {
  return operation.method === 'POST' ? readKey(call.header('idempotency-key')) : undefined;
}

/**
 * Asks a region for what must happen once, as draft-ietf-httpapi-idempotency-key-header says: the first request with a key
 * is sent, the same again gets the first one's answer, another one under the same key is 422.
 *
 * @throws {Fault} 409: the first one still runs; 422; 500: it was sent and its outcome is not known; and what `askRegion` throws
 */
export async function askOnce(
  request: OperationRequest,
  body: Buffer | string | undefined,
  key: string,
  services: Services,
): Promise<RegionAnswer> {
  const { call, place, operation, path, query } = request;
  const { endpoint } = place;
  const scope = keyScopeOf(call, place, key);
  const document = body === undefined ? undefined : parseJson(body.toString());
  const asked = { region: endpoint.region, method: operation.method, path, query, body: document };
  const name = nameOf(scope);
  const fingerprint = fingerprintOf(asked, scope);
  const patientUntil = services.clock.monotonic() + patienceOf(call, services);
  const keyed = { request, body, document, scope, name, fingerprint, patientUntil, services };
  call.ifCut = () => unknownFault(request, { mayFind: operation.creates !== undefined, reason: 'stopping' });
  const outcome = await begin(keyed);
  services.metrics.idempotent.inc(endpoint.region, operation.name, outcome.label);
  if (outcome.answer instanceof Fault) throw outcome.answer;
  return outcome.answer;
}

async function begin(keyed: Keyed): Promise<Outcome> {
  const { request, name, fingerprint, services } = keyed;
  const { call } = request;
  const patienceMs = Math.max(0, keyed.patientUntil - services.clock.monotonic());
  const begun = await services.idempotency.begin(name, fingerprint, { patienceMs, signal: call.signal });
  switch (begun.kind) {
    case 'run':
      if (begun.isSure || request.operation.creates === undefined) return send(keyed, begun.run);
      return sendUnlessThere(keyed, begun.run);
    case 'answered':
      return { label: 'replayed', answer: replayed(begun.record.answer!, keyed) };
    case 'lost':
      return findOut(keyed, begun.lost);
    case 'running':
      return running();
    case 'mismatch':
      return { label: 'mismatch', answer: mismatchFault() };
  }
}

/** Nobody can say whether the request was sent before: if what it makes is there, it was. */
async function sendUnlessThere(keyed: Keyed, run: Run): Promise<Outcome> {
  const { services } = keyed;
  try {
    const since = services.clock.now() - services.settings.idempotency.keepMs;
    const found = await look(keyed, since);
    if (found === undefined) return await send(keyed, run);
    await run.done(keep(found, keyed));
    return recovered(found);
  } catch (error) {
    await run.forget();
    throw error;
  }
}

async function send(keyed: Keyed, run: Run): Promise<Outcome> {
  const { request, document, services } = keyed;
  const { creates, response } = request.operation;
  const cancellation = new UntilSent(request.call);
  let isSent = false;
  let answered: RegionAnswer;
  try {
    const marked = await stampedBody(keyed);
    const isUnmarked = creates !== undefined && marked === undefined;
    const beforeSending = async () => {
      isSent = false;
      const isSure = await run.sending(isUnmarked);
      // While this one waited for its slot another instance may have taken its key, and Redis is not there to say so.
      if (!isSure && mayFind(keyed, run.record)) {
        const found = await look(keyed, run.record.startedAt);
        if (found !== undefined) throw new MadeElsewhere(found);
        // By now it may be.
        await run.sending(isUnmarked);
      }
      cancellation.sent();
      isSent = true;
    };
    answered = await askRelaxed(request, marked ?? keyed.body, services, { cancellation, beforeSending });
  } catch (error) {
    if (error instanceof KeyTaken) {
      // Not sent, and over: whoever has the key now is waited for.
      await run.forget();
      return begin(keyed);
    }
    if (error instanceof MadeElsewhere) {
      await run.done(keep(error.found, keyed));
      return recovered(error.found);
    }
    if (isSent && mayHaveArrived(error)) return afterLoss(keyed, run);
    await run.forget();
    throw error;
  }
  const { status } = answered;
  // A create that tells nothing of what it has made is as good as none.
  const isEmpty = creates !== undefined && response !== null && status < 300 && answered.text === '';
  if (isLost(status) || isEmpty) return afterLoss(keyed, run);
  if (status >= 500 && creates !== undefined) return afterLoss(keyed, run, answered);
  if (NOT_DONE.has(status)) {
    await run.forget();
    return { label: 'first', answer: answered };
  }
  const isContested = status < 300 && run.isContested && !makesSeveral(document, creates);
  const older = isContested ? await lookForOlder(keyed, run, answered) : undefined;
  await run.done(keep(older ?? answered, keyed));
  return older === undefined ? { label: 'first', answer: answered } : recovered(older);
}

/** Whether what it makes can be known again. */
const mayFind = ({ request }: Keyed, { isUnmarked }: IdempotencyRecord): boolean =>
  request.operation.creates !== undefined && isUnmarked !== true;

const lookForOlder = (
  { request, name, services }: Keyed,
  { record }: Run,
  answered: RegionAnswer,
): Promise<RegionAnswer | undefined> =>
  keepOldest(request, answered, { stamp: stampOf(name), since: record.startedAt }, services);

/** It was not sent: another instance has made it meanwhile. */
class MadeElsewhere extends Error {
  override readonly name = 'MadeElsewhere';
  readonly found: RegionAnswer;

  constructor(found: RegionAnswer) {
    super('another instance has sent it meanwhile');
    this.found = found;
  }
}

/** @returns undefined where it cannot be stamped */
async function stampedBody({ request, document, name, services }: Keyed): Promise<string | undefined> {
  const { creates } = request.operation;
  if (creates === undefined || document === undefined) return undefined;
  return stamped(document, creates, stampOf(name), request, services);
}

/**
 * The answer was lost, or says that something went wrong: what the request has made tells whether it was done.
 *
 * @param answered the region's own word, if there is one
 */
async function afterLoss(keyed: Keyed, run: Run, answered?: RegionAnswer): Promise<Outcome> {
  const { request, services } = keyed;
  const canFind = mayFind(keyed, run.record);
  const looks = !canFind ? [] : answered === undefined ? LOOKS_MS : LOOKS_MS.slice(0, 1);
  for (const pauseMs of looks) {
    await sleep(services.clock, pauseMs);
    const found = await look(keyed, run.record.startedAt).catch(() => undefined);
    if (found === undefined) continue;
    await run.done(keep(found, keyed));
    return recovered(found);
  }
  if (answered !== undefined && (NOT_DONE.has(answered.status) || NOT_KNOWN.has(answered.status))) {
    await (canFind ? run.refused() : run.forget());
    return { label: 'first', answer: answered };
  }
  await run.lost();
  return { label: 'unknown', answer: unknownFault(request, { mayFind: canFind, answered }) };
}

/** The same request again, of which nobody knows what became. */
async function findOut(keyed: Keyed, lost: Lost): Promise<Outcome> {
  const { request, services } = keyed;
  const { sentAt, startedAt } = lost.record;
  const canFind = mayFind(keyed, lost.record);
  const unknown: Outcome = { label: 'unknown', answer: unknownFault(request, { mayFind: canFind }) };
  if (!canFind) return unknown;
  // Whether what is looked for can be seen by now is judged by the time the look began.
  const isSettled = services.clock.now() >= sentAt + services.settings.idempotency.settleMs;
  let found: RegionAnswer | undefined;
  try {
    found = await look(keyed, startedAt);
  } catch (error) {
    if (error instanceof Fault) throw error;
    return unknown;
  }
  if (found !== undefined) {
    await lost.found(keep(found, keyed));
    return recovered(found);
  }
  if (!isSettled) return unknown;
  const run = await lost.again();
  return run === undefined ? running() : send(keyed, run);
}

const look = ({ request, name, services }: Keyed, since: number): Promise<RegionAnswer | undefined> =>
  findCreated(request, { stamp: stampOf(name), since }, services);

const recovered = (found: RegionAnswer): Outcome => ({
  label: 'recovered',
  answer: { ...found, headers: { ...found.headers, 'x-sluice-recovered': 'true' } },
});

const running = (): Outcome => ({ label: 'running', answer: runningFault() });
