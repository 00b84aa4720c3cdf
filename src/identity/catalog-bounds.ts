/** How much of a service catalog is kept: callers who log in are told all of it, made anew for each. Pure. */
import { isComputeType } from './service-types.ts';
import type { CatalogService, ServiceCatalog } from './token.ts';

/** No cloud has so many; a catalog of every service and region of Rackspace has some 150. */
export const MOST_ENDPOINTS = 1000;
export const MOST_SERVICES = 500;

/** A catalog as far as it is kept, in its own order. */
export interface BoundedCatalog {
  readonly catalog: CatalogService[];
  /** Endpoints that are not in it. */
  readonly leftOut: number;
}

/** Keeps what Sluice stands for, Compute, before all else. */
export function boundCatalog(whole: ServiceCatalog): BoundedCatalog {
  const order = [
    ...whole.filter(({ type }) => isComputeType(type)),
    ...whole.filter(({ type }) => !isComputeType(type)),
  ];
  const kept = new Map<CatalogService, CatalogService>();
  let endpointsLeft = MOST_ENDPOINTS;
  let leftOut = 0;
  for (const service of order) {
    const endpoints = kept.size === MOST_SERVICES ? [] : service.endpoints.slice(0, endpointsLeft);
    leftOut += service.endpoints.length - endpoints.length;
    if (kept.size === MOST_SERVICES) continue;
    endpointsLeft -= endpoints.length;
    kept.set(service, endpoints.length === service.endpoints.length ? service : { ...service, endpoints });
  }
  return { catalog: whole.flatMap((service) => kept.get(service) ?? []), leftOut };
}
