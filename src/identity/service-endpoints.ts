/**
 * Where the other services of a catalog are (image, volume, network …): one endpoint per type and region, found by the
 * names that callers write. Pure. Neither Compute under any of its names, which has paths of its own, nor the identity
 * service: with an account's token it tells that account's credentials.
 */

import { regionSegment } from '../links/region-segment.ts';
import {
  basePathOf,
  chooseService,
  type Endpoint,
  type EndpointChoice,
  isCompute,
  keyOfRegion,
  ownTenantFirst,
  readEndpoint,
  VERSION_SEGMENT,
} from './catalog.ts';
import { type IdentityPlace, identityPlaceOf, isIdentityPath } from './identity-paths.ts';
import { isIdentityType, isServedType, type ServedServices } from './service-types.ts';
import { identityUrlOf } from './settings.ts';
import type { ServiceCatalog } from './token.ts';

/** One service in one region. */
export interface ServiceEndpoint {
  /** As the catalog spells it. */
  readonly type: string;
  readonly endpoint: Endpoint;
  /** The endpoint's path before its version; all of it when it names none. */
  readonly rootPath: string;
  /** The endpoint's path from its version on: `/v3/010101`, or nothing. */
  readonly versionedPath: string;
  /** The catalog's own entry. */
  readonly source: object;
  /** Where the account's identity service is, which may share a host with this one. */
  readonly identity: readonly IdentityPlace[];
}

/** The services of a catalog by type in lower case, then by region in upper case; `` is an endpoint for any region. */
export type ServiceTable = ReadonlyMap<string, ReadonlyMap<string, ServiceEndpoint>>;

/**
 * The first endpoint of each type and region, in the catalog's order.
 *
 * @param choice `identityUrl` is where the account logs in, which the catalog need not say
 */
export function serviceEndpoints(
  catalog: ServiceCatalog,
  choice: EndpointChoice & { identityUrl?: string | readonly string[] | undefined },
): ServiceTable {
  const identity = identityPlaces(catalog, [choice.identityUrl ?? []].flat());
  const wanted = choice.regions && new Set(choice.regions.map(keyOfRegion));
  const compute = chooseService(catalog, choice.service);
  const table = new Map<string, Map<string, ServiceEndpoint>>();
  for (const service of catalog) {
    if (service === compute || isCompute(service) || isIdentityType(service.type)) continue;
    if (service.type === '') continue;
    const key = service.type.toLowerCase();
    const byRegion = table.get(key) ?? new Map<string, ServiceEndpoint>();
    for (const entry of ownTenantFirst(service.endpoints, choice.tenantId)) {
      const endpoint = readEndpoint(entry, choice, '');
      if (typeof endpoint === 'string') continue;
      const region = keyOfRegion(endpoint.region);
      if (byRegion.has(region) || (wanted && region !== '' && !wanted.has(region))) continue;
      byRegion.set(region, { type: service.type, endpoint, ...parts(endpoint), source: entry, identity });
    }
    if (byRegion.size > 0) table.set(key, byRegion);
  }
  return table;
}

function parts({ basePath, versionPath }: Endpoint): Pick<ServiceEndpoint, 'rootPath' | 'versionedPath'> {
  const cut = versionPath.lastIndexOf('/');
  if (!VERSION_SEGMENT.test(versionPath.slice(cut + 1))) return { rootPath: basePath, versionedPath: '' };
  return { rootPath: basePath.slice(0, cut), versionedPath: basePath.slice(cut) };
}

/** URLs of identity services that are looked at: three a region, in thirty regions. All take some 10 ms at the very most. */
const MOST_IDENTITY_URLS = 100;

function identityPlaces(catalog: ServiceCatalog, loginUrls: readonly string[]): IdentityPlace[] {
  const urls = catalog
    .filter(({ type }) => isIdentityType(type))
    .flatMap(({ endpoints }) => endpoints)
    .flatMap((endpoint) => [endpoint['publicURL'], endpoint['internalURL'], endpoint['adminURL']]);
  const places = new Map<string, IdentityPlace>();
  const texts = urls.filter((url) => typeof url === 'string');
  for (const url of [...new Set([...loginUrls.map(identityUrlOf), ...texts])].slice(0, MOST_IDENTITY_URLS)) {
    const place = identityPlaceOf(url);
    if (place) places.set(`${place.host}:${place.port}/${place.root.join('/')}`, place);
  }
  return [...places.values()];
}

/**
 * True when a path of this service's host is the identity service's.
 *
 * @param path at the upstream, as from `servicePath`
 */
export function isAtIdentity({ endpoint, identity }: ServiceEndpoint, path: string): boolean {
  return isIdentityPath(endpoint.url, path, identity);
}

/**
 * The endpoint of a type in a region; one that names no region stands in for any region.
 *
 * @param type in any case
 * @param region upper case
 */
export function findService(table: ServiceTable, type: string, region: string): ServiceEndpoint | undefined {
  const byRegion = table.get(type.toLowerCase());
  return byRegion?.get(region) ?? byRegion?.get('');
}

/** The types that a region has and callers may reach, as the catalog spells them. */
export function serviceTypes(table: ServiceTable, region: string, served: ServedServices): string[] {
  const types = [...table.keys()].filter((type) => isServedType(type, served));
  return types.flatMap((type) => findService(table, type, region)?.type ?? []);
}

/** Where a service is at Sluice, without what stands below it. */
export function serviceUrl(baseUrl: string, region: string, type: string): string {
  return `${baseUrl.replace(/(?<!\/)\/+$/, '')}/${regionSegment(region)}/services/${encodeURIComponent(type)}`;
}

/** Every region that a service names, as it spells it, by upper-case name. */
export function serviceRegions(table: ServiceTable): Map<string, string> {
  const regions = new Map<string, string>();
  for (const byRegion of table.values())
    for (const [key, { endpoint }] of byRegion)
      if (key !== '' && !regions.has(key)) regions.set(key, endpoint.region);
  return regions;
}

/**
 * Path at the upstream for what a caller wrote below `/{region}/services/{type}`. One that begins with a version, or is
 * empty, is seen from the service's root, as in the URLs that the façade's catalog holds and clients take apart to
 * find the versions there are; any other is below the endpoint itself.
 *
 * @param path as the caller wrote it, with its slash, or empty
 */
export function servicePath({ endpoint, rootPath, versionedPath }: ServiceEndpoint, path: string): string {
  const first = path.split('/', 2)[1] ?? '';
  const isFromRoot = versionedPath !== '' && (first === '' || VERSION_SEGMENT.test(first));
  return (isFromRoot ? rootPath : endpoint.basePath) + (path || '/');
}

/**
 * What stands below `/{region}/services/{type}` for a URL of the service, public, internal or admin, as in a `Location`;
 * undefined when it points elsewhere.
 */
export function pathOfServiceUrl(
  { endpoint, versionedPath }: ServiceEndpoint,
  url: string,
): string | undefined {
  if (!URL.canParse(url, endpoint.url.href)) return undefined;
  const { host, pathname, search, hash } = new URL(url, endpoint.url);
  for (const own of [endpoint.url, ...endpoint.otherUrls]) {
    const basePath = basePathOf(own);
    // Another of its URLs may have no version, or another one, only if this has none either.
    if (!basePath.endsWith(versionedPath)) continue;
    const root = basePath.slice(0, basePath.length - versionedPath.length);
    // Behind a load balancer that ends TLS a service may speak of the other scheme.
    if (host === own.host && (pathname === root || pathname.startsWith(`${root}/`)))
      return pathname.slice(root.length) + search + hash;
  }
  return undefined;
}

/** A URL of a service, taken apart at its version. */
export interface ServiceUrl {
  readonly origin: string;
  readonly rootPath: string;
  readonly versionedPath: string;
}

/**
 * Every URL of a service, public, internal and admin, below which links to it may stand. Another of its URLs may have no
 * version, or another one, only if this has none either.
 */
export function urlsOfService({ endpoint, versionedPath }: ServiceEndpoint): ServiceUrl[] {
  return [endpoint.url, ...endpoint.otherUrls].flatMap((url) => {
    const basePath = basePathOf(url);
    if (!basePath.endsWith(versionedPath)) return [];
    const rootPath = basePath.slice(0, basePath.length - versionedPath.length);
    return { origin: url.origin, rootPath, versionedPath };
  });
}
