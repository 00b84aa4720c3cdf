import { OTHER_OPERATION } from '../access/grants.ts';
import type { Fault } from '../faults/faults.ts';
import { hasBody, readBody } from '../http/body.ts';
import { KeyTaken, type Run } from '../idempotency/keeper.ts';
import { fingerprintOf, type KeyScope, nameOf, readKey } from '../idempotency/key.ts';
import { openAnswer, sealAnswer } from '../idempotency/record.ts';
import type { JsonValue } from '../json.ts';
import { serviceTypeOf } from '../routing/service-place.ts';
import { patienceOf } from '../serving/ask-region.ts';
import {
  mismatchFault,
  NOT_DONE,
  runningFault,
  unknownFault,
  unreadableFault,
} from '../serving/idempotent-faults.ts';
import { keyScopeOf } from '../serving/key-scope.ts';
import type { LocatedPassthrough } from '../serving/located.ts';
import type { Services } from '../serving/services.ts';
import { whileGood, withdrawnFault } from '../serving/still-good.ts';
import { UntilSent } from '../serving/until-sent.ts';
import { parseJson } from '../translation/json.ts';
import { isLost, mayHaveArrived } from '../upstream/failure.ts';
import type { ProxiedAnswer } from '../upstream/region.ts';
import type { Asked } from './proxy.ts';
import { type Changed, findProxyTarget, headOf, type ProxyTarget } from './target.ts';

/**
 * A POST with an `Idempotency-Key` that goes through: key pairs, networks, images, what the guide does not have. As
 * `serving/idempotent.ts` does it for operations, but that nobody can say how what it has made is known again: once its answer is
 * lost, it is never sent a second time.
 */

/** Most bytes of an answer that are kept; a longer one goes to its caller alone. */
const MOST_KEPT_BYTES = 1024 * 1024;
/** What of an answer is of its own time and connection. */
const NOT_KEPT: ReadonlySet<string> = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding']);

/** An answer that is here as a whole. */
type WholeAnswer = ProxiedAnswer & { readonly body: Buffer };

interface Keyed {
  readonly located: LocatedPassthrough;
  readonly scope: KeyScope;
  readonly name: string;
  readonly body: Buffer | undefined;
  readonly services: Services;
}

type Outcome =
  | { readonly label: 'first' | 'replayed'; readonly target: ProxyTarget; readonly answer: ProxiedAnswer }
  | { readonly label: 'running' | 'mismatch' | 'unknown'; readonly fault: Fault };

/** The key of a request that goes through; undefined: it has none. @throws {Fault} 400: it is none */
export const passedKeyOf = ({ call }: LocatedPassthrough): string | undefined =>
  call.method === 'POST' ? readKey(call.header('idempotency-key')) : undefined;

/**
 * Sends what goes through with a key once, and answers it.
 *
 * @returns what is left to hand over: an answer too long to be kept; undefined: it is answered
 * @throws {Fault} 409: the first one still runs; 413: its body is too long for that; 422; 500: its outcome is not known; and what
 *   `Regions.stream` throws
 */
export async function passOnce(
  located: LocatedPassthrough,
  key: string,
  services: Services,
): Promise<Asked | undefined> {
  const { call, place, path, query } = located;
  const body = hasBody(call.req) ? await readBody(call.req) : undefined;
  const scope = keyScopeOf(call, place, key);
  const { region } = place.endpoint;
  const asked = { region, method: call.method, path: `${serviceTypeOf(place)} ${path}`, query };
  const document = body && documentOf(body, call.headers['content-type']);
  const fingerprint = fingerprintOf({ ...asked, body: document }, scope);
  const keyed = { located, scope, name: nameOf(scope), body, services };
  call.ifCut = () => unknownFault(named(located), { mayFind: false, reason: 'stopping' });
  const outcome = await begin(keyed, fingerprint);
  services.metrics.idempotent.inc(region, nameOfOperation(located), outcome.label);
  if ('fault' in outcome) throw outcome.fault;
  const withdrawn = withdrawnFault(call, services);
  if (withdrawn !== undefined) throw withdrawn;
  const { target } = outcome;
  const answer = await target.adapt(outcome.answer);
  if (!Buffer.isBuffer(answer.body)) return { located, begun: { target, answer } };
  const headers = headOf(answer, call, target);
  if (answer.status !== 204) headers['content-length'] = String(answer.body.length);
  services.pass(call, { status: answer.status, headers, body: answer.body });
  return undefined;
}

const nameOfOperation = ({ matched }: LocatedPassthrough): string =>
  matched?.operation.name ?? OTHER_OPERATION;

const named = ({ place, call, matched }: LocatedPassthrough) => ({
  place,
  operation: { name: matched?.operation.name ?? call.method },
});

/** What a body says, if it is JSON, or else all its bytes. */
function documentOf(body: Buffer, type = ''): JsonValue {
  try {
    if (/[/+]json\b/i.test(type)) return parseJson(body.toString());
  } catch {
    // It is for the service to say what is wrong with it.
  }
  return body.toString('latin1');
}

async function begin(keyed: Keyed, fingerprint: string): Promise<Outcome> {
  const { located, name, scope, services } = keyed;
  const { call } = located;
  const until = services.clock.monotonic() + patienceOf(call, services);
  for (;;) {
    const patienceMs = Math.max(0, until - services.clock.monotonic());
    const begun = await services.idempotency.begin(name, fingerprint, { patienceMs, signal: call.signal });
    switch (begun.kind) {
      case 'run': {
        const outcome = await send(keyed, begun.run);
        if (outcome !== undefined) return outcome;
        break;
      }
      case 'answered': {
        const target = await findProxyTarget(located, services, { body: undefined });
        return { label: 'replayed', target, answer: replayed(begun.record.answer!, name, scope) };
      }
      case 'lost':
        return unknown(located);
      case 'running':
        return { label: 'running', fault: runningFault() };
      case 'mismatch':
        return { label: 'mismatch', fault: mismatchFault() };
    }
  }
}

const unknown = (located: LocatedPassthrough): Outcome => ({
  label: 'unknown',
  fault: unknownFault(named(located), { mayFind: false }),
});

/** @returns undefined: it was not sent, and somebody else has its key by now */
async function send({ located, scope, name, body, services }: Keyed, run: Run): Promise<Outcome | undefined> {
  const { call } = located;
  const cancellation = new UntilSent(call);
  let isSent = false;
  const beforeSending = whileGood(call, services, async () => {
    isSent = false;
    await run.sending();
    cancellation.sent();
    isSent = true;
  });
  // Whoever asks again may read another coding.
  const { 'accept-encoding': _, ...headers } = call.headers;
  const changed: Changed = { headers, body, beforeSending, cancellation, holding: () => MOST_KEPT_BYTES };
  try {
    const target = await findProxyTarget(located, services, changed);
    const answer = await target.receive();
    const { status } = answer;
    if (isLost(status)) {
      await run.lost();
      return unknown(located);
    }
    if (NOT_DONE.has(status)) await run.forget();
    else if (isWhole(answer)) await run.done(sealAnswer(keptOf(answer), name, scope));
    else await run.lost();
    return { label: 'first', target, answer };
  } catch (error) {
    if (isSent && mayHaveArrived(error)) {
      await run.lost();
      return unknown(located);
    }
    await run.forget();
    if (error instanceof KeyTaken) return undefined;
    throw error;
  }
}

const isWhole = (answer: ProxiedAnswer): answer is WholeAnswer => Buffer.isBuffer(answer.body);

function keptOf({ status, headers, body }: WholeAnswer) {
  const kept: Record<string, string> = {};
  for (const [header, value] of Object.entries(headers))
    if (typeof value === 'string' && !NOT_KEPT.has(header)) kept[header] = value;
  return { status, headers: kept, text: body.toString('base64') };
}

function replayed(sealed: string, name: string, scope: KeyScope): ProxiedAnswer {
  const kept = openAnswer(sealed, name, scope);
  if (kept === undefined) throw unreadableFault();
  return {
    status: kept.status,
    headers: { ...kept.headers, 'idempotent-replayed': 'true' },
    body: Buffer.from(kept.text, 'base64'),
    ...{ attempts: 0, charges: [], waitedMs: 0, upstreamMs: 0 },
  };
}
