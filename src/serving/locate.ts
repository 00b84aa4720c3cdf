/**
 * Where a request is identified, once, for every way in (fast path, Node's path, pass-through, version documents, lists of
 * every region, façade): its client, its format, the account, the region, the service and the operation. Whatever answers
 * a request takes what is found here and looks nothing up again.
 */
import { Fault, methodFault } from '../faults/faults.ts';
import type { Call } from '../http/call.ts';
import type { RequestFacts } from '../http/request-facts.ts';
import { speaksMicroversions } from '../identity/catalog.ts';
import { isAtIdentity, servicePath } from '../identity/service-endpoints.ts';
import type { Operation } from '../operations/operation.ts';
import type { Account, Place } from '../routing/directory.ts';
import { refusalFault } from '../routing/route.ts';
import {
  findServicePlace,
  findServicePlaceNow,
  isServicePlace,
  type ServiceHints,
  type ServicePlace,
  serviceTypeOf,
} from '../routing/service-place.ts';
import { EVERYWHERE, type Target } from '../routing/target.ts';
import type {
  Located,
  LocatedAction,
  LocatedList,
  LocatedOperation,
  LocatedPassthrough,
  LocatedVersions,
} from './located.ts';
import { meetOwnToken, ownTokenOf } from './own-token.ts';
import { prepare } from './prepare.ts';
import {
  checkRights,
  isPublic,
  nobody,
  operationOf,
  refuseTenant,
  tenantOf,
  tenantOfToken,
} from './rights.ts';
import type { Services } from './services.ts';

/**
 * What a request is, at once.
 *
 * @returns undefined when an account has no token yet, or when the caller is nobody: see `locateLater`
 * @throws {Fault} for a URL that is refused, a format there is none of, a tenant, region or method that does not exist,
 *   and 403 for what is beyond the caller's grant
 */
export function locateNow<C extends RequestFacts>(call: C, services: Services): Located<C> | undefined {
  if (!begin(call, services)) return undefined;
  const { target } = call.route;
  switch (target.kind) {
    case 'identity':
      return { kind: 'identity', call, path: target.path, isV3: target.isV3 };
    case 'service': {
      const place = servicePlaceNow(call, target, services);
      return place && atPlace(call, place);
    }
    case 'everywhere': {
      const account = ownerNow(call, tenantOf(call, target.tenant));
      return account && atAccount(call, account, target);
    }
    default: {
      if (isEverywhere(target, call)) return everyVersion(call, target);
      const place = placeNow(call, target, services);
      return place && atPlace(call, place);
    }
  }
}

/**
 * The same for what `locateNow` has nothing for, once tokens are there.
 *
 * @throws {Fault} 401 for a caller that is nobody, 503 while there are no tokens to be had, and what `locateNow` throws
 */
export async function locateLater(call: Call, services: Services): Promise<Located> {
  const { target } = call.route;
  if (call.caller === undefined && !isPublic(target)) {
    const token = ownTokenOf(call);
    if (token === undefined) throw nobody(call);
    await meetOwnToken(call, token, services);
    prepare(call);
  }
  const { directory } = call.caller ?? services.callers.guest;
  switch (target.kind) {
    case 'identity':
      throw new Error('a login is located at once');
    case 'service':
      return atPlace(call, await servicePlace(call, target, services));
    case 'everywhere': {
      const owner = directory.waitForOwner(tenantOf(call, target.tenant), call.signal);
      return atAccount(call, await owner.catch((error) => refuseTenant(call, error)), target);
    }
    default: {
      const hints = call.regionHints(target.region);
      const tenant = 'tenant' in target ? tenantOf(call, target.tenant) : undefined;
      const places = isPublic(target) ? services.directory : directory;
      const place = places.wait(tenant, hints, call.signal);
      return atPlace(call, await place.catch((error) => refuseTenant(call, error)));
    }
  }
}

/**
 * An action as the operation that its body turned out to name.
 *
 * @throws {Fault} 403: it is beyond the caller's grant
 */
export function locateAction<C extends RequestFacts>(
  { call, place, params, path, query }: LocatedAction<C>,
  operation: Operation,
): LocatedOperation<C> {
  call.operation = operation.name;
  checkRights(call, operation.name);
  if (operation.needs !== undefined) checkRights(call, operation.needs);
  return { kind: 'operation', call, place, operation, params, path, query };
}

/**
 * What is known before anybody is asked: the client, whether the request may be at all, the format, the operation.
 *
 * @returns false for a caller that is nobody, and asks for what is not for everybody
 */
function begin(call: RequestFacts, services: Services): boolean {
  const { target, refusal } = call.route;
  const isKnown = services.callers.identify(call);
  if (refusal !== undefined) throw refusalFault(refusal);
  if (!isKnown && !isPublic(target)) return false;
  prepare(call);
  return true;
}

/** @throws {Fault} 404 for a tenant or region that does not exist for this caller */
function placeNow(call: RequestFacts, target: Target & { region: string | undefined }, services: Services) {
  const directory = isPublic(target) ? services.directory : call.caller!.directory;
  const tenant = 'tenant' in target ? tenantOf(call, target.tenant as string) : undefined;
  try {
    return directory.find(tenant, call.regionHints(target.region));
  } catch (error) {
    return refuseTenant(call, error);
  }
}

function ownerNow(call: RequestFacts, tenant: string | undefined): Account | undefined {
  try {
    return call.caller!.directory.owner(tenant);
  } catch (error) {
    return refuseTenant(call, error);
  }
}

/**
 * RIGHTS: the one step where grants are checked, before cache and limits, for all ways in. An account beyond the grant was
 * not found at all; the rest is refused here. What only a body or a path further down tells has a second such step, see
 * `locateAction` and all-regions/serve.ts.
 *
 * @param operation undefined: it is not known yet
 * @throws {Fault} 403
 */
function enter(call: RequestFacts, place: Place | ServicePlace, operation: string | undefined): void {
  call.account = place.account.name;
  call.region = place.endpoint.region;
  call.service = serviceTypeOf(place);
  checkRights(call, operation);
}

function atPlace<C extends RequestFacts>(call: C, place: Place | ServicePlace): Located<C> {
  const { target, match, asked, query } = call.route;
  if (isPublic(target)) {
    call.account = place.account.name;
    call.region = place.endpoint.region;
    return versionsAt(call, place, target);
  }
  if (match?.kind === 'method' && target.kind === 'compute' && !speaksMicroversions(place.endpoint))
    throw methodFault(call.method, match.allow, `on ${target.path}`);
  enter(call, place, operationOf(call.route));
  if (isServicePlace(place)) return atService(call, place, target as Target & { kind: 'service' });
  if (target.kind !== 'compute') return versionsAt(call, place, target);
  const { path, exactPath, version = 'v2' } = target;
  switch (match?.kind) {
    case 'operation': {
      const { operation, params } = match;
      return { kind: 'operation', call, place, operation, params, path, query: asked };
    }
    case 'action':
      return { kind: 'action', call, place, params: match.params, path, query: asked };
    // Clients ask the endpoint itself for its version.
    case undefined:
      return { kind: 'versions', call, place, version };
    // What Compute 2.1 has at a path of the guide beyond the guide's own methods the region answers for itself.
    default:
      return { kind: 'passthrough', call, place, path: exactPath, query };
  }
}

/** What is cached of another service is an operation as any other; all else streams, known by its name or not. */
function atService<C extends RequestFacts>(
  call: C,
  place: ServicePlace,
  { path }: Target & { kind: 'service' },
): LocatedOperation<C> | LocatedPassthrough<C> {
  const { match, query, asked } = call.route;
  if (match?.kind !== 'operation') return { kind: 'passthrough', call, place, path, query };
  const { operation, params } = match;
  if (operation.cache === null || call.method !== 'GET')
    return { kind: 'passthrough', call, place, path, query, matched: { operation, params } };
  const whole = servicePath(place.service, path);
  return { kind: 'operation', call, place, operation, params, path: whole, query: asked };
}

function versionsAt<C extends RequestFacts>(
  call: C,
  place: Place | undefined,
  target: Target,
): LocatedVersions<C> {
  return { kind: 'versions', call, place, version: 'version' in target ? target.version : undefined };
}

function atAccount<C extends RequestFacts>(
  call: C,
  account: Account,
  { version, path }: Target & { kind: 'everywhere' },
): LocatedList<C> {
  call.account = account.name;
  call.region = EVERYWHERE;
  checkRights(call, undefined);
  return { kind: 'everywhere', call, account, version, path };
}

function everyVersion<C extends RequestFacts>(call: C, target: Target): LocatedVersions<C> {
  call.region = EVERYWHERE;
  return versionsAt(call, undefined, target);
}

/** The documents of every region at once; a region of that name has its own on a port of its own. */
function isEverywhere(target: Target, { rootRegion }: RequestFacts): boolean {
  if (target.kind !== 'versions' && target.kind !== 'version') return false;
  return target.region?.toLowerCase() === EVERYWHERE && target.region !== rootRegion;
}

/** At once, where the tokens it takes are there; see `servicePlace`. */
function servicePlaceNow(
  call: RequestFacts,
  target: Target & { kind: 'service' },
  services: Services,
): ServicePlace | undefined {
  const { accounts } = call.caller!.directory;
  return checkedPlace(findServicePlaceNow(accounts, serviceHints(call, target, services)), target);
}

/** A path to another service names no tenant: a token of the façade says for which account it was given out. */
async function servicePlace(
  call: Call,
  target: Target & { kind: 'service' },
  services: Services,
): Promise<ServicePlace> {
  const { accounts } = call.caller!.directory;
  const hints = serviceHints(call, target, services);
  return checkedPlace(await findServicePlace(accounts, hints, call.signal), target);
}

/** @throws {Fault} 404 where no other service is served at all */
function serviceHints(
  { identity }: RequestFacts,
  { region, type }: Target & { kind: 'service' },
  { settings }: Services,
): ServiceHints {
  const served = settings.facade.services;
  if (served === 'none')
    throw new Fault('itemNotFound', 'Only Compute is served here: facade.services of this gateway is none.');
  return { region, type, tenant: tenantOfToken(identity), served };
}

/** @throws {Fault} 403 for a path that leads to the identity service */
function checkedPlace<P extends ServicePlace | undefined>(
  place: P,
  { path }: Target & { kind: 'service' },
): P {
  if (place !== undefined && isAtIdentity(place.service, servicePath(place.service, path)))
    throw new Fault('forbidden', 'The identity service is not reached by way of another one.');
  return place;
}
