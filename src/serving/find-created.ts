import { createHash } from 'node:crypto';
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';
import type { Creation } from '../operations/operation.ts';
import { stringifyJson } from '../translation/json.ts';
import { isSince, microversionOf } from '../upstream/microversion.ts';
import type { RegionAnswer } from '../upstream/region.ts';
import { changedSince, SKEW_MS } from './changed-since.ts';
import type { OperationRequest } from './operation-request.ts';
import type { Services } from './services.ts';

/** The item of metadata by which what a keyed request makes is known again. */
export const STAMP = 'sluice-idempotency';

/** From this many items of the caller's own on it is asked whether there is room for another. */
const FEW_ITEMS = 4;

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

/** Whether one request makes several (Nova's `min_count` and `max_count`), which then bear one stamp. */
export function makesSeveral(body: JsonValue | undefined, creation: Creation | undefined): boolean {
  const made = creation !== undefined && isJsonObject(body) ? body[creation.member] : undefined;
  return isJsonObject(made) && ['min_count', 'max_count'].some((name) => Number(made[name] ?? 1) > 1);
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
  const [oldest] = await findAllCreated(request, { stamp, since }, services);
  return oldest?.answer;
}

/** One of the things that bear a stamp. */
export interface Created {
  readonly id: string;
  /** The answer the request would have had that made it. */
  readonly answer: RegionAnswer;
}

/**
 * All that bear the stamp, deleted ones included, oldest first: more than one where instances made them that could not
 * speak to each other. Whoever looks sees the same order.
 *
 * @throws as `findCreated`
 */
export async function findAllCreated(
  request: OperationRequest,
  { stamp, since }: { stamp: string; since: number },
  services: Services,
): Promise<Created[]> {
  const { creates, success } = request.operation;
  if (creates === undefined) throw new Error(`what ${request.operation.name} makes cannot be looked for`);
  let from = since - SKEW_MS;
  let changes = await changedSince(request, creates, from, services);
  const behindMs = services.clock.now() - (changes.regionMs ?? services.clock.now());
  if (behindMs > SKEW_MS / 2) {
    // By the region's clock what it has made is older than that.
    from -= behindMs;
    changes = await changedSince(request, creates, from, services);
  }
  return (
    changes.items
      // What is older bears the stamp of a key that was used for something else before, or a copy of it.
      .filter((item) => bears(item, stamp) && madeAt(item) >= from)
      .sort((a, b) => compare(madeAt(a), madeAt(b)) || compare(String(a['id']), String(b['id'])))
      .map((item) => ({ id: String(item['id']), answer: answerWith(item, request, creates, success) }))
  );
}

/** Wall ms, in whole seconds; what does not say when it was made counts as new. */
function madeAt({ created }: JsonObject): number {
  const ms = typeof created === 'string' ? Date.parse(created) : Number.NaN;
  return Number.isNaN(ms) ? Number.POSITIVE_INFINITY : ms;
}

const compare = <T>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0);

const bears = ({ metadata }: JsonObject, stamp: string): boolean =>
  isJsonObject(metadata) && metadata[STAMP] === stamp;

/** What a create is answered: the new thing where the operation has it in its answer, and where it is. */
function answerWith(
  item: JsonObject,
  { operation, place, call }: OperationRequest,
  { member, idMember }: Creation,
  status: number,
): RegionAnswer {
  const id = String(item['id']);
  const location = `${place.endpoint.origin}${place.endpoint.basePath}${operation.location}${id}`;
  const isTold = idMember !== undefined && isSince(microversionOf(call.headers), idMember.since);
  const bare = isTold ? stringifyJson({ [idMember.name]: id }) : '';
  const text = operation.response === null ? bare : stringifyJson({ [member]: item });
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
