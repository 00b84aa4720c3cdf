/** One catalog of several: what an account has that logs in at an identity service in each of its regions. Pure. */
import type { JsonObject } from '../json.ts';
import { chooseService, keyOfRegion, ownTenantFirst, regionOf } from './catalog.ts';
import type { CatalogService, ServiceCatalog } from './token.ts';

/** What one region's identity service says. */
export interface RegionalCatalog {
  /** The region as the configuration names it. */
  readonly region: string;
  /** The token's tenant. */
  readonly tenantId: string;
  readonly catalog: ServiceCatalog;
}

/**
 * The services of all regions, each region's endpoints from its own identity service and with its own tenant. The service
 * that is served as Compute is one, whatever it is called where.
 *
 * @param compute name of that service, see `chooseService`
 */
export function mergeCatalogs(parts: readonly RegionalCatalog[], compute: string): CatalogService[] {
  const merged = new Map<string, CatalogService>();
  for (const part of parts) {
    const chosen = chooseService(part.catalog, compute);
    const only = onlyRegionOf(chosen);
    for (const service of part.catalog) {
      const key = service === chosen ? '' : `${service.type}\n${service.name}`;
      const endpoints = endpointsOf(service, part, only);
      const known = merged.get(key);
      if (known !== undefined) known.endpoints.push(...endpoints);
      else merged.set(key, { ...service, endpoints });
    }
  }
  return [...merged.values()];
}

/**
 * An identity service of one region may call it anything (`RegionOne`): where it knows but one, that is the one which is
 * meant.
 */
function onlyRegionOf(service: CatalogService | undefined): string | undefined {
  const regions = new Set(service?.endpoints.map((endpoint) => keyOfRegion(regionOf(endpoint))));
  return regions.size === 1 ? [...regions][0] : undefined;
}

/** What a service has in the region, under the name of the region. */
function endpointsOf(
  { endpoints }: CatalogService,
  { region, tenantId }: RegionalCatalog,
  only: string | undefined,
): JsonObject[] {
  const own = keyOfRegion(region);
  const isMeant = (name: string) => name === '' || keyOfRegion(name) === own || keyOfRegion(name) === only;
  return ownTenantFirst(endpoints, tenantId)
    .filter((endpoint) => isMeant(regionOf(endpoint)))
    .map((endpoint) => ({
      ...endpoint,
      tenantId: endpoint['tenantId'] ?? tenantId,
      region: keyOfRegion(regionOf(endpoint)) === own ? regionOf(endpoint) : region,
    }));
}
