import { versionDocumentPath } from '../identity/catalog.ts';
import type { CacheClass, Operation } from '../operations/operation.ts';
import { OPERATIONS } from '../operations/table.ts';
import type { Place } from '../routing/directory.ts';
import { loadInBackground } from '../serving/cached.ts';
import type { Services } from '../serving/services.ts';

/**
 * Fetches what `cache.warm` names for a region, as far as the cache does not hold it: every read of the class that needs
 * no id. Through the limiter, at lowest priority, with nobody waiting.
 */
export function warmCache(place: Place, services: Services): void {
  const { warm, enabled } = services.settings.cache;
  if (!enabled) return;
  for (const operation of OPERATIONS) if (isWarm(operation, warm)) fetchOne(operation, place, services);
}

function isWarm({ cache, path }: Operation, warm: readonly CacheClass[]): boolean {
  return cache !== null && warm.includes(cache) && !path.includes('{');
}

function fetchOne(operation: Operation, place: Place, services: Services): void {
  const { account, endpoint } = place;
  const path = operation.scope === 'version' ? versionDocumentPath(endpoint) : operation.path;
  const lookup = services.cache.lookup({
    account: account.name,
    service: '',
    tenant: endpoint.tenantId,
    region: endpoint.region,
    operation,
    params: {},
    path,
    query: '',
    variant: '',
    cacheControl: undefined,
  });
  if (lookup.verdict !== 'miss') return;
  services.cache.revalidate(lookup, (signal) =>
    loadInBackground({ operation, place, path }, lookup, signal, services),
  );
}
