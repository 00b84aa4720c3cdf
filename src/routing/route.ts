import { LRUCache } from 'lru-cache';
import { type Match, matchPath } from '../operations/match.ts';
import { hasTraversal, parseTarget, splitUrl, type Target } from './target.ts';

/** Everything a method and a URL mean, before any account or catalog is asked. Shared between requests: never changed. */
export interface Route {
  /** Path with doubled slashes collapsed. */
  readonly path: string;
  /** Raw query without `?`. */
  readonly query: string;
  readonly target: Target;
  /** The path could lead out of the tenant it names, see `hasTraversal`: 400. */
  readonly hasTraversal: boolean;
  /** What it is below a tenant; undefined elsewhere. */
  readonly match: Match | undefined;
}

/** Reads the method and the URL of a request line. */
export type Router = (method: string, url: string) => Route;

/** Callers ask for the same few URLs again and again: what they mean is kept for this many of them. */
const MOST_ROUTES = 2048;
const LONGEST_KEPT_URL = 512;

/**
 * A router that remembers what it has read.
 *
 * @param rootRegion the region the listener serves at its root (`listen.regions`), if any
 */
export function createRouter(rootRegion: string | undefined): Router {
  const known = new LRUCache<string, Route>({ max: MOST_ROUTES });
  return (method, url) => {
    if (method !== 'GET' || url.length > LONGEST_KEPT_URL) return readRoute(method, url, rootRegion);
    const found = known.get(url);
    if (found !== undefined) return found;
    const route = readRoute(method, url, rootRegion);
    known.set(url, route);
    return route;
  };
}

function readRoute(method: string, url: string, rootRegion: string | undefined): Route {
  const { path, query } = splitUrl(url);
  const target = parseTarget(path, rootRegion);
  const isCompute = target.kind === 'compute';
  return {
    path,
    query,
    target,
    // Without its suffix, `/servers/...xml` ends in a dot segment that the whole path does not have.
    hasTraversal: hasTraversal(path) || ('tenant' in target && hasTraversal(target.path)),
    match: isCompute && target.path !== '/' ? matchPath(method, target.path) : undefined,
  };
}
