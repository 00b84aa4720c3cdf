import { asFault, Fault } from '../faults/faults.ts';
import type { Call } from '../http/call.ts';
import { isJsonObject, type JsonValue } from '../json.ts';
import type { Hrefs } from '../links/json-hrefs.ts';
import { readLongText, rewriteInTurns } from '../links/long-document.ts';
import { matchPath } from '../operations/match.ts';
import type { Operation } from '../operations/operation.ts';
import { canonicalSegment } from '../routing/canonical.ts';
import type { Account, Place } from '../routing/directory.ts';
import { readRegion } from '../serving/ask-region.ts';
import { type CacheResult, countResult } from '../serving/cache-result.ts';
import { findAnswer } from '../serving/cached.ts';
import { isWorthLogging, logFault } from '../serving/log-fault.ts';
import type { OperationRequest } from '../serving/operation-request.ts';
import { ownTokenOf } from '../serving/own-token.ts';
import type { Services } from '../serving/services.ts';
import { parseJson } from '../translation/json.ts';
import { parseJsonInTurns } from '../translation/json-in-turns.ts';
import { cancellationOf } from '../upstream/cancellation.ts';
import type { RegionAnswer } from '../upstream/region.ts';
import { tellableRetryAfter } from '../upstream/retry-after.ts';
import { type Failure, type Part, readPart } from './merge.ts';
import { withMarker } from './page.ts';

/** What one region has to say to a list of every region: a part or a failure. */
export interface RegionPart {
  part?: Part;
  failure?: Failure;
  /** How the cache answered, where it may. */
  found?: CacheResult;
}

/**
 * Asks one region for its part, its links made to lead through Sluice. What goes wrong there is its failure.
 *
 * @throws {Fault} 499 when the caller left, and so nobody needs the whole
 */
export async function askRegionForPart(request: OperationRequest, services: Services): Promise<RegionPart> {
  const { call, operation, place } = request;
  const { region } = place.endpoint;
  try {
    let asked = request;
    for (let page = 1; ; page++) {
      const answer = await answerOf(asked, services);
      const { status, found } = answer;
      if (status !== 200)
        return { failure: failureOf(region, status, answer.text, answer.headers['retry-after']), ...found };
      const part = readPart(region, operation.resource, await readValue(answer, request, services));
      if (!part)
        throw new Fault('computeFault', `Region ${region} did not answer with a list.`, { code: 502 });
      const marker = part.members.length === 0 ? part.nextMarker : undefined;
      if (marker === undefined || page === MOST_EMPTY_PAGES) return { part, ...found };
      asked = { ...asked, query: withMarker(asked.query ?? '', marker) };
    }
  } catch (error) {
    if (call.gone) throw error;
    return { failure: failureFrom(error, region, call, services) };
  }
}

/** What went wrong, as the list tells it; in the log if it is news there. */
function failureFrom(error: unknown, region: string, call: Call, services: Services): Failure {
  const fault = asFault(error);
  if (isWorthLogging(fault)) logFault(fault, call, services, { region });
  const { code, message, headers } = fault;
  return { region, fault: fault.fault, code, message, retryAfter: seconds(headers['retry-after']) };
}

/**
 * Regions of which nothing is known, because their own identity service has given no token yet: waited for, all at once.
 *
 * @returns a failure for each that is not there afterwards
 * @throws {Fault} 499 when the caller left
 */
export async function awaitRegions(
  call: Call,
  account: Account,
  regions: readonly string[],
  services: Services,
): Promise<RegionPart[]> {
  const parts = regions.map(async (region): Promise<RegionPart[]> => {
    try {
      await account.ready(call.signal, region);
      return [];
    } catch (error) {
      if (call.gone) throw error;
      return [{ failure: failureFrom(error, region, call, services) }];
    }
  });
  return (await Promise.all(parts)).flat();
}

/** How many pages in a row may be empty, each with a link to the next, before the caller has to follow that itself. */
const MOST_EMPTY_PAGES = 10;

interface Answer extends Pick<RegionAnswer, 'status' | 'text' | 'long'> {
  headers: Record<string, string | string[] | undefined>;
  found?: { found: CacheResult };
}

/** What an answer says, its links made to lead through Sluice. */
async function readValue(
  answer: Answer,
  { call, place: { account, endpoint } }: OperationRequest,
  services: Services,
): Promise<JsonValue> {
  const rewrite = (text: string, hrefs?: Hrefs) =>
    services.links(account).rewriteBody(text, call.publicBase, endpoint.region, hrefs);
  const long = answer.long ?? (await readLongText(answer.text));
  if (long === undefined) return parseJson(rewrite(answer.text), Number.POSITIVE_INFINITY);
  return parseJsonInTurns(await rewriteInTurns(long, rewrite));
}

/** Through the cache where the operation has one; a request that goes to the region waits for its slot as any other. */
async function answerOf(request: OperationRequest, services: Services): Promise<Answer> {
  const { call, operation } = request;
  const isOwn = ownTokenOf(call) !== undefined;
  if (operation.cache === null || isOwn) return readRegion(request, services, cancellationOf(call.signal));
  const found = await findAnswer(request, services);
  const { entry } = found;
  countResult(request, found, services);
  return { status: entry.status, text: entry.body, headers: entry.headers, found: { found } };
}

/**
 * Whether a region has the member of a list that an id names; undefined when it does not say.
 */
export async function hasMember(
  call: Call,
  list: Operation,
  place: Place,
  id: string,
  services: Services,
): Promise<boolean | undefined> {
  const path = `/${list.resource}/${canonicalSegment(id)}`;
  const match = matchPath('GET', path);
  if (match.kind !== 'operation' || match.operation.acrossRegions !== undefined) return false;
  const { operation, params } = match;
  try {
    const { status } = await answerOf({ call, operation, place, path, params, query: '' }, services);
    if (status === 200) return true;
    return status === 404 || status === 400 ? false : undefined;
  } catch (error) {
    if (call.gone) throw error;
    return undefined;
  }
}

function failureOf(
  region: string,
  status: number,
  text: string,
  retryAfter: string | string[] | undefined,
): Failure {
  const { name, message } = readFault(text);
  return { region, fault: name, code: status, message, retryAfter: seconds(retryAfter) };
}

function readFault(text: string): { name: string; message: string } {
  const unclear = { name: 'computeFault', message: 'The region gave no reason.' };
  let body: JsonValue;
  try {
    body = parseJson(text);
  } catch {
    return unclear;
  }
  const [name, fault] = isJsonObject(body) ? (Object.entries(body)[0] ?? []) : [];
  if (name === undefined || !isJsonObject(fault ?? null)) return unclear;
  const message = (fault as { message?: JsonValue }).message;
  return { name, message: typeof message === 'string' ? message : unclear.message };
}

function seconds(header: string | string[] | undefined): number | undefined {
  const told = tellableRetryAfter(header, undefined);
  return told !== undefined && /^\d+$/.test(told) ? Number(told) : undefined;
}
