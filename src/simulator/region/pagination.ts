import { Fault } from '../../faults/faults.ts';
import type { JsonObject, JsonValue } from '../../json.ts';
import { badRequest } from './body.ts';
import type { Call } from './call.ts';

/** One page of a collection and the id the next page starts after; null: this is the last one. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextMarker: string | null;
}

/** `limit` of the query, else the largest page. Throws badRequest, or overLimit above the largest (section 1.6). */
export function readLimit(call: Call): number {
  const text = call.request.query.get('limit');
  const { maxPageSize } = call.settings;
  if (text === null || text === '') return maxPageSize;
  if (!/^\d+$/.test(text))
    throw badRequest(`limit is "${text}"; give a whole number from 0 to ${maxPageSize}.`);
  const limit = Number(text);
  if (limit > maxPageSize)
    throw new Fault('overLimit', `limit is ${limit}; a page has at most ${maxPageSize} items.`);
  return limit;
}

/** `marker` of the query; null: from the beginning. */
export function readMarker(call: Call): string | null {
  return call.request.query.get('marker') || null;
}

/** A marker that names nothing in the collection. */
export function badMarker(marker: string): Fault {
  return new Fault(
    'itemNotFound',
    `The marker ${marker} is no id of this collection; begin again without it.`,
  );
}

/** Takes a page from `items` (already past the marker), picking what `isWanted`. */
export function takePage<T extends { readonly id: string }>(
  items: Iterable<T>,
  limit: number,
  isWanted: (item: T) => boolean,
): Page<T> {
  const page: T[] = [];
  for (const item of items) {
    if (!isWanted(item)) continue;
    if (page.length === limit) return { items: page, nextMarker: page.at(-1)?.id ?? null };
    page.push(item);
  }
  return { items: page, nextMarker: null };
}

/**
 * The document of a page: `{"servers": […], "servers_links": [next]}`. The next link keeps the query as it was but for
 * the marker, so following it honors the page size and the filters.
 */
export function pageDocument<T>(
  call: Call,
  name: string,
  page: Page<T>,
  render: (item: T) => JsonValue,
): JsonObject {
  const document: JsonObject = { [name]: page.items.map(render) };
  if (page.nextMarker === null) return document;
  const query = new URLSearchParams(call.request.query);
  if (!query.has('limit')) query.set('limit', String(call.settings.maxPageSize));
  query.delete('marker');
  query.set('marker', page.nextMarker);
  document[`${name}_links`] = [
    { rel: 'next', href: `${call.request.selfBase}${call.request.path}?${query}` },
  ];
  return document;
}
