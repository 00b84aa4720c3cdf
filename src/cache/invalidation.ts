import type { Params } from '../operations/match.ts';
import type { CacheClass, Invalidation } from '../operations/operation.ts';
import { CLASS_NAMES, CLASSES } from './classes.ts';
import type { Entry } from './entry.ts';

/** What became untrue in one scope. */
export type Change =
  /** Everything (a purge, or a message that got lost on the way). */
  | { readonly kind: 'all' }
  /** Lists, and one item when `subject` names it. */
  | { readonly kind: 'write'; readonly lists: boolean; readonly subject: string | null };

export const EVERYTHING: Change = { kind: 'all' };

/** What a write's `invalidates` column and path make untrue, by class. */
export function changesOf(invalidations: readonly Invalidation[], params: Params): Map<CacheClass, Change> {
  const changes = new Map<CacheClass, Change>();
  for (const name of CLASS_NAMES) {
    const { endedBy, subject } = CLASSES[name];
    const ended = invalidations.map((invalidation) => endedBy[invalidation]);
    if (ended.includes('all')) {
      changes.set(name, EVERYTHING);
      continue;
    }
    const lists = ended.includes('lists');
    const item = ended.includes('item') && subject !== undefined ? (params[subject] ?? null) : null;
    if (lists || ended.includes('item')) changes.set(name, { kind: 'write', lists, subject: item });
  }
  return changes;
}

/**
 * True when the change makes the entry untrue. A new member of a list also makes "there is no such item" untrue.
 */
export function isInvalidated(change: Change, entry: Pick<Entry, 'subject' | 'status'>): boolean {
  if (change.kind === 'all') return true;
  if (change.lists && (entry.subject === undefined || entry.status === 404)) return true;
  return change.subject !== null && entry.subject === change.subject;
}

/** Which scopes a purge is about; absent parts match all. */
export interface PurgeFilter {
  account?: string;
  region?: string;
  /** The name of a class (see `CLASSES`). */
  resource?: string;
}

/** True when the filter matches the scope; region names match without case, as in paths. */
export function matches(
  filter: PurgeFilter,
  scope: { account: string; region: string; resource: string },
): boolean {
  return (
    (filter.account ?? scope.account) === scope.account &&
    (filter.region ?? scope.region).toLowerCase() === scope.region.toLowerCase() &&
    (filter.resource ?? scope.resource) === scope.resource
  );
}
