import type { Params } from '../operations/match.ts';
import type { CacheClass, Invalidation } from '../operations/operation.ts';
import type { Entry } from './entry.ts';

/** What became untrue in one scope. */
export type Change =
  /** Everything (a purge, or news that got lost on the way). */
  | { readonly kind: 'all' }
  /** Lists, and one item when `subject` names it. */
  | { readonly kind: 'write'; readonly lists: boolean; readonly subject: string | null };

export const EVERYTHING: Change = { kind: 'all' };

const CLASS_OF: Record<Invalidation, CacheClass> = { image: 'images', imageLists: 'images' };

/** What a write's `invalidates` column and path make untrue, by class. */
export function changesOf(invalidations: readonly Invalidation[], params: Params): Map<CacheClass, Change> {
  const changes = new Map<CacheClass, Change>();
  for (const invalidation of invalidations) {
    const cacheClass = CLASS_OF[invalidation];
    const before = changes.get(cacheClass);
    const known = before?.kind === 'write' ? before : { lists: false, subject: null };
    changes.set(cacheClass, {
      kind: 'write',
      lists: known.lists || invalidation === 'imageLists',
      subject: invalidation === 'image' ? (params['image_id'] ?? null) : known.subject,
    });
  }
  return changes;
}

/**
 * True when the change makes the entry untrue. A new member of a list also makes "there is no such item" untrue.
 */
export function isDoomed(change: Change, entry: Pick<Entry, 'subject' | 'status'>): boolean {
  if (change.kind === 'all') return true;
  if (change.lists && (entry.subject === undefined || entry.status === 404)) return true;
  return change.subject !== null && entry.subject === change.subject;
}

/** Which scopes a purge means; absent parts mean all. */
export interface PurgeFilter {
  account?: string;
  region?: string;
  /** A class of the cache: flavors, images, extensions, versions. */
  resource?: string;
}

/** True when the filter means the scope; region names match without case, as in paths. */
export function isMeant(
  filter: PurgeFilter,
  scope: { account: string; region: string; resource: string },
): boolean {
  return (
    (filter.account ?? scope.account) === scope.account &&
    (filter.region ?? scope.region).toLowerCase() === scope.region.toLowerCase() &&
    (filter.resource ?? scope.resource) === scope.resource
  );
}
