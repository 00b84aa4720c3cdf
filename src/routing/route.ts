import { LRUCache } from 'lru-cache';
import { Fault } from '../faults/faults.ts';
import { serviceOf } from '../identity/service-types.ts';
import { type Match, matchCompute, type PathMatcher } from '../operations/match.ts';
import { matchService } from '../operations/match-service.ts';
import { splitFormatSuffix } from '../translation/negotiate.ts';
import { askedQuery } from './asked-query.ts';
import { canonicalPath, canonicalQuery, hasServiceTraversal, hasTraversal, splitUrl } from './canonical.ts';
import { exactBelow, parseTarget, type Target } from './target.ts';

/** Everything a method and a URL mean, before any account or catalog is asked. Shared between requests: never changed. */
export interface Route {
  /** In its one spelling, see canonical.ts; as the caller wrote it where `refusal` says why. */
  readonly path: string;
  /** Without `?`, in its one spelling; for another service as the caller wrote it. */
  readonly query: string;
  readonly target: Target;
  /** What it is below a tenant; undefined elsewhere. */
  readonly match: Match | undefined;
  /** The query that a region is asked with, if it is an operation; see `askedQuery`. */
  readonly asked: string;
  /** Why it is no request that may be answered; undefined for nearly all. */
  readonly refusal: Refusal | undefined;
}

/** What is wrong with a URL by itself. */
export type Refusal = keyof typeof REFUSALS;

const REFUSALS = {
  tooLong: 'The URL is longer than this gateway takes (listen.maxTargetBytes).',
  malformed: 'The URL is no valid percent-encoding of UTF-8, or holds what no URL can.',
  traversal: 'The path has segments that no path of this API has.',
  ambiguous:
    'The path can be read in two ways, for an encoded slash or a format suffix before another; write the one that is meant.',
};

/** A refusal as the caller is told. */
export function refusalFault(refusal: Refusal): Fault {
  const message = REFUSALS[refusal];
  return refusal === 'tooLong'
    ? new Fault('computeFault', message, { code: 414 })
    : new Fault('badRequest', message);
}

/** Reads the method and the URL of a request line. */
export type Router = (method: string, url: string) => Route;

/**
 * Callers ask for the same few URLs again and again: what they mean is kept, for this many of them and this many bytes.
 * Only what the table of operations has is kept, and nothing that is refused.
 */
const MOST_ROUTES = 2048;
const MOST_ROUTE_BYTES = 4 * 1024 * 1024;
const LONGEST_KEPT_URL = 512;
/** What a kept route takes beside the characters of its URL, bytes: measured, rounded up. */
const ROUTE_BYTES = 1024;

/** How a listener reads URLs. */
export interface RouterOptions {
  /** The region the listener serves at its root (`listen.regions`), if any. */
  rootRegion?: string | undefined;
  /** The longest URL that is read, bytes, more than `LONGEST_KEPT_URL`; asked anew, for a reload may change it. */
  maxTargetBytes(): number;
}

/** A router that remembers what it has read. */
export function createRouter({ rootRegion, maxTargetBytes }: RouterOptions): Router {
  const known = new LRUCache<string, Route>({
    max: MOST_ROUTES,
    maxSize: MOST_ROUTE_BYTES,
    sizeCalculation: (_route, url) => ROUTE_BYTES + 4 * url.length,
  });
  return (method, url) => {
    if (method !== 'GET' || url.length > LONGEST_KEPT_URL) {
      if (url.length > maxTargetBytes()) return refused(splitUrl(url), 'tooLong');
      return readRoute(method, url, rootRegion);
    }
    const found = known.get(url);
    if (found !== undefined) return found;
    // The URL may be a part of a larger text, which all that is cut from it would keep as well.
    const own = Buffer.from(url, 'latin1').toString('latin1');
    const route = readRoute(method, own, rootRegion);
    if (route.refusal === undefined && route.match?.kind === 'operation') known.set(own, route);
    return route;
  };
}

function readRoute(method: string, url: string, rootRegion: string | undefined): Route {
  const raw = splitUrl(url);
  const path = canonicalPath(raw.path);
  const query = canonicalQuery(raw.query);
  if (path === undefined || query === undefined) return refused(raw, 'malformed');
  const target = parseTarget(path, rootRegion);
  if (target.kind === 'service') return readService(method, raw, path, target);
  if (hasTraversal(path)) return refused({ path, query }, 'traversal');
  const match =
    target.kind === 'compute' && target.path !== '/' ? matchCompute(method, target.path) : undefined;
  if (match !== undefined && 'tenant' in target && isAmbiguous(method, target.path, match, matchCompute))
    return refused({ path, query }, 'ambiguous');
  const cacheClass = match?.kind === 'operation' ? match.operation.cache : null;
  return { path, query, target, match, asked: askedQuery(cacheClass, query), refusal: undefined };
}

/**
 * Another service gives encoded characters a meaning of its own: what stands below it reaches it as it was written. But for
 * what a row of the table knows: that is one thing under every spelling, and goes out in one.
 */
function readService(
  method: string,
  raw: { path: string; query: string },
  path: string,
  target: Target & { kind: 'service' },
): Route {
  const head = path.slice(0, path.length - target.path.length);
  const below = exactBelow(raw.path, head.split('/').length - 1);
  if (hasTraversal(head) || hasServiceTraversal(below)) return refused({ ...raw, path }, 'traversal');
  const service = serviceOf(target.type);
  const matcher: PathMatcher = (verb, text) => matchService(service, verb, splitFormatSuffix(text).path);
  const match = matcher(method, target.path);
  if (isAmbiguous(method, target.path, match, matcher)) return refused({ ...raw, path }, 'ambiguous');
  if (match.kind !== 'operation')
    return {
      path,
      query: raw.query,
      target: { ...target, path: below },
      match,
      asked: raw.query,
      refusal: undefined,
    };
  const query = canonicalQuery(raw.query);
  if (query === undefined || hasTraversal(path))
    return refused({ ...raw, path }, query === undefined ? 'malformed' : 'traversal');
  // To some services a slash at the end makes another path.
  const slash = below.endsWith('/') ? '/' : '';
  return {
    path,
    query,
    target: { ...target, path: target.path.replace(/\/$/, '') + slash },
    match,
    asked: query,
    refusal: undefined,
  };
}

/**
 * True for a path that a server may take for another one than the table of operations does: real servers decode a path
 * before they divide it, and cut off a format suffix themselves.
 */
function isAmbiguous(method: string, path: string, match: Match, matcher: PathMatcher): boolean {
  if (matcher === matchCompute && match.kind !== 'unknown' && /\.(?:json|xml)$/.test(path)) return true;
  return path.includes('%2F') && matcher(method, path.replaceAll('%2F', '/')).kind !== 'unknown';
}

const refused = ({ path, query }: { path: string; query: string }, refusal: Refusal): Route => ({
  path,
  query,
  target: { kind: 'identity', path, format: undefined, isV3: false },
  match: undefined,
  asked: '',
  refusal,
});
