import type { Params } from '../operations/match.ts';
import type { CacheClass, Operation } from '../operations/operation.ts';
import { CLASSES } from './classes.ts';

/** A request as the cache sees it: whose, where, what, and what the caller demands of the cache. */
export interface CacheRequest {
  account: string;
  tenant: string;
  /** The region's name as the service catalog spells it. */
  region: string;
  operation: Operation;
  params: Params;
  /** Path below the tenant as the region is asked for it, in the one spelling of `routing/canonical.ts`. */
  path: string;
  /** Query without `?` as the region is asked with it, see `routing/asked-query.ts`. */
  query: string;
  /** Type of the service as the catalog spells it; '' for Compute. */
  service: string;
  /** The microversion that is asked for, which changes bodies, or ''. */
  variant: string;
  /** The caller's Cache-Control header. */
  cacheControl: string | undefined;
}

/** Separates the parts of a key; cannot occur in a path, a query or a header. */
const SEPARATOR = '\n';

/** Names of accounts and regions are short (characters). */
const LONGEST_SCOPE = 512;

/** What one generation number covers: everything of one class that an account has in a region. */
export function scopeOf(account: string, region: string, cacheClass: CacheClass): string {
  return account + SEPARATOR + region + SEPARATOR + cacheClass;
}

/** True for a text that may be a scope, as `scopeOf` makes them. */
export function isScope(text: string): boolean {
  const parts = text.split(SEPARATOR, 4);
  return (
    text.length <= LONGEST_SCOPE &&
    parts.length === 3 &&
    !parts.includes('') &&
    Object.hasOwn(CLASSES, parts[2]!)
  );
}

/** The parts of a scope. */
export function scopeParts(scope: string): { account: string; region: string; resource: string } {
  const [account = '', region = '', resource = ''] = scope.split(SEPARATOR);
  return { account, region, resource };
}

/**
 * The key of an answer: account, region, tenant, service, path, query and variant; never the format or a token.
 *
 * @param path,query as the region is asked
 */
export function keyOf(ask: CacheRequest, path: string, query: string): string {
  // Version documents and other services live outside the tenant's paths, and would else share some with them.
  const { scope } = ask.operation;
  const place = scope === 'tenant' ? path : `${scope}${ask.service === '' ? '' : ` ${ask.service}`}${path}`;
  return (
    ask.account +
    SEPARATOR +
    ask.region +
    SEPARATOR +
    ask.tenant +
    SEPARATOR +
    place +
    (query === '' ? '' : `?${query}`) +
    SEPARATOR +
    ask.variant
  );
}

/** True for the key of an answer that depends on a caller's microversion. */
export function hasVariant(key: string): boolean {
  const at = key.lastIndexOf(SEPARATOR);
  return at >= 0 && at < key.length - SEPARATOR.length;
}

/** The id of the item a path names (its first parameter); undefined for lists and version documents. */
export function subjectOf(params: Params): string | undefined {
  for (const name in params) return params[name];
  return undefined;
}
