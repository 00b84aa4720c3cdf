import { COLLECTIONS } from '../operations/match.ts';
import { hostsOf, isDelimiter, isUnder, type Splice } from './prefix.ts';
import { regionSegment } from './region-segment.ts';
import { createServiceMounts, type ServiceLink } from './service-mounts.ts';

export type { Splice } from './prefix.ts';

/** An upstream endpoint that links may point at. */
export interface LinkEndpoint {
  /** Region as the catalog spells it; links carry it as `regionSegment` has it. */
  readonly region: string;
  /** Scheme, host and port: `https://dfw.compute.example`. */
  readonly origin: string;
  /** Path of the endpoint: `/v2/010101`, `/dfw/v2/010101`, or `/v2.1` on clouds that leave the project out. */
  readonly basePath: string;
  /** Whose endpoint it is; may be left out when the path ends in it. */
  readonly tenant?: string | undefined;
}

/** An endpoint taken apart so that thousands of links are matched by prefix, without a URL object each. */
interface Mount {
  /** Region in lower case. */
  readonly region: string;
  /** `/dfw`, ready for a path. */
  readonly segment: string;
  /** What stands before the version in the endpoint's path: `` or `/compute`. */
  readonly prefix: string;
  /** Prefix, version and tenant: how a `self` link starts. */
  readonly versioned: string;
  /** Prefix and tenant: how a `bookmark` starts. */
  readonly bookmark: string;
  readonly tenantSegment: string;
  readonly tenantInPath: boolean;
}

const VERSION = /^v\d+(?:\.\d+)?$/;

/** Finds which endpoint a URL points at. */
export interface Mounts {
  /**
   * @param text any text; the URL stands at `start` (inclusive) to `end` (exclusive), unescaped
   * @param region lower case; wins when two regions share a host and path
   */
  matchUrl(text: string, start: number, end: number, region: string): Splice | undefined;
  /** The same for a path without a host (`/v2/010101/servers/1`), read as one of that region's. */
  matchPath(path: string, region: string): Splice | undefined;
}

/** Takes the endpoints apart once; throws a TypeError for an origin that is no URL. */
export function createMounts(
  endpoints: Iterable<LinkEndpoint>,
  services: Iterable<ServiceLink> = [],
): Mounts {
  const others = createServiceMounts(services);
  const byHost = new Map<string, Mount[]>();
  const byRegion = new Map<string, Mount[]>();
  for (const endpoint of endpoints) {
    const mount = mountOf(endpoint);
    if (!mount) continue;
    for (const host of hostsOf(endpoint.origin)) append(byHost, host, mount);
    append(byRegion, mount.region, mount);
  }
  for (const mounts of [...byHost.values(), ...byRegion.values()])
    mounts.sort((a, b) => b.prefix.length - a.prefix.length);

  return {
    matchUrl(text, start, end, region) {
      const hostAt = hostStart(text, start);
      if (hostAt === -1) return undefined;
      const pathAt = pathStart(text, hostAt, end);
      const host = text.slice(hostAt, pathAt);
      const mounts = byHost.get(host) ?? byHost.get(host.toLowerCase());
      const splice = mounts && matchAny(mounts, text, pathAt, end, region);
      return splice ?? others.match(host, text, pathAt, end, region);
    },
    matchPath(path, region) {
      const mounts = byRegion.get(region);
      return mounts && matchAny(mounts, path, 0, path.length, region);
    },
  };
}

/** Longest prefix first; among equals the region that answered. */
function matchAny(
  mounts: Mount[],
  text: string,
  at: number,
  end: number,
  region: string,
): Splice | undefined {
  let found: Splice | undefined;
  let prefixLength = 0;
  for (const mount of mounts) {
    if (found && mount.prefix.length < prefixLength) break;
    const splice = matchMount(mount, text, at, end);
    if (!splice) continue;
    if (mount.region === region) return splice;
    found ??= splice;
    prefixLength = mount.prefix.length;
  }
  return found;
}

function matchMount(mount: Mount, text: string, at: number, end: number): Splice | undefined {
  if (mount.tenantInPath && isUnder(mount.versioned, text, at, end))
    return { keepFrom: at + mount.prefix.length, path: mount.segment };
  if (isUnder(mount.bookmark, text, at, end))
    return { keepFrom: at + mount.prefix.length, path: mount.segment };
  if (!isUnder(mount.prefix, text, at, end)) return undefined;
  return matchBelowPrefix(mount, text, at + mount.prefix.length, end);
}

/** The region's root, a version's root, another version than the endpoint's own, and endpoints without a project. */
function matchBelowPrefix(mount: Mount, text: string, at: number, end: number): Splice | undefined {
  const first = segmentAt(text, at, end);
  if (first === '') return { keepFrom: skipSlash(text, at, end), path: `${mount.segment}/` };
  const afterFirst = at + 1 + first.length;
  if (!VERSION.test(first)) {
    if (mount.tenantInPath || !COLLECTIONS.has(first)) return undefined;
    return { keepFrom: at, path: mount.segment + mount.tenantSegment };
  }
  const second = segmentAt(text, afterFirst, end);
  if (second === '')
    return { keepFrom: skipSlash(text, afterFirst, end), path: `${mount.segment}/${first}/` };
  if (`/${second}` === mount.tenantSegment) return { keepFrom: at, path: mount.segment };
  if (mount.tenantInPath) return undefined;
  return { keepFrom: afterFirst, path: `${mount.segment}/${first}${mount.tenantSegment}` };
}

function mountOf(endpoint: LinkEndpoint): Mount | undefined {
  const { before, version, project } = partsOf(endpoint);
  const tenant = project ?? endpoint.tenant;
  if (tenant === undefined) return undefined;
  const prefix = joined(before);
  const tenantSegment = `/${tenant}`;
  return {
    region: endpoint.region.toLowerCase(),
    segment: `/${regionSegment(endpoint.region)}`,
    prefix,
    versioned: prefix + (version === undefined ? '' : `/${version}`) + tenantSegment,
    bookmark: prefix + tenantSegment,
    tenantSegment,
    tenantInPath: project !== undefined,
  };
}

/** `/compute/v2/010101`: what stands before the version, the version, the project; each of the latter may be missing. */
function partsOf(endpoint: LinkEndpoint): { before: string[]; version?: string; project?: string } {
  const segments = endpoint.basePath.split('/').filter((segment) => segment !== '');
  const at = segments.findLastIndex((segment) => VERSION.test(segment));
  const version = segments[at];
  if (version === undefined) {
    const project = segments.at(-1);
    if (project === undefined || project !== endpoint.tenant) return { before: segments };
    return { before: segments.slice(0, -1), project };
  }
  const project = segments[at + 1];
  const before = segments.slice(0, at);
  return project === undefined ? { before, version } : { before, version, project };
}

const joined = (segments: string[]): string => segments.map((segment) => `/${segment}`).join('');

function append(map: Map<string, Mount[]>, key: string, mount: Mount): void {
  const mounts = map.get(key);
  if (mounts) mounts.push(mount);
  else map.set(key, [mount]);
}

/** Index behind `http://` or `https://`, -1 when there is neither. */
function hostStart(text: string, start: number): number {
  if (text.startsWith('https://', start)) return start + 8;
  if (text.startsWith('http://', start)) return start + 7;
  return /^https?:\/\//i.test(text.slice(start, start + 8)) ? text.indexOf('//', start) + 2 : -1;
}

function pathStart(text: string, hostAt: number, end: number): number {
  let at = hostAt;
  while (at < end && !isDelimiter(text, at)) at++;
  return at;
}

/** The segment behind a slash at `at`; empty at the end of the path. */
function segmentAt(text: string, at: number, end: number): string {
  if (at >= end || text[at] !== '/') return '';
  return text.slice(at + 1, pathStart(text, at + 1, end));
}

const skipSlash = (text: string, at: number, end: number): number =>
  at < end && text[at] === '/' ? at + 1 : at;
