import { CLASS_NAMES, CLASSES, classesChangedThrough, servicesBehind } from '../cache/classes.ts';
import { canonicalServiceType, serviceOf } from '../identity/service-types.ts';
import type { Params } from '../operations/match.ts';
import type { CacheClass, Operation } from '../operations/operation.ts';
import type { Place } from '../routing/directory.ts';
import { regionsOfService, serviceTypeOf } from '../routing/service-place.ts';
import type { Services } from './services.ts';

/**
 * What writes end in the cache, for all that goes to a region: by the row of the operation, or, where there is none, by what
 * is changed through that service at all. Clouds often have one image or network service for several regions: what is
 * written in one of them ends what is cached for the others, too.
 */

/** A write whose row says what it touches. */
export interface Written {
  readonly operation: Operation;
  readonly params: Params;
  readonly place: Place;
}

/** @param isLost its answer never came, and the region may still be at it */
export async function endWritten(
  { operation, params, place }: Written,
  services: Services,
  isLost: boolean,
): Promise<void> {
  const { invalidates } = operation;
  if (invalidates.length === 0) return;
  const ended = CLASS_NAMES.filter((name) => invalidates.some((one) => CLASSES[name].endedBy[one]));
  const account = place.account.cacheAs ?? place.account.name;
  await Promise.all(
    regionsWith(place, ended).map((region) =>
      services.cache.invalidate({ account, region, invalidates, params, isLost }),
    ),
  );
}

/**
 * A write of which no row says what it touches.
 *
 * @param path below the service or the tenant, in any spelling
 */
export async function endUnknown(place: Place, path: string, { cache }: Services): Promise<void> {
  const ended = classesChangedThrough(canonicalServiceType(serviceTypeOf(place)), path);
  const account = place.account.cacheAs ?? place.account.name;
  const regions = regionsWith(place, ended);
  await Promise.all(
    ended.flatMap((resource) => regions.map((region) => cache.purge({ account, region, resource }))),
  );
}

/** The region of a write, and all those that share with it what holds these classes. */
function regionsWith({ account, endpoint }: Place, ended: readonly CacheClass[]): string[] {
  const behind = servicesBehind(ended);
  const regions = new Set([endpoint.region]);
  const here = endpoint.region.toUpperCase();
  for (const [type, byRegion] of account.services()) {
    const service = serviceOf(type);
    const own = byRegion.get(here) ?? byRegion.get('');
    if (service === undefined || !behind.has(service) || own === undefined) continue;
    for (const region of regionsOfService(account, own)) regions.add(region);
  }
  return [...regions];
}
