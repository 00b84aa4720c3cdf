import { COLLECTIONS } from '../operations/match.ts';
import type { Format } from '../translation/format.ts';
import { splitFormatSuffix } from '../translation/negotiate.ts';

/**
 * What a URL asks of Sluice, read from its canonical path alone: no look-up in accounts or catalogs happens here.
 * The shapes are the routes users rely on: with a region in the path, without one, and the bookmark form.
 */
export type Target =
  /** The identity façade and the documents clients probe before they log in. */
  | { kind: 'identity'; path: string; format: Format | undefined; isV3: boolean }
  /** The version list of a region, `/{region}/`. */
  | { kind: 'versions'; region: string | undefined; format: Format | undefined }
  /** Version details, `/{region}/v2/` or `/v2/`. */
  | { kind: 'version'; region: string | undefined; version: string; format: Format | undefined }
  /** Another service of the catalog, `/{region}/services/{type}/…`; `path` stands below that, or is empty. */
  | { kind: 'service'; region: string; type: string; path: string }
  /** Anything below a tenant. `path` has no format suffix, `exactPath` has the caller's (extensions). */
  | {
      kind: 'compute';
      region: string | undefined;
      /** `v2`, `v2.1`, or `undefined` for a bookmark link. */
      version: string | undefined;
      /** `OWN_TENANT` where the path names none. */
      tenant: string;
      path: string;
      exactPath: string;
      format: Format | undefined;
    }
  /** The same of every region at once, `/all/v2/{tenant}/…`. */
  | {
      kind: 'everywhere';
      version: string | undefined;
      tenant: string;
      path: string;
      format: Format | undefined;
    };

/** Stands in a path for every region at once; a region of this name is reached without it (`X-Region`, a port). */
export const EVERYWHERE = 'all';

/** Stands in a path for "my account", for callers that do not know its tenant. */
export const OWN_TENANT = '-';

const VERSION = /^v2(\.\d+)?$/;
const SERVICES = 'services';
const IDENTITY = new Set(['v2.0', 'v3', 'tokens', 'tenants', 'v1.0']);

/**
 * What stands behind the first segments of a path, as it was written: a doubled slash further down can be part of a name
 * (of an object in a store).
 */
export function exactBelow(path: string, segments: number): string {
  let at = 0;
  for (let left = segments; left > 0; left--) at = segmentEnd(path, skipSlashes(path, at));
  return at < path.length ? path.slice(skipSlashes(path, at) - 1) : '';
}

function skipSlashes(path: string, start: number): number {
  let at = start;
  while (path[at] === '/') at++;
  return at;
}

/**
 * Reads a path.
 *
 * @param path the request's in its one spelling (`canonicalPath`), without query
 * @param rootRegion the region this listener serves at its root (`listen.regions`), if any
 */
export function parseTarget(path: string, rootRegion?: string): Target {
  const first = segmentEnd(path, 1);
  const head = path.slice(1, first);
  if (IDENTITY.has(head)) return { kind: 'identity', ...splitFormatSuffix(path), isV3: head === 'v3' };
  if (head === '' || head === '.xml' || head === '.json') {
    const { path: bare, format } = splitFormatSuffix(path);
    return rootRegion === undefined
      ? { kind: 'identity', path: bare, format, isV3: false }
      : { kind: 'versions', region: rootRegion, format };
  }
  if (isVersion(head)) return belowVersion(path, first, rootRegion, head);
  return belowRegion(path, first, head, rootRegion);
}

function belowRegion(path: string, start: number, head: string, rootRegion: string | undefined): Target {
  const target = readBelowRegion(path, start, head, rootRegion);
  const isEverywhere = head.length === EVERYWHERE.length && head.toLowerCase() === EVERYWHERE;
  if (!isEverywhere || target.kind !== 'compute' || target.region !== head) return target;
  const { version, tenant, path: bare, format } = target;
  return { kind: 'everywhere', version, tenant, path: bare, format };
}

function readBelowRegion(path: string, start: number, head: string, rootRegion: string | undefined): Target {
  if (start >= path.length) {
    const { path: name, format } = splitFormatSuffix(path);
    const bare = name.slice(1);
    if (format && isVersion(bare)) return { kind: 'version', region: rootRegion, version: bare, format };
    return { kind: 'versions', region: decode(bare), format };
  }
  if (rootRegion !== undefined && head === SERVICES) return service(path, start, rootRegion);
  const region = decode(head);
  const end = segmentEnd(path, start + 1);
  const second = path.slice(start + 1, end);
  if (second === SERVICES) return service(path, end, region);
  if (second === '' || second === '.xml' || second === '.json') {
    return { kind: 'versions', region, format: splitFormatSuffix(path).format };
  }
  if (isVersion(second) || isVersion(splitFormatSuffix(second).path))
    return belowVersion(path, end, region, second);
  if (rootRegion !== undefined) return compute(path, start, rootRegion, undefined, head);
  return compute(path, end, region, undefined, second);
}

function service(path: string, start: number, region: string): Target {
  const end = segmentEnd(path, start + 1);
  return { kind: 'service', region, type: decode(path.slice(start + 1, end)), path: path.slice(end) };
}

function belowVersion(
  path: string,
  start: number,
  region: string | undefined,
  versionSegment: string,
): Target {
  if (start >= path.length) {
    const { path: version, format } = isVersion(versionSegment)
      ? { path: versionSegment, format: undefined }
      : splitFormatSuffix(versionSegment);
    return { kind: 'version', region, version, format };
  }
  const end = segmentEnd(path, start + 1);
  const tenant = path.slice(start + 1, end);
  if (tenant === '' || tenant === '.xml' || tenant === '.json') {
    return { kind: 'version', region, version: versionSegment, format: splitFormatSuffix(path).format };
  }
  if (isCollection(tenant)) return compute(path, start, region, versionSegment, OWN_TENANT);
  return compute(path, end, region, versionSegment, tenant);
}

/**
 * A path without a project, as clouds have it whose catalog names none (`/v2.1/servers`): its first segment is one of the
 * API's own, which no project is called.
 */
function isCollection(segment: string): boolean {
  return (
    COLLECTIONS.has(segment) || COLLECTIONS.has(splitFormatSuffix(segment).path) || segment.startsWith('os-')
  );
}

function compute(
  path: string,
  start: number,
  region: string | undefined,
  version: string | undefined,
  tenant: string,
): Target {
  const exactPath = start >= path.length ? '/' : path.slice(start);
  const { path: bare, format } = splitFormatSuffix(exactPath);
  return { kind: 'compute', region, version, tenant: decode(tenant), path: bare, exactPath, format };
}

const isVersion = (segment: string): boolean =>
  segment.startsWith('v2') && VERSION.test(segment) && segment !== 'v2.0';

function segmentEnd(path: string, start: number): number {
  const slash = path.indexOf('/', start);
  return slash < 0 ? path.length : slash;
}

const decode = (segment: string): string => (segment.includes('%') ? decodeURIComponent(segment) : segment);
