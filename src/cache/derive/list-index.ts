import { isJsonObject, type JsonObject, type JsonValue } from '../../json.ts';
import { type Hrefs, hrefsIn } from '../../links/json-hrefs.ts';
import { sliceArray, sliceObject } from './json-slices.ts';

/** One member of a detail list: its text as the upstream wrote it. Lists are long, so it holds no more. */
export interface Member {
  readonly id: string;
  readonly text: string;
  /** Where the links stand in the text. */
  readonly hrefs: Hrefs;
}

/** A complete detail list, ready to be asked. */
export interface ListIndex {
  readonly members: readonly Member[];
  readonly byId: ReadonlyMap<string, Member>;
}

/** A list this long may have been cut by the upstream (guide section 1.6: at most 1000 items at a time). */
export const MOST_MEMBERS = 1000;

/** A longer list takes too long to be read at once, characters. */
const LONGEST_LIST = 2 * 1024 * 1024;

/**
 * Reads a detail list. Null when it is not complete (it links to a next page, or is as long as a page can be) or not
 * what the guide says; nothing may be computed from such a list.
 *
 * @param collection the array's name (`flavors`, `images`)
 */
export function indexList(body: string, collection: string): ListIndex | null {
  if (body.length > LONGEST_LIST) return null;
  let document: JsonValue;
  try {
    document = JSON.parse(body);
  } catch {
    return null;
  }
  if (!isJsonObject(document) || document[`${collection}_links`] !== undefined) return null;
  const values = document[collection];
  if (!Array.isArray(values) || values.length >= MOST_MEMBERS) return null;
  const texts = sliceArray(sliceObject(body).get(collection)!);
  const hrefs = hrefsByText(body, texts);
  const members = values.map((value, at) => memberOf(value, texts[at]!, hrefs[at]!));
  const byId = new Map<string, Member>();
  for (const member of members) {
    if (member === null || byId.has(member.id)) return null;
    byId.set(member.id, member);
  }
  return { members: [...byId.values()], byId };
}

/** The links of a list, found in one pass, as they stand in each of its members' texts. */
function hrefsByText(body: string, texts: readonly string[]): Hrefs[] {
  const all = hrefsIn(body);
  let next = 0;
  let end = 0;
  return texts.map((text) => {
    const start = body.indexOf(text, end);
    end = start + text.length;
    const own: number[] = [];
    while (next < all.length && all[next]! < start) next++;
    for (; next < all.length && all[next]! < end; next++) own.push(all[next]! - start);
    return own;
  });
}

function memberOf(value: JsonValue, text: string, hrefs: Hrefs): Member | null {
  if (!isJsonObject(value) || typeof value['id'] !== 'string') return null;
  return { id: value['id'], text, hrefs };
}

/** A member's value, read when a filter or a page looks at it. */
export function memberValue(member: Member): JsonObject {
  return JSON.parse(member.text) as JsonObject;
}

/** The href of a member's self link. */
export function selfOf(member: Member): string | undefined {
  const { links } = memberValue(member);
  if (!Array.isArray(links)) return undefined;
  const self = links.find((link) => isJsonObject(link) && link['rel'] === 'self');
  const href = isJsonObject(self) ? self['href'] : undefined;
  return typeof href === 'string' ? href : undefined;
}
