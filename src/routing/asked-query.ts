import { CLASSES } from '../cache/classes.ts';
import { hasOneReading, nameOf } from '../cache/query.ts';
import { restoreFilter } from '../links/restore.ts';
import type { CacheClass } from '../operations/operation.ts';
import { canonicalQuery } from './canonical.ts';

/** The parameter with which a caller waits for a state (`?sluice:until=ACTIVE`). */
export const UNTIL = 'sluice:until';

/** Understood by the gateway or meant to defeat caches; never sent upstream. */
const OWN = new Set(['format', 'cacheid', UNTIL]);

/**
 * The query that a region is asked with, which is also the one that a key of the cache holds and that limits see: an
 * answer never stands under a query that nobody was asked.
 *
 * It lacks what is meant for Sluice, and filters that are URLs are cut to ids. Where the answer may be cached the known
 * parameters come first, in a fixed order, without those that say what holds anyway. Unknown ones keep their order, for
 * nobody knows what they do; and so does all of a query that servers read differently (`hasOneReading`).
 *
 * @param cacheClass what the answer is cached as; null: never
 * @param query canonical, without `?`
 */
export function askedQuery(cacheClass: CacheClass | null, query: string): string {
  if (query === '') return '';
  const parts = query
    .split('&')
    .filter((part) => part !== '' && !isOwn(part))
    .map(restored);
  return (cacheClass !== null && hasOneReading(parts) ? inOrder(cacheClass, parts) : parts).join('&');
}

/** What stands behind a `;` is a parameter of the region's to some servers. */
const isOwn = (part: string): boolean => !part.includes(';') && OWN.has(nameOf(part));

const restored = (part: string): string => (part.includes(';') ? part : canonicalQuery(restoreFilter(part))!);

function inOrder(cacheClass: CacheClass, parts: readonly string[]): string[] {
  const { parameters: known, neutral } = CLASSES[cacheClass];
  const rank = (part: string) => {
    const at = known.indexOf(nameOf(part));
    return at < 0 ? known.length : at;
  };
  return parts.filter((part) => !neutral.has(part)).sort((left, right) => rank(left) - rank(right));
}
