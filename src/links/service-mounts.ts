import { hostsOf, isUnder, type Splice } from './prefix.ts';
import { regionSegment } from './region-segment.ts';

/** One URL of another service of the catalog, which callers reach through Sluice. */
export interface ServiceLink {
  /** As the catalog spells them. */
  readonly region: string;
  readonly type: string;
  readonly origin: string;
  /** Path of the endpoint before its version: ``, `/image`. */
  readonly rootPath: string;
  /** From its version on: `/v2`, or nothing. */
  readonly versionedPath: string;
}

interface ServiceMount {
  /** Lower case. */
  readonly region: string;
  /** What a URL of it begins with, behind the host. */
  readonly prefix: string;
  /** How much of that is replaced: what stands before the version. */
  readonly rootLength: number;
  /** `/dfw/services/image`. */
  readonly segment: string;
}

/** Finds which service a URL points at. */
export interface ServiceMounts {
  /** The path of the URL stands in `text` from `at` to `end`; `region`, in lower case, wins among equals. */
  match(host: string, text: string, at: number, end: number, region: string): Splice | undefined;
}

/** Takes the services' URLs apart once; throws a TypeError for an origin that is no URL. */
export function createServiceMounts(services: Iterable<ServiceLink>): ServiceMounts {
  const byHost = new Map<string, ServiceMount[]>();
  for (const service of services) {
    const mounts = mountsOf(service);
    for (const host of hostsOf(service.origin)) {
      const known = byHost.get(host) ?? [];
      known.push(...mounts);
      byHost.set(host, known);
    }
  }
  // Two services of one host are told apart by the longer of what they begin with.
  for (const mounts of byHost.values()) mounts.sort((a, b) => b.prefix.length - a.prefix.length);
  return {
    match(host, text, at, end, region) {
      const mounts = byHost.get(host) ?? byHost.get(host.toLowerCase());
      let found: ServiceMount | undefined;
      for (const mount of mounts ?? []) {
        if (found && mount.prefix.length < found.prefix.length) break;
        if (!isUnder(mount.prefix, text, at, end)) continue;
        if (found === undefined || mount.region === region) found = mount;
        if (found.region === region) break;
      }
      return found && { keepFrom: at + found.rootLength, path: found.segment };
    },
  };
}

/** Whole, and as far as its root: other versions are the same service's. */
function mountsOf({ region, type, rootPath, versionedPath }: ServiceLink): ServiceMount[] {
  const common = {
    region: region.toLowerCase(),
    rootLength: rootPath.length,
    segment: `/${regionSegment(region)}/services/${encodeURIComponent(type)}`,
  };
  const prefixes = new Set([rootPath + versionedPath, rootPath]);
  return [...prefixes].map((prefix) => ({ ...common, prefix }));
}
