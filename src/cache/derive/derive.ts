import { isJsonObject, type JsonValue } from '../../json.ts';
import type { Hrefs } from '../../links/json-hrefs.ts';
import type { Operation } from '../../operations/operation.ts';
import { owned } from '../../owned-text.ts';
import { type Family, familyOf } from '../classes.ts';
import { hasOneReading, type Parameter, parseQuery } from '../query.ts';
import { sliceObject } from './json-slices.ts';
import { type ListIndex, type Member, MOST_MEMBERS, memberValue, selfOf } from './list-index.ts';

/**
 * List to item: what a complete detail list also answers. Only what the upstream would say with the very same meaning
 * is computed; at the least doubt (an unknown parameter, a value the upstream might read otherwise, an id that is not
 * in the list) there is no answer here and the request goes upstream.
 */

/** What is to be computed. */
export interface Question {
  readonly operation: Operation;
  /** The item's id, for the item's operation. */
  readonly subject: string | undefined;
  /** As the region is asked with it. */
  readonly query: string;
  /** The microversion headers: with any, summaries may hold more than the guide's members. */
  readonly variant: string;
}

/** What was computed. */
export interface Answer {
  /** JSON text of its own: a part of the list's would keep all of that alive. */
  readonly body: string;
  /** Where its links stand, when that is known. */
  readonly hrefs: Hrefs | undefined;
}

/** The answer to the question, or null when the list cannot answer it exactly. */
export function derive(index: ListIndex, question: Question): Answer | null {
  const found = familyOf(question.operation);
  if (!found) return null;
  if (question.operation === found.item) return deriveItem(index, found, question);
  const body = deriveList(index, found, question);
  return body === null ? null : { body, hrefs: undefined };
}

/** An id that the list lacks may still exist (a flavor not offered any more): only the upstream knows. */
function deriveItem(index: ListIndex, { item }: Family, { subject, query }: Question): Answer | null {
  const member = subject === undefined || query !== '' ? undefined : index.byId.get(subject);
  if (!member) return null;
  const opening = `{"${item.response}": `;
  const body = owned(`${opening}${member.text}}`);
  return { body, hrefs: member.hrefs.map((at) => at + opening.length) };
}

function deriveList(index: ListIndex, found: Family, question: Question): string | null {
  // A plus is a blank to most servers, not to all.
  if (!hasOneReading(question.query.split('&')) || question.query.includes('+')) return null;
  const parameters = parseQuery(question.query);
  const picked = filterMembers(index, found, parameters);
  const page = picked && pageOf(picked, parameters);
  const texts = page && textsOf(page.members, found, question);
  if (!texts) return null;
  const members = `"${found.collection}": [${texts.join(', ')}]`;
  if (!page.hasMore) return `{${members}}`;
  const next = nextHref(page.members.at(-1)!, found, question.operation, parameters);
  if (next === null) return null;
  return `{${members}, "${found.collection}_links": [{"rel": "next", "href": ${JSON.stringify(next)}}]}`;
}

/** The members every filter lets through; null when a filter cannot be computed. Pages are `pageOf`'s. */
function filterMembers(
  { members }: ListIndex,
  { filters }: Family,
  parameters: readonly Parameter[],
): readonly Member[] | null {
  const asked = parameters.filter(([name]) => name !== 'limit' && name !== 'marker');
  if (asked.length === 0) return members;
  const values = members.map(memberValue);
  let picked = members.map((_, at) => at);
  for (const [name, value] of asked) {
    const isPicked = Object.hasOwn(filters, name) ? filters[name]!(value, values) : null;
    if (!isPicked) return null;
    picked = picked.filter((at) => isPicked(values[at]!));
  }
  return picked.map((at) => members[at]!);
}

interface Page {
  readonly members: readonly Member[];
  readonly hasMore: boolean;
}

/**
 * The page that `limit` and `marker` cut (section 1.6). Upstreams differ on a page that is exactly full with nothing
 * behind it (some link to an empty next page), on limits of nothing or beyond the largest page, and on unknown markers.
 */
function pageOf(picked: readonly Member[], parameters: readonly Parameter[]): Page | null {
  const values = new Map(parameters);
  const marker = values.get('marker');
  const start = marker === undefined ? 0 : picked.findIndex(({ id }) => id === marker) + 1;
  if (marker !== undefined && start === 0) return null;
  const rest = picked.slice(start);
  const limit = values.get('limit');
  if (limit === undefined) return { members: rest, hasMore: false };
  if (!/^[1-9]\d{0,3}$/.test(limit) || Number(limit) > MOST_MEMBERS) return null;
  if (rest.length === Number(limit)) return null;
  return { members: rest.slice(0, Number(limit)), hasMore: rest.length > Number(limit) };
}

/** What a list without details names of each member (Examples 1.17 to 1.19). */
const SUMMARY = ['id', 'name', 'links'];

function textsOf(
  members: readonly Member[],
  found: Family,
  { operation, variant }: Question,
): string[] | null {
  if (operation === found.detail) return members.map(({ text }) => text);
  if (variant !== '') return null;
  const texts = members.map(({ text }) => summaryOf(text));
  return texts.every((text) => text !== null) ? texts : null;
}

/**
 * Null for a member with links beyond these two: some upstreams name an image's `alternate` link in its details only,
 * others wherever the image stands.
 */
function summaryOf(text: string): string | null {
  const kept = [...sliceObject(text)].filter(([name]) => SUMMARY.includes(name));
  if (kept.length !== SUMMARY.length) return null;
  const links = JSON.parse(kept.find(([name]) => name === 'links')![1]) as JsonValue;
  if (!Array.isArray(links) || !links.every(isCommonLink)) return null;
  return `{${kept.map(([name, value]) => `"${name}": ${value}`).join(', ')}}`;
}

const isCommonLink = (link: JsonValue): boolean =>
  isJsonObject(link) && (link['rel'] === 'self' || link['rel'] === 'bookmark');

/** The upstream's own address of the next page: where the last member lives, less its id, with the marker moved. */
function nextHref(
  last: Member,
  { list, detail }: Family,
  operation: Operation,
  parameters: readonly Parameter[],
): string | null {
  const tail = `/${last.id}`;
  const self = selfOf(last);
  if (!self?.endsWith(tail)) return null;
  const place =
    self.slice(0, -tail.length) + (operation === detail ? detail.path.slice(list.path.length) : '');
  const query = parameters
    .filter(([name]) => name !== 'marker')
    .concat([['marker', last.id]])
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  return `${place}?${query.join('&')}`;
}
