import { type BodyFormat, splitSuffix } from './body.ts';

/** Where a request goes. */
export type Route =
  /** `format`: what a suffix of the path asks for. */
  | { kind: 'identityVersions'; format?: BodyFormat | undefined; home?: string | null; prefix?: string }
  /** `path`: below the version, no trailing slash, no suffix. */
  | { kind: 'identityV2'; path: string; format?: BodyFormat | undefined }
  /** `home`: region whose own identity service it is, null: that of all; `prefix`: what stood before the version. */
  | { kind: 'identityV3'; path: string; home?: string | null; prefix?: string }
  /** `path`: below the region's root, as written; `prefix`: what stood before it. */
  | { kind: 'compute'; region: string; path: string; prefix: string }
  | { kind: 'image' | 'volume' | 'network'; region: string; path: string; prefix: string }
  | { kind: 'admin'; path: string }
  /** A service of the catalog that is listed only. */
  | { kind: 'listedOnly'; service: string }
  /** Keystone's page for what it does not know. */
  | { kind: 'noIdentityPath' }
  | { kind: 'unknown' };

/** Finds regions by name, whatever their case. */
export interface Router {
  route(path: string): Route;
}

const trimmed = (path: string) => path.replace(/(?<!\/)\/+$/, '');

/** Services the catalog lists and the simulator does not run, by first segment. */
const LISTED_ONLY: Record<string, string> = {
  'v1.0': 'cloudServers (first generation)',
  files: 'cloudFiles',
};

/** First segments that are no region's. */
const OWN_SEGMENTS = [
  'internal',
  'identity',
  'image',
  'network',
  'volume',
  'v2.0',
  'v3',
  ...Object.keys(LISTED_ONLY),
];

/** Whether a region of that name could not be reached by its path. */
export const isOwnSegment = (name: string): boolean => OWN_SEGMENTS.includes(name.toLowerCase());

/** Identity v2.0 and the list of identity's versions: all of it may have a suffix (guide section 1.4). */
function identityRoute(written: string): Route | undefined {
  const { path, format } = splitSuffix(written);
  if (path === '' || path === '/') return { kind: 'identityVersions', format };
  if (path !== '/v2.0' && !path.startsWith('/v2.0/')) return undefined;
  return { kind: 'identityV2', path: trimmed(path.slice('/v2.0'.length)), format };
}

/** @param regions upper-case names */
export function createRouter(regions: readonly string[]): Router {
  const known = new Set(regions);

  const route = (path: string, prefix: string): Route => {
    const [, first = ''] = path.split('/', 2);
    const rest = path.slice(first.length + 1);
    if (first === 'internal' && prefix === '') return route(rest === '' ? '/' : rest, '/internal');
    if (first === 'image' || first === 'volume') return regional(first, rest, `${prefix}/${first}`);
    if (LISTED_ONLY[first] !== undefined) return { kind: 'listedOnly', service: LISTED_ONLY[first] };
    if (prefix !== '') return regional('compute', path, prefix);
    switch (first) {
      case 'v3':
        return { kind: 'identityV3', path: trimmed(rest) };
      case '_simulator':
        return { kind: 'admin', path: trimmed(rest) };
      default:
        return regional('compute', path, prefix);
    }
  };

  const regional = (kind: 'compute' | 'image' | 'volume', path: string, prefix: string): Route => {
    const [, first = ''] = path.split('/', 2);
    // `/dfw.xml` has the suffix of a list of versions on the region itself.
    const name = known.has(first.toUpperCase()) ? first : first.replace(/\.(json|xml)$/, '');
    const region = name.toUpperCase();
    if (!known.has(region)) return { kind: 'unknown' };
    return { kind, region, path: path.slice(name.length + 1), prefix: `${prefix}/${name}` };
  };

  return { route: (path) => identityRoute(path) ?? route(path, '') };
}

/** Services of today's clouds that stand behind a segment of their own. */
const SERVICES = ['image', 'network', 'volume'] as const;

/**
 * The router of a cloud of today: Keystone at the root (or one a region, below `/identity/{region}`), services below a
 * segment each and their region, compute below its region.
 *
 * @param regions upper-case names
 * @param perRegion whether each region has a Keystone of its own
 */
export function createOpenstackRouter(regions: readonly string[], perRegion: boolean): Router {
  const known = new Set(regions);

  const identity = (path: string, home: string | null, prefix: string): Route => {
    if (path === '' || path === '/') return { kind: 'identityVersions', home, prefix };
    if (path !== '/v3' && !path.startsWith('/v3/')) return { kind: 'noIdentityPath' };
    return { kind: 'identityV3', path: trimmed(path.slice(3)), home, prefix };
  };

  const route = (path: string): Route => {
    const [, first = '', second = ''] = path.split('/', 3);
    if (first === '_simulator') return { kind: 'admin', path: trimmed(path.slice('/_simulator'.length)) };
    const service = SERVICES.find((name) => name === first);
    const region = (service === undefined && first !== 'identity' ? first : second).toUpperCase();
    if (first === 'identity') {
      if (!perRegion || !known.has(region)) return { kind: 'noIdentityPath' };
      const prefix = `/identity/${second}`;
      return identity(path.slice(prefix.length), region, prefix);
    }
    if (known.has(region)) {
      const prefix = service === undefined ? `/${first}` : `/${first}/${second}`;
      return { kind: service ?? 'compute', region, path: path.slice(prefix.length), prefix };
    }
    return perRegion ? { kind: 'noIdentityPath' } : identity(path, null, '');
  };
  return { route };
}
