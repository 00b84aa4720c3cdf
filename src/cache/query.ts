import type { CacheClass } from '../operations/operation.ts';
import { CLASSES } from './classes.ts';

/**
 * Queries, normalised: one meaning, one spelling. Known parameters come first in a fixed order, those that say what
 * holds anyway are dropped, unknown ones are kept in the caller's order because nobody knows what they do.
 */

/** A query's name and value, decoded. */
export type Parameter = readonly [name: string, value: string];

/** Understood by the gateway or meant to defeat caches; never sent upstream. */
const DROPPED = new Set(['format', 'cacheid']);

/** The query as parameters; text that is no valid percent-encoding stands for itself. */
export function parseQuery(query: string): Parameter[] {
  return query
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const equals = part.indexOf('=');
      return equals < 0
        ? [decode(part), '']
        : [decode(part.slice(0, equals)), decode(part.slice(equals + 1))];
    });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

/**
 * The query in its one spelling, without `?`; empty when it says nothing. It is what a key holds and what goes upstream.
 *
 * @param query raw query without `?`
 */
export function normaliseQuery(cacheClass: CacheClass, query: string): string {
  if (query === '') return '';
  const { parameters: known, neutral } = CLASSES[cacheClass];
  const kept = parseQuery(query).filter(
    ([name, value]) => !DROPPED.has(name) && !neutral.has(`${name}=${value}`),
  );
  const rank = (name: string) => {
    const at = known.indexOf(name);
    return at < 0 ? known.length : at;
  };
  return kept
    .sort(([left], [right]) => rank(left) - rank(right))
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
}

/** True when a normalised query asks for changes since a time. */
export function hasChangesSince(query: string): boolean {
  return query !== '' && `&${query}`.includes('&changes-since=');
}
