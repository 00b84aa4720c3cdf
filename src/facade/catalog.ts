import {
  type ChosenEndpoints,
  chooseEndpoints,
  computeVersionOf,
  type Endpoint,
  type EndpointChoice,
  isCompute,
  keyOfRegion,
  regionOf,
  speaksMicroversions,
} from '../identity/catalog.ts';
import {
  findService,
  type ServiceTable,
  serviceEndpoints,
  serviceUrl,
} from '../identity/service-endpoints.ts';
import { isIdentityType, isServedType, type ServedServices } from '../identity/service-types.ts';
import type { CatalogService, ServiceCatalog, Token } from '../identity/token.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';
import { regionSegment } from '../links/region-segment.ts';

export interface CatalogOptions {
  /** The account's upstream token: tenant, user and catalog come from it; its id does not leave. */
  token: Pick<Token, 'tenant' | 'user' | 'catalog'>;
  /** Where the caller reaches Sluice: `http://sluice.test:8080`, a trailing slash does not matter. */
  baseUrl: string;
  /** How the account chooses its endpoints (`accounts[].service`, `interface`, `regions`). */
  account: Omit<EndpointChoice, 'tenantId'>;
  /** Which services beside Compute lead through Sluice too (`facade.services`). */
  services: ServedServices;
  /** Which of Sluice's own identity services the caller speaks with. */
  identity: 'v2.0' | 'v3';
  /** The region that the account serves by default, as the catalog spells it; the upstream's own word if left out. */
  defaultRegion?: string | undefined;
  /** Whether the caller may use a region, a type of service; left out: all of them. */
  seesRegion?: (name: string) => boolean;
  seesService?: (type: string) => boolean;
}

/**
 * The catalog that callers are told, in the form of Identity v2.0: Sluice stands for the Compute service, one endpoint a
 * region. Other services lead through Sluice as well, as far as they are served, or all are passed unchanged. Every other
 * service that is Compute is left out, the first generation too: clients take the first of that type, and would leave
 * Sluice.
 */
export function facadeCatalog(options: CatalogOptions): CatalogService[] {
  const { token, account } = options;
  const { service, endpoints, others } = placesIn(token.catalog, { ...account, tenantId: token.tenant.id });
  const { seesRegion = always, seesService = always } = options;
  const granted = new Map([...endpoints].filter(([, { region }]) => seesRegion(region)));
  const isGranted = (endpoint: JsonObject) => regionOf(endpoint) === '' || seesRegion(regionOf(endpoint));
  return token.catalog.flatMap((full): CatalogService[] => {
    if (!isIdentityType(full.type) && !seesService(full.type)) return [];
    const entry = { ...full, endpoints: full.endpoints.filter(isGranted) };
    if (full === service) return [rewriteCompute(full, granted, options)];
    if (isCompute(entry)) return [];
    if (options.services === 'none') return [entry];
    if (isIdentityType(entry.type)) return rewriteIdentity(entry, options);
    if (!isServedType(entry.type, options.services)) return [];
    const rewritten = entry.endpoints.flatMap((one) =>
      rewriteOther(one, entry.type, others, endpoints, options),
    );
    return rewritten.length === 0 ? [] : [{ ...entry, endpoints: rewritten }];
  });
}

/** What a catalog has for whom: read once, and not for every caller that logs in. */
interface Places extends Pick<ChosenEndpoints, 'service' | 'endpoints'> {
  readonly others: ServiceTable;
}

/** By how endpoints are chosen, which differs by account and tenant. */
const placesOf = new WeakMap<ServiceCatalog, Map<string, Places>>();

function placesIn(catalog: ServiceCatalog, choice: EndpointChoice): Places {
  const known = placesOf.get(catalog) ?? new Map<string, Places>();
  placesOf.set(catalog, known);
  const key = JSON.stringify(choice);
  const found = known.get(key) ?? {
    ...chooseEndpoints(catalog, choice),
    others: serviceEndpoints(catalog, choice),
  };
  known.set(key, found);
  return found;
}

const always = () => true;

function rewriteCompute(
  service: CatalogService,
  endpoints: ReadonlyMap<string, Endpoint>,
  options: CatalogOptions,
): CatalogService {
  const rewritten = [...endpoints.values()].map((endpoint) => rewriteComputeEndpoint(endpoint, options));
  return { ...service, endpoints: rewritten };
}

/**
 * Clients compare region names as they stand, so each keeps the catalog's spelling; they read the version from the path, so
 * each keeps that, too, with a project or without. One with a project ends in the token's own tenant, by which clients know
 * where to cut for version documents.
 */
function rewriteComputeEndpoint(endpoint: Endpoint, options: CatalogOptions): JsonObject {
  const { source, region } = endpoint;
  const tenantId = options.token.tenant.id;
  const base = `${trim(options.baseUrl)}/${regionSegment(region)}`;
  const version = computeVersionOf(endpoint);
  const isBare = speaksMicroversions(endpoint) && endpoint.basePath === endpoint.versionPath;
  const url = isBare ? `${base}/${version}` : `${base}/${version}/${encodeURIComponent(tenantId)}`;
  return {
    ...withoutUrls(source),
    region,
    tenantId,
    publicURL: url,
    internalURL: url,
    ...('adminURL' in source ? { adminURL: url } : {}),
    versionId: version.slice(1),
    versionInfo: `${base}/${version}`,
    versionList: `${base}/`,
  };
}

/**
 * An endpoint of another service. It keeps its version and what follows: clients read them from the URL. Nothing
 * when `/{region}/services/{type}` leads to another endpoint, since it could not be reached.
 */
function rewriteOther(
  original: JsonObject,
  type: string,
  others: ServiceTable,
  compute: ReadonlyMap<string, Endpoint>,
  options: CatalogOptions,
): JsonObject[] {
  const named = regionOf(original);
  const found = findService(others, type, keyOfRegion(named));
  const region = named || options.defaultRegion || [...compute.values()][0]?.region;
  if (found?.source !== original || region === undefined) return [];
  const url = serviceUrl(options.baseUrl, region, type) + found.versionedPath;
  return [{ ...atUrl(original, url), ...(named === '' ? {} : { region: named }) }];
}

/**
 * The identity service that Sluice's tokens are for is Sluice's own: in the version the caller speaks, or the one that the
 * type names (`identityv3`). What is an identity service under another name is left out.
 */
function rewriteIdentity(service: CatalogService, { baseUrl, identity }: CatalogOptions): CatalogService[] {
  const [, version] = /^identity[-_]?(v3|v2(?:\.0)?)?$/i.exec(service.type) ?? [];
  if (!/^identity/i.test(service.type)) return [];
  const named = version === undefined ? identity : /v3/i.test(version) ? 'v3' : 'v2.0';
  const url = `${trim(baseUrl)}/${named}`;
  return [{ ...service, endpoints: service.endpoints.map((endpoint) => atUrl(endpoint, url)) }];
}

function atUrl(original: JsonObject, url: string): JsonObject {
  const members = Object.entries(original).flatMap(([key, value]): [string, JsonValue][] => {
    if (/^(?:public|internal|admin)URL$/.test(key)) return [[key, url]];
    return holdsUrls(value) ? [] : [[key, value]];
  });
  return { ...Object.fromEntries(members), publicURL: url };
}

/** Members of an endpoint that do not lead to the upstream. */
function withoutUrls(original: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(original).filter(([, value]) => !holdsUrls(value)));
}

function holdsUrls(value: JsonValue): boolean {
  const isUrl = typeof value === 'string' && /^https?:/i.test(value);
  return isUrl || isJsonObject(value) || Array.isArray(value);
}

const trim = (baseUrl: string): string => baseUrl.replace(/(?<!\/)\/+$/, '');
