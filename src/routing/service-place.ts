import { Fault } from '../faults/faults.ts';
import { keyOfRegion } from '../identity/catalog.ts';
import {
  findService,
  type ServiceEndpoint,
  serviceRegions,
  serviceTypes,
} from '../identity/service-endpoints.ts';
import { isServedType, type ServedServices } from '../identity/service-types.ts';
import { type Account, clip, type Place } from './directory.ts';

/** Where a request for another service of the catalog goes. */
export interface ServicePlace extends Place {
  readonly service: ServiceEndpoint;
}

/** Whether a place is another service's than Compute's. */
export const isServicePlace = (place: Place): place is ServicePlace => 'service' in place;

/** The type under which the catalog lists what is at a place, `compute` for a region of Compute. */
export const serviceTypeOf = (place: Place): string =>
  isServicePlace(place) ? place.service.type : 'compute';

/** What a request for another service says; its path names no tenant. */
export interface ServiceHints {
  region: string;
  type: string;
  /** Tenant that the caller's façade token was issued for; it then means that account and no other. */
  tenant: string | undefined;
  /** The types that callers may reach at all (`facade.services`). */
  served: ServedServices;
}

/**
 * The place of a service, at once when the tokens it takes are there; undefined: one is missing, see `findServicePlace`.
 *
 * @throws {Fault} 404 that lists the types or the regions there are
 */
export function findServicePlaceNow(
  accounts: readonly Account[],
  hints: ServiceHints,
): ServicePlace | undefined {
  if (accounts.some((account) => !account.isKnown(hints.region))) return undefined;
  return choosePlace(accounts, hints) ?? unknown(accounts, hints);
}

function choosePlace(accounts: readonly Account[], hints: ServiceHints): ServicePlace | undefined {
  const { tenant } = hints;
  if (tenant !== undefined) {
    const owner = accounts.find((account) => account.owns(tenant));
    return owner && (placeIn(owner, hints) ?? unknown([owner], hints));
  }
  for (const account of accounts) {
    const place = placeIn(account, hints);
    if (place) return place;
  }
  return undefined;
}

/**
 * The place of a service: in the account of the caller's façade token, else in the first account that has the type in
 * that region. Accounts without a token yet are waited for, in their order.
 *
 * @throws {Fault} 404 that lists the types or the regions there are; 503 while no account has a token
 */
export async function findServicePlace(
  accounts: readonly Account[],
  hints: ServiceHints,
  signal: AbortSignal,
): Promise<ServicePlace> {
  let failure: unknown;
  const known: Account[] = [];
  for (const account of accounts) {
    try {
      if (!account.isKnown(hints.region)) await account.ready(signal, hints.region);
    } catch (error) {
      failure ??= error;
      continue;
    }
    known.push(account);
    if (hints.tenant !== undefined && account.owns(hints.tenant)) break;
  }
  const place = choosePlace(known, hints);
  if (place !== undefined) return place;
  if (failure !== undefined) throw failure;
  return unknown(known, hints);
}

function placeIn(account: Account, { type, region, served }: ServiceHints): ServicePlace | undefined {
  if (!isServedType(type, served)) return undefined;
  const key = keyOfRegion(region);
  const name = regionsOf(account).get(key);
  const service = name === undefined ? undefined : findService(account.services(), type, key);
  return service && { account, service, endpoint: { ...service.endpoint, region: name! } };
}

/** The regions, as they are spelled, that lead to the very same service, the place's own among them. */
export function regionsOfService(account: Account, service: ServiceEndpoint): string[] {
  const { href } = service.endpoint.url;
  return [...regionsOf(account)].flatMap(([key, name]) =>
    findService(account.services(), service.type, key)?.endpoint.url.href === href ? name : [],
  );
}

/** As they are spelled, by upper-case name; an endpoint that names no region serves these and not whatever a caller makes up. */
function regionsOf(account: Account): Map<string, string> {
  const regions = new Map([...account.endpoints()].map(([key, { region }]) => [key, region]));
  for (const [key, region] of serviceRegions(account.services()))
    if (!regions.has(key)) regions.set(key, region);
  return regions;
}

function unknown(accounts: readonly Account[], { type, region, served }: ServiceHints): never {
  const key = keyOfRegion(region);
  const list = (names: Iterable<string>) => [...new Set(names)].join(', ') || 'none';
  const regions = new Map(accounts.flatMap((account) => [...regionsOf(account)]));
  const name = regions.get(key);
  if (name === undefined)
    throw new Fault(
      'itemNotFound',
      `The service catalog has no region "${clip(region)}". Regions there are: ${list(regions.values())}.`,
    );
  const types = accounts.flatMap((account) => serviceTypes(account.services(), key, served));
  throw new Fault(
    'itemNotFound',
    `Region ${name} has no service of type "${clip(type)}" here. Types there are: ${list(types)}.`,
  );
}
