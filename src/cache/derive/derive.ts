import { isJsonObject, type JsonValue } from '../../json.ts';
import { operationNamed } from '../../operations/match.ts';
import type { CacheClass, DocumentName, Operation } from '../../operations/operation.ts';
import { hasOneReading, type Parameter, parseQuery } from '../query.ts';
import { sliceObject } from './json-slices.ts';
import { factsOf, type ListIndex, type Member, type MemberFacts, MOST_MEMBERS } from './list-index.ts';

/**
 * List to item: what a complete detail list also answers. Only what the upstream would say with the very same meaning
 * is computed; at the least doubt (an unknown parameter, a value the upstream might read otherwise, an id that is not
 * in the list) there is no answer here and the request goes upstream.
 */

/** How the operations of one class hang together. */
interface Family {
  /** The operation whose answer the others are computed from. */
  readonly detail: Operation;
  readonly list: Operation;
  readonly item: Operation;
  readonly collection: DocumentName & string;
}

/** The classes whose detail list can answer others. */
export type DerivableClass = 'flavors' | 'images';

const family = (detail: string, list: string, item: string): Family => {
  const listOperation = operationNamed(list);
  return {
    detail: operationNamed(detail),
    list: listOperation,
    item: operationNamed(item),
    collection: listOperation.response!,
  };
};

const FAMILIES: Record<DerivableClass, Family> = {
  flavors: family('listFlavorsDetail', 'listFlavors', 'getFlavor'),
  images: family('listImagesDetail', 'listImages', 'getImage'),
};

/** The family of an operation that a detail list may answer; undefined for all others. */
export function familyOf(operation: Operation): Family | undefined {
  const { cache } = operation;
  if (!isDerivable(cache)) return undefined;
  const { detail, list, item } = FAMILIES[cache];
  return operation === detail || operation === list || operation === item ? FAMILIES[cache] : undefined;
}

/** True for classes that have a detail list. */
export function isDerivable(cacheClass: CacheClass | null): cacheClass is DerivableClass {
  return cacheClass === 'flavors' || cacheClass === 'images';
}

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

/** The JSON text that answers the question, or null when the list cannot answer it exactly. */
export function derive(index: ListIndex, question: Question): string | null {
  const found = familyOf(question.operation);
  if (!found) return null;
  if (question.operation === found.item) return deriveItem(index, found, question);
  return deriveList(index, found, question);
}

function deriveItem(index: ListIndex, { item }: Family, question: Question): string | null {
  const member = findMember(index, question);
  return member ? `{"${item.response}": ${member.text}}` : null;
}

/**
 * The member that is the item asked for. An id that the list lacks may still exist (a flavor not offered any more): only
 * the upstream knows.
 */
export function findMember(index: ListIndex, { operation, subject, query }: Question): Member | undefined {
  if (operation !== familyOf(operation)?.item) return undefined;
  return subject === undefined || query !== '' ? undefined : index.byId.get(subject);
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
  { collection }: Family,
  parameters: readonly Parameter[],
): readonly Member[] | null {
  const asked = parameters.filter(([name]) => name !== 'limit' && name !== 'marker');
  if (asked.length === 0) return members;
  const all = members.map(factsOf);
  let picked = all;
  for (const [name, value] of asked) {
    const filter = FILTERS[`${collection}.${name}`]?.(value, all);
    if (!filter) return null;
    picked = picked.filter(filter);
  }
  return picked.map(({ member }) => member);
}

type Filter = (facts: MemberFacts) => boolean;

/** By collection and parameter: the filter a value means, or null when this list cannot say. */
const FILTERS: Record<string, (value: string, all: readonly MemberFacts[]) => Filter | null> = {
  'flavors.minRam': (value, all) => atLeast(value, all, ({ ram }) => ram),
  'flavors.minDisk': (value, all) => atLeast(value, all, ({ disk }) => disk),
  'images.name': byName,
  // The upstreams' other status names do not map one to one (a queued image shows SAVING, say).
  'images.status': (value, all) =>
    value === 'ACTIVE' && all.every(({ status }) => typeof status === 'string')
      ? ({ status }) => status === 'ACTIVE'
      : null,
  'images.type': byType,
  'images.server': (value) => {
    const id = value.slice(value.lastIndexOf('/') + 1);
    return id === '' ? null : ({ serverId }) => serverId === id;
  },
};

function atLeast(
  value: string,
  all: readonly MemberFacts[],
  read: (facts: MemberFacts) => unknown,
): Filter | null {
  if (!/^\d{1,9}$/.test(value) || !all.every((facts) => typeof read(facts) === 'number')) return null;
  const least = Number(value);
  return (facts) => (read(facts) as number) >= least;
}

/**
 * Exact names, unless the upstream might see it otherwise: image stores know operators (`in:`), and databases that
 * compare without case or without blanks at the end.
 */
function byName(value: string, all: readonly MemberFacts[]): Filter | null {
  const loose = (text: string) => text.trimEnd().toLowerCase();
  const isPlain = value !== '' && !/^\w+:/.test(value) && value.trim() === value;
  const isAmbiguous = ({ name }: MemberFacts) =>
    typeof name !== 'string' || (name !== value && loose(name) === loose(value));
  return isPlain && !all.some(isAmbiguous) ? ({ name }) => name === value : null;
}

/** Table of section 2.6.1: BASE and SNAPSHOT, which the image's own metadata spells in lower case. */
function byType(value: string, all: readonly MemberFacts[]): Filter | null {
  const isTyped = ({ imageType }: MemberFacts) => imageType === 'base' || imageType === 'snapshot';
  if ((value !== 'BASE' && value !== 'SNAPSHOT') || !all.every(isTyped)) return null;
  return ({ imageType }) => imageType === value.toLowerCase();
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
  const { self } = factsOf(last);
  if (!self?.endsWith(tail)) return null;
  const place =
    self.slice(0, -tail.length) + (operation === detail ? detail.path.slice(list.path.length) : '');
  const query = parameters
    .filter(([name]) => name !== 'marker')
    .concat([['marker', last.id]])
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  return `${place}?${query.join('&')}`;
}
