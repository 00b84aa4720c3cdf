import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';
import { chooseEndpoints, type Endpoint, type EndpointChoice, isFirstGeneration } from './catalog.ts';
import type { SluiceToken } from './sluice-token.ts';
import type { CatalogService, Token } from './token.ts';

export interface AccessOptions {
  /** The account's upstream token: tenant, user and catalog come from it; its id does not leave. */
  token: Pick<Token, 'tenant' | 'user' | 'catalog'>;
  sluiceToken: SluiceToken;
  /** Where the caller reaches Sluice: `http://sluice.test:8080`, a trailing slash does not matter. */
  baseUrl: string;
  /** How the account chooses its endpoints (`accounts[].service`, `interface`, `regions`). */
  account: Omit<EndpointChoice, 'tenantId'>;
  /** Upper-case region that the account serves by default; the upstream's own word if left out. */
  defaultRegion?: string | undefined;
}

/**
 * The answer to a login (guide, Example 1.5): Sluice's token, the account's tenant and user, and the catalog in
 * which Sluice stands for the Compute service, one endpoint a region. Other services are passed unchanged.
 * Every other service of type compute is left out, the first generation too: clients take the first of that
 * type, and would leave Sluice.
 */
export function accessDocument(options: AccessOptions): JsonObject {
  const { token, sluiceToken, account } = options;
  const { service, endpoints } = chooseEndpoints(token.catalog, { ...account, tenantId: token.tenant.id });
  const catalog = token.catalog.flatMap((entry): JsonValue[] => {
    if (entry === service) return [rewriteService(entry, endpoints, options)];
    return entry.type === 'compute' || isFirstGeneration(entry) ? [] : [entry];
  });
  return {
    access: {
      token: {
        id: sluiceToken.id,
        expires: formatExpires(sluiceToken.claims.expiresAtMs),
        tenant: { id: token.tenant.id, name: token.tenant.name },
      },
      serviceCatalog: catalog,
      user: userDocument(options),
    },
  };
}

/** `…Z` in whole seconds: the one form that no client stumbles over. */
export function formatExpires(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d+Z$/, 'Z');
}

function userDocument({ token: { user }, defaultRegion }: AccessOptions): JsonObject {
  const region = (defaultRegion ?? user.defaultRegion)?.toUpperCase();
  return {
    id: user.id,
    name: user.name,
    roles: [...user.roles],
    ...(region === undefined ? {} : { 'RAX-AUTH:defaultRegion': region }),
  };
}

function rewriteService(
  service: CatalogService,
  endpoints: ReadonlyMap<string, Endpoint>,
  options: AccessOptions,
): JsonObject {
  const rewritten = [...endpoints].map(([region, endpoint]) => {
    const original = service.endpoints.find((entry) => isEntryOf(endpoint, entry));
    return rewriteEndpoint(original ?? {}, region, options);
  });
  return { ...service, endpoints: rewritten };
}

/** Whether an endpoint was read from this entry; a region may have entries for several tenants. */
function isEntryOf({ region, url }: Endpoint, entry: JsonObject): boolean {
  const hrefs = [entry['publicURL'], entry['internalURL']];
  const isSameUrl = (href: JsonValue | undefined) =>
    typeof href === 'string' && URL.canParse(href) && new URL(href).href === url.href;
  return entry['region'] === region && hrefs.some(isSameUrl);
}

/**
 * Region names are compared with upper case by most clients; in paths they read better in lower case. The
 * public URL ends in the token's own tenant, by which clients know where to cut for version documents.
 */
function rewriteEndpoint(original: JsonObject, region: string, options: AccessOptions): JsonObject {
  const tenantId = options.token.tenant.id;
  const base = `${options.baseUrl.replace(/\/+$/, '')}/${encodeURIComponent(region.toLowerCase())}`;
  const url = `${base}/v2/${encodeURIComponent(tenantId)}`;
  return {
    ...ownMembers(original),
    region,
    tenantId,
    publicURL: url,
    internalURL: url,
    ...('adminURL' in original ? { adminURL: url } : {}),
    versionId: '2',
    versionInfo: `${base}/v2`,
    versionList: `${base}/`,
  };
}

/** Members of an endpoint that do not lead to the upstream. */
function ownMembers(original: JsonObject): JsonObject {
  const isUrl = (value: JsonValue) => typeof value === 'string' && /^https?:/i.test(value);
  const hasUrls = (value: JsonValue) => isUrl(value) || isJsonObject(value) || Array.isArray(value);
  return Object.fromEntries(Object.entries(original).filter(([, value]) => !hasUrls(value)));
}
