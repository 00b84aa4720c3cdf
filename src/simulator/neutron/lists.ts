import type { JsonObject, JsonValue } from '../../json.ts';
import type { Incoming } from '../exchange.ts';
import { NeutronError } from './errors.ts';
import type { NeutronCall } from './resources.ts';

/** Where the caller of a region's Neutron stands. */
export interface NeutronPlace {
  /** Its root as the caller wrote it, no trailing slash. */
  readonly root: string;
  /** Where the identity service is, as a 401 tells it. */
  readonly identityUrl: string;
}

/** Parameters that are no filters. */
const PAGING = new Set(['fields', 'limit', 'marker', 'page_reverse', 'sort_key', 'sort_dir']);

/** A list: filtered by any member, sorted, paged, and cut to the fields that were asked for. */
export function listDocument(call: NeutronCall): JsonObject {
  const { resource, store, projectId, incoming, place } = call;
  const { query } = incoming;
  const rendered = store.list(resource.kind, projectId).map((item) => resource.render(call, item));
  const wanted = sorted(
    rendered.filter((item) => isWanted(item, query)),
    query,
  );
  const limit = readLimit(query);
  const marker = query.get('marker');
  const start = marker === null ? 0 : wanted.findIndex(({ id }) => id === marker) + 1;
  const page = wanted.slice(start, limit === undefined ? undefined : start + limit);
  const document: JsonObject = { [resource.plural]: page.map((item) => selected(incoming, item)) };
  if (limit === undefined) return document;
  const link = (rel: string, id: JsonValue | undefined, more: Record<string, string> = {}): JsonObject => {
    const target = new URLSearchParams(query);
    if (id !== undefined) target.set('marker', String(id));
    for (const [key, value] of Object.entries(more)) target.set(key, value);
    return { rel, href: `${place.root}/v2.0/${resource.collection}?${target}` };
  };
  const links = [
    ...(page.length === limit ? [link('next', page.at(-1)?.['id'])] : []),
    link('previous', page[0]?.['id'], { page_reverse: 'True' }),
  ];
  document[`${resource.plural}_links`] = links;
  return document;
}

/** The members that `fields` names; all without it. */
export function selected({ query }: Incoming, item: JsonObject): JsonObject {
  const fields = query.getAll('fields').flatMap((field) => field.split(','));
  if (fields.length === 0) return item;
  return Object.fromEntries(Object.entries(item).filter(([key]) => fields.includes(key)));
}

function isWanted(item: JsonObject, query: URLSearchParams): boolean {
  for (const key of new Set(query.keys())) {
    if (PAGING.has(key)) continue;
    if (key === 'fixed_ips' || key === 'security_groups' || key.startsWith('tags')) {
      if (
        !query.getAll(key).every((text) => JSON.stringify(item[key] ?? []).includes(text.split('=').at(-1)!))
      )
        return false;
      continue;
    }
    if (!(key in item)) continue;
    const own = String(item[key]).toLowerCase();
    if (
      !query
        .getAll(key)
        .some((text) => text === String(item[key]) || (isTruth(text) && text.toLowerCase() === own))
    )
      return false;
  }
  return true;
}

const isTruth = (text: string): boolean => ['true', 'false'].includes(text.toLowerCase());

function sorted(items: readonly JsonObject[], query: URLSearchParams): readonly JsonObject[] {
  const key = query.get('sort_key');
  if (key === null) return items;
  const sign = query.get('sort_dir') === 'desc' ? -1 : 1;
  return [...items].sort((a, b) => sign * String(a[key]).localeCompare(String(b[key])));
}

function readLimit(query: URLSearchParams): number | undefined {
  const text = query.get('limit');
  if (text === null) return undefined;
  if (!/^-?\d+$/.test(text))
    throw new NeutronError(
      400,
      'HTTPBadRequest',
      `Bad limit request: Limit must be an integer 0 or greater and not '${text}'`,
    );
  const limit = Number(text);
  return limit > 0 ? limit : undefined;
}
