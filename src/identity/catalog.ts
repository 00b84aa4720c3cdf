/**
 * Which endpoints of a service catalog Sluice serves: one per region of the chosen service. Pure. Never the
 * first generation `cloudServers`, which also calls itself `compute` (guide, section 1.3.3).
 */
import type { JsonObject } from '../json.ts';
import { isComputeType, isIdentityType } from './service-types.ts';
import type { CatalogService, ServiceCatalog } from './token.ts';

/** Where one region's Compute API is. */
export interface Endpoint {
  /** As the catalog spells it. */
  readonly region: string;
  readonly url: URL;
  readonly origin: string;
  /** Path of the endpoint without a trailing slash: `/v2/010101`, or `/v2.1` for clouds without a tenant in it. */
  readonly basePath: string;
  /** The path down to the version: `/v2`. */
  readonly versionPath: string;
  readonly tenantId: string;
}

export interface EndpointChoice {
  /** Catalog name of the service. */
  service: string;
  interface: 'public' | 'internal';
  /** The regions to serve, in any case; null: all. */
  regions: readonly string[] | null;
  /** The token's tenant. */
  tenantId: string;
}

/** What was chosen, and what was left aside for which reason, for the log. */
export interface ChosenEndpoints {
  /** The service they belong to; undefined when the catalog has none. */
  readonly service: CatalogService | undefined;
  /** By upper-case region, in the catalog's order. */
  readonly endpoints: Map<string, Endpoint>;
  readonly skipped: readonly { region: string; reason: string }[];
}

/** True for the first generation service, which no client may take for the Compute API. */
export function isFirstGeneration(service: CatalogService): boolean {
  return service.name === 'cloudServers';
}

/**
 * True for every service that is Compute under one of its names, legacy ones too (`compute_legacy`, `computev21`):
 * only the chosen one is served, and its limits would be worth nothing if another led around them.
 */
export function isCompute(service: CatalogService): boolean {
  return isFirstGeneration(service) || isComputeType(service.type);
}

/** The service by its name, else the first of type compute that is not the first generation. */
export function chooseService(catalog: ServiceCatalog, name: string): CatalogService | undefined {
  const candidates = catalog.filter(
    (service) => !isFirstGeneration(service) && !isIdentityType(service.type),
  );
  return (
    candidates.find((service) => service.name === name) ??
    candidates.find((service) => service.type === 'compute')
  );
}

/** The endpoints of the chosen service by upper-case region, one each. */
export function computeEndpoints(catalog: ServiceCatalog, choice: EndpointChoice): Map<string, Endpoint> {
  return chooseEndpoints(catalog, choice).endpoints;
}

/** Like `computeEndpoints`, with the reasons for what is missing. */
export function chooseEndpoints(catalog: ServiceCatalog, choice: EndpointChoice): ChosenEndpoints {
  const service = chooseService(catalog, choice.service);
  const wanted = choice.regions && new Set(choice.regions.map((region) => region.toUpperCase()));
  const endpoints = new Map<string, Endpoint>();
  const skipped: { region: string; reason: string }[] = [];
  for (const entry of ownTenantFirst(service?.endpoints ?? [], choice.tenantId)) {
    const region = text(entry, 'region') ?? '';
    const key = region.toUpperCase();
    const read = region === '' ? 'it names no region' : readEndpoint(entry, choice);
    if (wanted && !wanted.has(key)) continue;
    if (typeof read === 'string') skipped.push({ region, reason: read });
    else if (endpoints.has(key)) skipped.push({ region, reason: 'the catalog lists the region twice' });
    else endpoints.set(key, read);
  }
  for (const region of wanted ?? []) {
    if (endpoints.has(region) || skipped.some((skip) => skip.region.toUpperCase() === region)) continue;
    skipped.push({ region, reason: 'the catalog does not have it' });
  }
  return { service, endpoints, skipped };
}

/**
 * The region a request without one means: the configured one, else the user's own (`RAX-AUTH:defaultRegion`),
 * else the first; a name that is not served counts as none.
 *
 * @returns an upper-case region of `endpoints`, or undefined when there is none at all
 */
export function chooseDefaultRegion(
  endpoints: ReadonlyMap<string, Endpoint>,
  configured: string | null | undefined,
  userDefault: string | undefined,
): string | undefined {
  const named = [configured, userDefault].map((region) => region?.toUpperCase());
  return named.find((region) => region !== undefined && endpoints.has(region)) ?? [...endpoints.keys()][0];
}

/** A catalog may list a region for several tenants; the token's own goes before the others. */
export function ownTenantFirst(entries: readonly JsonObject[], tenantId: string): JsonObject[] {
  const isOwn = (entry: JsonObject) => (text(entry, 'tenantId') ?? tenantId) === tenantId;
  return [...entries.filter(isOwn), ...entries.filter((entry) => !isOwn(entry))];
}

/** The endpoint, or why it cannot be used. One that names no region has an empty one. */
export function readEndpoint(
  entry: JsonObject,
  choice: Pick<EndpointChoice, 'interface' | 'tenantId'>,
): Endpoint | string {
  const member = choice.interface === 'internal' ? 'internalURL' : 'publicURL';
  const region = text(entry, 'region') ?? '';
  const href = text(entry, member);
  if (!href) return `it has no ${member}`;
  const url = URL.canParse(href) ? new URL(href) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) return `its ${member} is no http(s) URL`;
  const tenantId = text(entry, 'tenantId') ?? choice.tenantId;
  const basePath = url.pathname.replaceAll(/\/{2,}/g, '/').replace(/\/$/, '');
  return {
    region,
    url,
    origin: url.origin,
    basePath,
    versionPath: versionPathOf(basePath, tenantId),
    tenantId,
  };
}

/** A path segment that names a version: `v2`, `v2.1`. */
export const VERSION_SEGMENT = /^v\d+(?:\.\d+)?$/i;

/** `/v2/010101` -> `/v2`, `/compute/v2.1` -> `/compute/v2.1`, `/compute/010101` -> `/compute`. */
function versionPathOf(basePath: string, tenantId: string): string {
  const segments = basePath.split('/');
  const version = segments.findLastIndex((segment) => VERSION_SEGMENT.test(segment));
  if (version >= 0) return segments.slice(0, version + 1).join('/');
  return segments.at(-1) === tenantId ? segments.slice(0, -1).join('/') : basePath;
}

function text(object: JsonObject, name: string): string | undefined {
  const value = object[name];
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
