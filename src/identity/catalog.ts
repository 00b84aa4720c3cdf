/**
 * Which endpoints of a service catalog Sluice serves: one per region of the chosen service. Pure. Never the
 * first generation `cloudServers`, which also calls itself `compute` (guide, section 1.3.3).
 */
import type { JsonObject } from '../json.ts';
import { isComputeType, isIdentityType } from './service-types.ts';
import type { CatalogService, ServiceCatalog } from './token.ts';

/** Where one region's Compute API is. */
export interface Endpoint {
  /** As the catalog spells it, which is how it goes out; it is matched without case. */
  readonly region: string;
  /** The catalog names no region: it serves as the default, under a name that Sluice gives it. */
  readonly isUnnamed: boolean;
  readonly url: URL;
  readonly origin: string;
  /** Path of the endpoint without a trailing slash: `/v2/010101`, or `/v2.1` for clouds without a tenant in it. */
  readonly basePath: string;
  /** The path down to the version: `/v2`. */
  readonly versionPath: string;
  readonly tenantId: string;
  /** The catalog's other URLs of the same endpoint (internal, admin, public): links may lead there. */
  readonly otherUrls: readonly URL[];
  /** The catalog's own entry. */
  readonly source: JsonObject;
}

/** Which of an endpoint's URLs is used. */
export type Interface = 'public' | 'internal' | 'admin';

export interface EndpointChoice {
  /** Catalog name of the service. */
  service: string;
  interface: Interface;
  /** The regions to serve, in any case; null: all. */
  regions: readonly string[] | null;
  /** The region of requests that name none, in any case; null: what the catalog or the user says. */
  defaultRegion?: string | null | undefined;
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

/** No cloud has so many regions; each that is served keeps limits, connections and metrics of its own. */
export const MOST_REGIONS = 256;

/** The endpoints of the chosen service by upper-case region, one each. */
export function computeEndpoints(catalog: ServiceCatalog, choice: EndpointChoice): Map<string, Endpoint> {
  return chooseEndpoints(catalog, choice).endpoints;
}

/** Like `computeEndpoints`, with the reasons for what is missing. */
export function chooseEndpoints(catalog: ServiceCatalog, choice: EndpointChoice): ChosenEndpoints {
  const service = chooseService(catalog, choice.service);
  const entries = ownTenantFirst(service?.endpoints ?? [], choice.tenantId);
  const wanted = choice.regions && new Set(choice.regions.map(keyOfRegion));
  const unnamed = nameOfUnnamed(entries, choice);
  const endpoints = new Map<string, Endpoint>();
  const skipped: { region: string; reason: string }[] = [];
  for (const entry of entries) {
    const region = regionOf(entry);
    const key = keyOfRegion(region || unnamed);
    const read = readEndpoint(entry, choice, unnamed);
    if (wanted && !wanted.has(key)) continue;
    if (typeof read === 'string') skipped.push({ region, reason: read });
    else if (endpoints.has(key)) skipped.push({ region, reason: 'the catalog lists the region twice' });
    else if (endpoints.size < MOST_REGIONS) endpoints.set(key, read);
    else {
      skipped.push({ region, reason: `no more than ${MOST_REGIONS} regions are served` });
      break;
    }
  }
  const missed = new Set(skipped.map(({ region }) => keyOfRegion(region)));
  for (const region of wanted ?? [])
    if (!endpoints.has(region) && !missed.has(region))
      skipped.push({ region, reason: 'the catalog does not have it' });
  return { service, endpoints, skipped };
}

/** Regions are matched without case and go out in the case they have. */
export const keyOfRegion = (region: string): string => region.toUpperCase();

/** What an endpoint without a region is called where nothing else has given it a name. */
const UNNAMED = 'default';

/**
 * The name of the endpoint that names no region: the one the configuration has for the default region or for the first of
 * those to serve, unless that is another endpoint's.
 */
function nameOfUnnamed(entries: readonly JsonObject[], { defaultRegion, regions }: EndpointChoice): string {
  const taken = new Set(entries.map((entry) => keyOfRegion(regionOf(entry))));
  const names = [defaultRegion ?? '', ...(regions ?? [])];
  return names.find((name) => name !== '' && !taken.has(keyOfRegion(name))) ?? UNNAMED;
}

/**
 * The region a request without one means: the configured one, else the user's own (`RAX-AUTH:defaultRegion`), else the
 * endpoint that names no region, else the first; a name that is not served counts as none.
 *
 * @returns a key of `endpoints`, or undefined when there is none at all
 */
export function chooseDefaultRegion(
  endpoints: ReadonlyMap<string, Endpoint>,
  configured: string | null | undefined,
  userDefault: string | undefined,
): string | undefined {
  const named = [configured, userDefault].map((region) => region && keyOfRegion(region));
  const unnamed = [...endpoints].find(([, endpoint]) => endpoint.isUnnamed)?.[0];
  return named.find((region) => region && endpoints.has(region)) || unnamed || [...endpoints.keys()][0];
}

/** A catalog may list a region for several tenants; the token's own goes before the others. */
export function ownTenantFirst(entries: readonly JsonObject[], tenantId: string): JsonObject[] {
  const isOwn = (entry: JsonObject) => (text(entry, 'tenantId') ?? tenantId) === tenantId;
  return [...entries.filter(isOwn), ...entries.filter((entry) => !isOwn(entry))];
}

/** Longer URLs are nobody's endpoint. */
const LONGEST_URL = 2048;

/** What can stand in a header, a log line and a path: printable, without what a URL or a file system reads otherwise. */
const NAME = /^[\x21-\x7e](?:[\x20-\x7e]{0,62}[\x21-\x7e])?$/;
const UNFIT_FOR_PATHS = /[/\\?#%]|^\.{1,2}$/;

/**
 * The endpoint, or why it cannot be used.
 *
 * @param unnamed the name of one that names no region
 */
export function readEndpoint(
  entry: JsonObject,
  choice: Pick<EndpointChoice, 'interface' | 'tenantId'>,
  unnamed: string,
): Endpoint | string {
  const member = `${choice.interface}URL`;
  const region = regionOf(entry);
  if (region !== '' && (!NAME.test(region) || UNFIT_FOR_PATHS.test(region)))
    return 'its region cannot stand in a path';
  if (!text(entry, member)) return `it has no ${member}`;
  const url = urlOf(entry, member);
  if (!url) return `its ${member} is no http(s) URL`;
  const tenantId = text(entry, 'tenantId') ?? choice.tenantId;
  if (!TENANT.test(tenantId)) return 'its tenantId is none';
  const basePath = basePathOf(url);
  return {
    region: region || unnamed,
    isUnnamed: region === '',
    url,
    origin: url.origin,
    basePath,
    versionPath: versionPathOf(basePath, tenantId),
    tenantId,
    otherUrls: ['publicURL', 'internalURL', 'adminURL'].flatMap((name) =>
      name === member ? [] : (urlOf(entry, name) ?? []),
    ),
    source: entry,
  };
}

/** A tenant as it can stand in a path and a header. */
export const TENANT = /^[\x21-\x7e]{1,255}$/;

/** The region that an entry names, or nothing. */
export const regionOf = (entry: JsonObject): string => text(entry, 'region')?.trim() ?? '';

/** The path of an endpoint without a trailing slash, doubled slashes as one. */
export const basePathOf = ({ pathname }: URL): string =>
  pathname.replaceAll(/\/{2,}/g, '/').replace(/\/$/, '');

function urlOf(entry: JsonObject, member: string): URL | undefined {
  const href = text(entry, member);
  if (href === undefined || href.length > LONGEST_URL || !URL.canParse(href)) return undefined;
  const url = new URL(href);
  return /^https?:$/.test(url.protocol) ? url : undefined;
}

/** A path segment that names a version: `v2`, `v2.1`. */
export const VERSION_SEGMENT = /^v\d+(?:\.\d+)?$/i;

/** The version that an endpoint's path names: `v2`, `v2.1`; undefined: none. */
export function versionOf({ versionPath }: Pick<Endpoint, 'versionPath'>): string | undefined {
  const last = versionPath.slice(versionPath.lastIndexOf('/') + 1);
  return VERSION_SEGMENT.test(last) ? last.toLowerCase() : undefined;
}

/** The version under which Sluice serves a region: that of its own path, where it is one of Compute's, else the guide's. */
export function computeVersionOf(endpoint: Pick<Endpoint, 'versionPath'>): string {
  const own = versionOf(endpoint);
  return own !== undefined && /^v2(?:\.[1-9]\d*)?$/.test(own) ? own : 'v2';
}

/** Whether a region speaks Compute 2.1 and its microversions, by the path that its catalog has. */
export function speaksMicroversions(endpoint: Pick<Endpoint, 'versionPath'>): boolean {
  return /^v2\.[1-9]/.test(versionOf(endpoint) ?? '');
}

/**
 * Where a region tells of a version, below its root: of its endpoint's own, or of the one that is asked for where the region
 * has several.
 */
export function versionDocumentPath(endpoint: Pick<Endpoint, 'versionPath'>, asked?: string): string {
  const { versionPath } = endpoint;
  if (asked !== undefined && speaksMicroversions(endpoint)) return `/${asked}/`;
  const version = versionPath.slice(versionPath.lastIndexOf('/') + 1);
  return version === '' ? '/' : `/${version}/`;
}

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
