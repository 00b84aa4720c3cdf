import { createHash } from 'node:crypto';
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';
import { operationNamed } from '../operations/match.ts';
import type { Creation } from '../operations/operation.ts';
import { parseJson, stringifyJson } from '../translation/json.ts';
import { cancellationOf } from '../upstream/cancellation.ts';
import type { RegionAnswer } from '../upstream/region.ts';
import type { OperationRequest } from './operation-request.ts';
import { ownTokenOf } from './own-token.ts';
import type { Services } from './services.ts';

/** The item of metadata by which what a keyed request makes is known again. */
export const STAMP = 'sluice-idempotency';

/** By how much the clocks of the region and of this machine may differ, ms. */
const SKEW_MS = 300_000;
/** Pages of a list that are looked through; the API's own page is 1,000. */
const MOST_PAGES = 20;
/** How long one look may take, ms. */
const LOOK_TIMEOUT_MS = 20_000;
/** From this many items of the caller's own on it is asked whether there is room for another. */
const FEW_ITEMS = 4;
/** Values in a list that is looked through. */
const MOST_VALUES = 10_000_000;

/** What a request is stamped with: known only to whoever has its key. */
export const stampOf = (name: string): string =>
  createHash('sha256').update(`stamp ${name}`).digest('hex').slice(0, 32);

/**
 * The body with a stamp in the metadata of what it makes.
 *
 * @returns undefined where there is no room for it, or no place
 */
export async function stamped(
  body: JsonValue,
  creation: Creation,
  stamp: string,
  request: OperationRequest,
  services: Services,
): Promise<string | undefined> {
  const made = isJsonObject(body) ? body[creation.member] : undefined;
  if (!isJsonObject(body) || !isJsonObject(made)) return undefined;
  const { metadata = {} } = made;
  if (metadata !== null && !isJsonObject(metadata)) return undefined;
  const own = metadata ?? {};
  if (!(await hasRoom(Object.keys(own).length, creation, request, services))) return undefined;
  return stringifyJson({ ...body, [creation.member]: { ...made, metadata: { ...own, [STAMP]: stamp } } });
}

const ROOM: Readonly<Record<string, string>> = { server: 'maxServerMeta', createImage: 'maxImageMeta' };

/** Whether the region takes another item (guide, section 1.8.2). */
async function hasRoom(
  items: number,
  { member }: Creation,
  { place }: OperationRequest,
  { limits }: Services,
): Promise<boolean> {
  if (items < FEW_ITEMS) return true;
  const document = await limits.document(place).catch(() => undefined);
  const absolute = document?.['limits'];
  const most =
    isJsonObject(absolute) && isJsonObject(absolute['absolute'])
      ? absolute['absolute'][ROOM[member]!]
      : undefined;
  return typeof most !== 'number' || most < 0 || items < most;
}

/**
 * Looks at the region for what a request has made.
 *
 * @param since wall ms: when the request began
 * @returns the answer the request would have had, but for a password, which the region tells once; undefined: it has made
 *   nothing that could be seen
 * @throws what the way to the region throws, or an Error: it cannot be found out
 */
export async function findCreated(
  request: OperationRequest,
  { stamp, since }: { stamp: string; since: number },
  services: Services,
): Promise<RegionAnswer | undefined> {
  const { creates, success } = request.operation;
  if (creates === undefined) throw new Error(`what ${request.operation.name} makes cannot be looked for`);
  const from = `changes-since=${encodeURIComponent(new Date(since - SKEW_MS).toISOString().replace(/\.\d+/, ''))}`;
  let marker: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const query = marker === undefined ? from : `${from}&marker=${encodeURIComponent(marker)}`;
    const items = await listed(request, creates, query, services);
    for (const item of items) if (bears(item, stamp)) return answerWith(item, request, creates, success);
    const last = items.at(-1)?.['id'];
    if (typeof last !== 'string' || last === marker) return undefined;
    marker = last;
  }
  throw new Error(`more than ${MOST_PAGES} pages have changed since`);
}

async function listed(
  { call, place }: OperationRequest,
  { list, items }: Creation,
  query: string,
  services: Services,
): Promise<JsonObject[]> {
  const operation = operationNamed(list);
  const { status, text } = await services.regions.ask({
    operation,
    method: operation.method,
    place,
    path: operation.path,
    query,
    headers: call.headers,
    body: undefined,
    shared: false,
    client: call.client,
    ownToken: ownTokenOf(call),
    priority: 'interactive',
    maxWaitMs: LOOK_TIMEOUT_MS,
    cancellation: cancellationOf(AbortSignal.timeout(LOOK_TIMEOUT_MS)),
  });
  if (status !== 200) throw new Error(`the region answered ${status} when it was asked what there is`);
  const document = parseJson(text, MOST_VALUES);
  const found = isJsonObject(document) ? document[items] : undefined;
  if (!Array.isArray(found)) throw new Error('the region did not say what there is');
  return found.filter(isJsonObject);
}

const bears = ({ metadata }: JsonObject, stamp: string): boolean =>
  isJsonObject(metadata) && metadata[STAMP] === stamp;

/** What a create is answered: the new thing where the operation has it in its answer, and where it is. */
function answerWith(
  item: JsonObject,
  { operation, place }: OperationRequest,
  { member }: Creation,
  status: number,
): RegionAnswer {
  const id = String(item['id']);
  const location = `${place.endpoint.origin}${place.endpoint.basePath}${operation.location}${id}`;
  const text = operation.response === null ? '' : stringifyJson({ [member]: item });
  return {
    status,
    text,
    hrefs: undefined,
    headers: { location },
    charges: [],
    attempts: 0,
    waitedMs: 0,
    upstreamMs: 0,
  };
}
