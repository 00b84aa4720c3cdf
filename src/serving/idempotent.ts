import { sleep } from '../clock.ts';
import { Fault } from '../faults/faults.ts';
import { KeyTaken, type Lost, type Run } from '../idempotency/keeper.ts';
import { fingerprintOf, type KeyScope, nameOf, readKey } from '../idempotency/key.ts';
import { type KeptAnswer, openAnswer, sealAnswer } from '../idempotency/record.ts';
import { parseJson } from '../translation/json.ts';
import { isLost, mayHaveArrived } from '../upstream/failure.ts';
import type { RegionAnswer } from '../upstream/region.ts';
import { askRegion, patienceOf } from './ask-region.ts';
import { findCreated, stamped, stampOf } from './find-created.ts';
import { mismatchFault, runningFault, unknownFault } from './idempotent-faults.ts';
import { keepOldest } from './keep-oldest.ts';
import type { OperationRequest } from './operation-request.ts';
import type { Services } from './services.ts';
import { UntilSent } from './until-sent.ts';

/** Pauses between looks for what a lost create has made, ms. */
const LOOKS_MS = [250, 750, 1500, 2500, 5000];

/** What a region answers that has not done the request, and may do it another time. */
const NOT_DONE: ReadonlySet<number> = new Set([401, 408, 413, 429, 503]);

/** Headers of an answer that are given again with it. */
const KEPT_HEADERS = [
  'location',
  'x-compute-request-id',
  'x-openstack-request-id',
  'openstack-api-version',
  'x-openstack-nova-api-version',
  'vary',
] as const;

/** What came of a keyed request, and its label in the metric. */
interface Outcome {
  readonly label: 'first' | 'replayed' | 'running' | 'mismatch' | 'recovered' | 'unknown';
  readonly answer: RegionAnswer | Fault;
}

/** One keyed request, with all that its steps need. */
interface Keyed {
  readonly request: OperationRequest;
  readonly body: Buffer | string | undefined;
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
  const { account, endpoint } = place;
  // Of two callers with tokens of their own neither is given the other's answer.
  const client = call.caller?.user === undefined ? call.client : ` ${call.caller.user}`;
  const { cacheAs, name: accountName } = account;
  const scope = { client, account: cacheAs ?? accountName, tenant: endpoint.tenantId, key };
  const document = body === undefined ? undefined : parseJson(body.toString());
  const asked = { region: endpoint.region, method: operation.method, path, query, body: document };
  const name = nameOf(scope);
  const fingerprint = fingerprintOf(asked, scope);
  const patientUntil = services.clock.monotonic() + patienceOf(call, services);
  const keyed = { request, body, scope, name, fingerprint, patientUntil, services };
  call.ifCut = () => unknownFault(request, 'stopping');
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
  const { request, services } = keyed;
  const cancellation = new UntilSent(request.call);
  let isSent = false;
  const beforeSending = async () => {
    isSent = false;
    const isSure = await run.sending();
    // While this one waited for its slot another instance may have taken its key, and Redis is not there to say so.
    if (!isSure && request.operation.creates !== undefined) {
      const found = await look(keyed, run.record.startedAt);
      if (found !== undefined) throw new MadeElsewhere(found);
      // By now it may be.
      await run.sending();
    }
    cancellation.sent();
    isSent = true;
  };
  let answered: RegionAnswer;
  try {
    answered = await askRegion(request, await stampedBody(keyed), services, { cancellation, beforeSending });
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
    if (isSent && mayHaveArrived(error)) return afterLoss(keyed, run, true);
    await run.forget();
    throw error;
  }
  const { status } = answered;
  if (isLost(status)) return afterLoss(keyed, run, true);
  if (status >= 500 && request.operation.creates !== undefined) return afterLoss(keyed, run, answered);
  if (NOT_DONE.has(status)) {
    await run.forget();
    return { label: 'first', answer: answered };
  }
  const older = status < 300 && run.isContested ? await lookForOlder(keyed, run, answered) : undefined;
  await run.done(keep(older ?? answered, keyed));
  return older === undefined ? { label: 'first', answer: answered } : recovered(older);
}

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

async function stampedBody({ request, body, name, services }: Keyed): Promise<Buffer | string | undefined> {
  const { creates } = request.operation;
  if (creates === undefined || body === undefined) return body;
  return (await stamped(parseJson(body.toString()), creates, stampOf(name), request, services)) ?? body;
}

/**
 * The answer was lost, or says that something went wrong: what the request has made tells whether it was done.
 *
 * @param answered the region's own word, which is final where nothing is found
 */
async function afterLoss(keyed: Keyed, run: Run, answered: RegionAnswer | true): Promise<Outcome> {
  const { request, services } = keyed;
  const looks =
    request.operation.creates === undefined ? [] : answered === true ? LOOKS_MS : LOOKS_MS.slice(0, 1);
  for (const pauseMs of looks) {
    await sleep(services.clock, pauseMs);
    const found = await look(keyed, run.record.startedAt).catch(() => undefined);
    if (found === undefined) continue;
    await run.done(keep(found, keyed));
    return recovered(found);
  }
  if (answered !== true) {
    await run.forget();
    return { label: 'first', answer: answered };
  }
  await run.lost();
  return { label: 'unknown', answer: unknownFault(request) };
}

/** The same request again, of which nobody knows what became. */
async function findOut(keyed: Keyed, lost: Lost): Promise<Outcome> {
  const { request, services } = keyed;
  const { sentAt, startedAt } = lost.record;
  if (request.operation.creates === undefined) return { label: 'unknown', answer: unknownFault(request) };
  // Whether what is looked for can be seen by now is judged by the time the look began.
  const isSettled = services.clock.now() >= sentAt + services.settings.idempotency.settleMs;
  let found: RegionAnswer | undefined;
  try {
    found = await look(keyed, startedAt);
  } catch (error) {
    if (error instanceof Fault) throw error;
    return { label: 'unknown', answer: unknownFault(request) };
  }
  if (found !== undefined) {
    await lost.found(keep(found, keyed));
    return recovered(found);
  }
  if (!isSettled) return { label: 'unknown', answer: unknownFault(request) };
  const run = await lost.again();
  return run === undefined ? running() : send(keyed, run);
}

const look = ({ request, name, services }: Keyed, since: number): Promise<RegionAnswer | undefined> =>
  findCreated(request, { stamp: stampOf(name), since }, services);

function keep({ status, text, headers }: RegionAnswer, { name, scope }: Keyed): string {
  const kept: Record<string, string> = {};
  for (const header of KEPT_HEADERS) {
    const value = headers[header];
    if (typeof value === 'string') kept[header] = value;
  }
  return sealAnswer({ status, headers: kept, text }, name, scope);
}

function replayed(answer: string, { name, scope }: Keyed): RegionAnswer | Fault {
  const kept: KeptAnswer | undefined = openAnswer(answer, name, scope);
  if (kept === undefined)
    return new Fault(
      'computeFault',
      'The answer to this Idempotency-Key was kept and cannot be read any more.',
    );
  return { ...NOTHING_SPENT, ...kept, headers: { ...kept.headers, 'idempotent-replayed': 'true' } };
}

const NOTHING_SPENT = { hrefs: undefined, charges: [], attempts: 0, waitedMs: 0, upstreamMs: 0 };

const recovered = (found: RegionAnswer): Outcome => ({
  label: 'recovered',
  answer: { ...found, headers: { ...found.headers, 'x-sluice-recovered': 'true' } },
});

const running = (): Outcome => ({ label: 'running', answer: runningFault() });
