/** Merges what the regions answered into one document. Pure, but for leaving turns of the event loop to others. */
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';
import { nextTurn } from '../turns.ts';

/** One region's page. */
export interface Part {
  readonly region: string;
  readonly members: readonly JsonObject[];
  /** The region has further members after these. */
  readonly hasMore: boolean;
  /** The marker by which the region itself says where to go on, if it has more. */
  readonly nextMarker?: string | undefined;
}

/** Why a region has no part in the answer: its fault, or Sluice's own about it. */
export interface Failure {
  readonly region: string;
  /** Name of the fault: `serviceUnavailable`. */
  readonly fault: string;
  readonly code: number;
  readonly message: string;
  /** Whole seconds, for refusals that end by themselves. */
  readonly retryAfter?: number | undefined;
}

export interface MergedPage {
  readonly members: JsonObject[];
  /** The last member, when there are more behind it. */
  readonly next: { region: string; id: string } | undefined;
}

/**
 * The collection in a region's answer; undefined when it is something else.
 *
 * @param key `servers`
 */
export function readPart(region: string, key: string, body: JsonValue): Part | undefined {
  const members = isJsonObject(body) ? body[key] : undefined;
  if (!isJsonObject(body) || !Array.isArray(members)) return undefined;
  const links = body[`${key}_links`];
  const next = Array.isArray(links)
    ? links.filter(isJsonObject).find(({ rel }) => rel === 'next')
    : undefined;
  const nextMarker = next && markerOf(next['href']);
  return { region, members: members.filter(isJsonObject), hasMore: next !== undefined, nextMarker };
}

/** The marker in the query of a link. */
function markerOf(href: JsonValue | undefined): string | undefined {
  if (typeof href !== 'string') return undefined;
  const query = href.slice(href.indexOf('?') + 1);
  return new URLSearchParams(query.split('#', 1)[0]).get('marker') ?? undefined;
}

/** Members that are merged in one turn of the event loop: a few ms. */
const MEMBERS_PER_TURN = 1_000;

/**
 * One page of the parts in their order. It ends where the limit says, or behind a region that has more to give: what comes
 * after would else stand before it. A region may have more although it gave nothing; the page then goes on where it says.
 */
export async function mergeParts(parts: readonly Part[], limit: number | undefined): Promise<MergedPage> {
  const members: JsonObject[] = [];
  let last: { region: string; id: string } | undefined;
  for (const { region, members: own, hasMore, nextMarker } of parts) {
    for (const member of own) {
      if (members.length === limit) return { members, next: last };
      if (members.length > 0 && members.length % MEMBERS_PER_TURN === 0) await nextTurn();
      members.push({ ...member, 'sluice:region': region });
      last = { region, id: String(member['id']) };
    }
    if (hasMore && own.length > 0) return { members, next: last };
    if (hasMore && nextMarker !== undefined) return { members, next: { region, id: nextMarker } };
  }
  return { members, next: undefined };
}

/** The document of a page: the collection, the way to the next page, and the regions that are missing from it. */
export function mergedDocument(
  key: string,
  members: JsonObject[],
  nextUrl: string | undefined,
  failures: readonly Failure[],
): JsonObject {
  return {
    [key]: members,
    ...(nextUrl === undefined ? {} : { [`${key}_links`]: [{ rel: 'next', href: nextUrl }] }),
    ...(failures.length === 0 ? {} : { 'sluice:errors': failures.map(failureDocument) }),
  };
}

function failureDocument({ region, fault, code, message, retryAfter }: Failure): JsonObject {
  return { region, fault, code, message, ...(retryAfter === undefined ? {} : { retryAfter }) };
}

/** How the whole fails when no region answered, or the one that a marker names refused it. */
export type Refusal =
  /** What every region said alike is about the request itself. */
  { kind: 'alike'; failure: Failure } | { kind: 'all'; message: string };

/** @param failures one per region asked, at least one */
export function judgeFailures(failures: readonly Failure[]): Refusal {
  const [first] = failures;
  const isAlike = failures.every(({ code }) => code === first!.code && code >= 400 && code < 500);
  if (isAlike) {
    const waits = failures.map(({ retryAfter }) => retryAfter ?? 0);
    const retryAfter = Math.max(...waits);
    return { kind: 'alike', failure: { ...first!, retryAfter: retryAfter > 0 ? retryAfter : undefined } };
  }
  const each = failures.map(({ region, code, message }) => `${region}: ${code} ${message}`);
  return { kind: 'all', message: `No region answered. ${each.join(' ')}` };
}
