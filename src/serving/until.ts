import { Fault } from '../faults/faults.ts';
import type { RequestFacts } from '../http/request-facts.ts';
import type { JsonObject } from '../json.ts';
import type { Awaited, Operation } from '../operations/operation.ts';
import { UNTIL } from '../routing/asked-query.ts';
import { stringifyJson } from '../translation/json.ts';
import { microversionOf } from '../upstream/microversion.ts';
import type { RegionAnswer } from '../upstream/region.ts';
import { awaitedId, awaitedIn } from './awaited.ts';
import { changedSince, regionTimeOf, SKEW_MS } from './changed-since.ts';
import { readNow } from './item-now.ts';
import type { OperationRequest } from './operation-request.ts';
import { ownTokenOf } from './own-token.ts';
import type { Services } from './services.ts';
import { OVERLAP_MS, StatePoll } from './state-poll.ts';
import { preferredWaitMs } from './wait.ts';

/** How long is waited for a state where the caller does not say, and at most, ms. */
const USUAL_WAIT_MS = 60_000;
const LONGEST_WAIT_MS = 600_000;
/** States that nothing leaves by itself. */
const ENDS: ReadonlySet<string> = new Set(['ERROR', 'DELETED', 'SOFT_DELETED', 'KILLED']);

/** Whether a request may wait for a state: most have no query at all. */
export const mayAwait = ({ query }: Pick<RequestFacts, 'query'>): boolean =>
  query !== '' && query.includes(UNTIL);

/**
 * The state that a caller waits for (`?sluice:until=ACTIVE`).
 *
 * @throws {Fault} 400: it is none, or nothing of this operation has a state
 */
function stateOf({ query }: Pick<RequestFacts, 'query'>, { name, awaits }: Operation): string | undefined {
  if (!query.includes(UNTIL)) return undefined;
  const state = new URLSearchParams(query).get(UNTIL);
  if (state === null) return undefined;
  if (!/^[A-Za-z_]{1,32}$/.test(state))
    throw new Fault(
      'badRequest',
      `${UNTIL} names one state, such as ACTIVE; "${state.slice(0, 40)}" is none.`,
    );
  if (awaits === undefined)
    throw new Fault('badRequest', `${UNTIL} waits for the state of a server or an image; ${name} has none.`);
  return state.toUpperCase();
}

/** Refuses at once what could not be waited for. @throws {Fault} 400 */
export function checkUntil({ call, operation }: OperationRequest): void {
  if (mayAwait(call)) stateOf(call, operation);
}

/**
 * An answer once what it is about has reached the state that the caller waits for, or one that is an end, or the time is over
 * (`Prefer: wait=N`, RFC 7240, section 4.3). All who wait in a region share one poll.
 */
export async function onceReached(
  request: OperationRequest,
  answered: RegionAnswer,
  services: Services,
): Promise<RegionAnswer> {
  const { call, operation } = request;
  const { awaits } = operation;
  if (awaits === undefined || !mayAwait(call) || answered.status >= 300) return answered;
  const state = stateOf(call, operation);
  const own = awaitedIn(answered, awaits);
  const id = awaitedId(request, awaits, answered, own);
  if (state === undefined || id === undefined) return answered;
  const isReached = (item: JsonObject): boolean => {
    const status = statusOf(item);
    // An action has only begun: the state that it starts from is not the one that it leads to.
    if (status === state) return !isBusy(item);
    // What has failed can still be deleted.
    return ENDS.has(status) && !(state === 'DELETED' && status === 'ERROR');
  };
  const isRead = operation.method === 'GET';
  const { clock } = services;
  const waitMs = Math.min(preferredWaitMs(call) ?? USUAL_WAIT_MS, LONGEST_WAIT_MS);
  if (isRead && own !== undefined && isReached(own)) return told(answered, own, 0, waitMs);
  const begun = clock.monotonic();
  // An answer that is given again is of long ago, and so may be the last change.
  const now = isOld(answered) ? await readNow(request, awaits, id, services) : undefined;
  if (now !== undefined && isReached(now.item))
    return told(withItem(answered, now.item, awaits, own), now.item, clock.monotonic() - begun, waitMs);
  const seen = await pollOf(request, awaits, services).wait(id, isReached, {
    sinceMs: beginOf(now?.answered ?? answered, services),
    waitMs,
    signal: call.signal,
    ask: (sinceMs) => changedSince(request, awaits, sinceMs, services),
  });
  call.waitedMs += clock.monotonic() - begun;
  if (seen === undefined) return told(answered, own, isRead ? clock.monotonic() - begun : undefined, waitMs);
  const ageMs = clock.monotonic() - seen.askedAt;
  return told(withItem(answered, seen.item, awaits, own), seen.item, ageMs, waitMs);
}

function pollOf(request: OperationRequest, { list, isGone }: Awaited, services: Services): StatePoll {
  const { account, endpoint } = request.place;
  const key = JSON.stringify([
    account.name,
    endpoint.region,
    endpoint.tenantId,
    ownTokenOf(request.call) ?? null,
    list,
    isGone ? '' : microversionOf(request.call.headers),
  ]);
  return services.statePolls.of(key, () => new StatePoll(services.clock));
}

/** Whether it was given before, or put together from what was found: see `askOnce`. */
const isOld = ({ headers }: RegionAnswer): boolean =>
  'idempotent-replayed' in headers || 'x-sluice-recovered' in headers;

/** From when on changes are news, by the region's clock as far as it tells it, wall ms. */
function beginOf({ headers }: RegionAnswer, { clock }: Services): number {
  const regionMs = regionTimeOf(headers);
  return regionMs === undefined ? clock.now() - SKEW_MS : regionMs - OVERLAP_MS;
}

const statusOf = ({ status }: JsonObject): string => (typeof status === 'string' ? status.toUpperCase() : '');

/** It is on its way to another state (`OS-EXT-STS:task_state`). */
const isBusy = (item: JsonObject): boolean => {
  const task = item['OS-EXT-STS:task_state'];
  return typeof task === 'string' && task !== '' && task !== 'None';
};

/** A read is answered what was seen; a write keeps its own members, a password among them. */
function withItem(
  answered: RegionAnswer,
  item: JsonObject,
  { member }: Awaited,
  own: JsonObject | undefined,
): RegionAnswer {
  if (own === undefined) return answered;
  const text = stringifyJson({ [member]: { ...own, ...item } });
  return { ...answered, text, hrefs: undefined, long: undefined };
}

/** How fresh it is, and what was waited for. */
function told(
  answered: RegionAnswer,
  item: JsonObject | undefined,
  ageMs: number | undefined,
  waitMs: number,
): RegionAnswer {
  const headers = {
    ...answered.headers,
    'preference-applied': `wait=${Math.round(waitMs / 1000)}`,
    ...(ageMs === undefined ? {} : { 'x-sluice-age': String(Math.ceil(ageMs / 1000)) }),
    ...(item === undefined || statusOf(item) === '' ? {} : { 'x-sluice-status': statusOf(item) }),
  };
  return { ...answered, text: answered.text, headers };
}
