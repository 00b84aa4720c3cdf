/**
 * Queries as the cache reads them. They come as a region is asked with them (`routing/asked-query.ts`): what a key holds
 * is what the region was asked.
 */

/** A query's name and value, decoded. */
export type Parameter = readonly [name: string, value: string];

/** The parameters a server may read in a query: those behind a `;` too, which some take for a separator. */
export function parseQuery(query: string): Parameter[] {
  return query
    .split(/[&;]/)
    .filter((part) => part !== '')
    .map((part) => {
      const name = nameOf(part);
      return [decode(name), decode(part.slice(name.length + 1))];
    });
}

const decode = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));

/** The name of one parameter, as it is spelled. */
export function nameOf(part: string): string {
  const equals = part.indexOf('=');
  return equals < 0 ? part : part.slice(0, equals);
}

/**
 * False for parameters that servers read differently: with a `;`, or with a name twice, of which some take the first,
 * some the last and some both.
 *
 * @param parts of a query, between its `&`
 */
export function hasOneReading(parts: readonly string[]): boolean {
  return !parts.some((part) => part.includes(';')) && new Set(parts.map(nameOf)).size === parts.length;
}

/** True when a query may ask for changes since a time. */
export function hasChangesSince(query: string): boolean {
  return query !== '' && /(?:^|[&;])changes-since(?:[=&;]|$)/.test(query);
}
