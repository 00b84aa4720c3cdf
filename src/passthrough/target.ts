import { classesChangedThrough } from '../cache/classes.ts';
import { claimsOf } from '../facade/accounts.ts';
import { Fault } from '../faults/faults.ts';
import type { Call } from '../http/call.ts';
import { isAtIdentity, pathOfServiceUrl, servicePath, serviceUrl } from '../identity/service-endpoints.ts';
import type { Place } from '../routing/directory.ts';
import { findServicePlace, type ServicePlace } from '../routing/service-place.ts';
import type { Target } from '../routing/target.ts';
import type { Services } from '../serving/services.ts';
import { longestWaitMs, priorityOf } from '../serving/wait.ts';
import { mayHaveArrived } from '../upstream/failure.ts';
import type { ProxiedAnswer } from '../upstream/region.ts';
import type { ProxiedRequest } from '../upstream/request.ts';
import { takeBody } from './upload.ts';

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Where a request that goes through leads, and what surrounds it there. */
export interface ProxyTarget {
  readonly origin: string;
  /**
   * Sends the request; what it made untrue is gone from the cache before its answer goes to the caller.
   *
   * @throws {Fault} see `Regions.stream`
   */
  send(): Promise<ProxiedAnswer>;
  /** A `Location` of the answer as it leads through Sluice. */
  location(url: string): string;
  /** RateLimit headers for what the answer was charged to. */
  limitHeaders(answer: ProxiedAnswer): [name: string, value: string][];
}

/**
 * Finds where a call leads and takes its body.
 *
 * @throws {Fault} it leads nowhere, or its body cannot be taken
 */
export async function findProxyTarget(call: Call, services: Services): Promise<ProxyTarget> {
  const target = call.route.target as PassthroughTarget;
  const place = await (target.kind === 'service'
    ? servicePlace(call, target, services)
    : computePlace(call, target, services));
  call.account = place.account.name;
  call.region = place.endpoint.region;
  const request = { ...commonOf(call, services), place, ...pathOf(call, place), body: await takeBody(call) };
  return {
    origin: place.endpoint.origin,
    send: () => send(call, request, services),
    location: (url) =>
      (isService(place) ? serviceLocation(call, place, url) : undefined) ??
      services.location(call, place, undefined, url),
    limitHeaders: ({ charges }) => services.limits.headers(charges),
  };
}

async function send(call: Call, request: ProxiedRequest, services: Services): Promise<ProxiedAnswer> {
  const { place, method } = request;
  try {
    const answer = await services.regions.stream(request);
    call.waitedMs += answer.waitedMs;
    call.upstreamMs += answer.upstreamMs;
    const isRefused = answer.status >= 400 && answer.status < 500;
    if (!isRefused) await invalidate(place, method, services);
    return answer;
  } catch (error) {
    if (mayHaveArrived(error)) await invalidate(place, method, services);
    throw error;
  }
}

/** What Compute's own lists show of another service is untrue after a write there. */
async function invalidate(place: Place, method: string, { cache }: Services): Promise<void> {
  if (!isService(place) || READS.has(method)) return;
  const where = { account: place.account.name, region: place.endpoint.region };
  for (const resource of classesChangedThrough(place.service.type)) await cache.purge({ ...where, resource });
}

/** What a request says wherever it goes. */
function commonOf(call: Call, { settings, clients }: Services) {
  const { method, query, headers, client } = call;
  return {
    method,
    query,
    headers,
    client,
    priority: priorityOf(call),
    maxWaitMs: longestWaitMs(call, settings.limits.maxWaitMs, clients.get(client)),
    cancellation: call,
  };
}

/** The published limits are those of Cloud Servers: no other service is charged to them. */
function pathOf(call: Call, place: Place): Pick<ProxiedRequest, 'base' | 'path' | 'isRated'> {
  return isService(place)
    ? { base: '', path: servicePath(place.service, exactServicePath(call)), isRated: false }
    : { base: place.endpoint.basePath, path: exactComputePath(call), isRated: true };
}

async function computePlace(
  call: Call,
  target: Target & { kind: 'compute' },
  { directory }: Services,
): Promise<Place> {
  const hints = call.regionHints(target.region);
  return directory.find(target.tenant, hints) ?? (await directory.wait(target.tenant, hints, call.signal));
}

/** A path to another service names no tenant: a token of the façade says for which account it was given out. */
async function servicePlace(
  call: Call,
  { region, type }: Target & { kind: 'service' },
  services: Services,
): Promise<ServicePlace> {
  const { settings, directory } = services;
  if (settings.facade.services === 'none')
    throw new Fault('itemNotFound', 'Only Compute is served here: facade.services of this gateway is none.');
  const claims = claimsOf(call.header('x-auth-token') ?? '', services);
  const { services: served } = settings.facade;
  const hints = { region, type, tenant: claims?.tenantId || undefined, served };
  const place = await findServicePlace(directory.accounts, hints, call.signal);
  if (isAtIdentity(place.service, servicePath(place.service, exactServicePath(call))))
    throw new Fault('forbidden', 'The identity service is not reached by way of another one.');
  return place;
}

const isService = (place: Place): place is ServicePlace => 'service' in place;

function serviceLocation(call: Call, { service, endpoint }: ServicePlace, url: string): string | undefined {
  const path = pathOfServiceUrl(service, url);
  return path === undefined ? undefined : serviceUrl(call.publicBase, endpoint.region, service.type) + path;
}

type PassthroughTarget = Target & { kind: 'compute' | 'service' };

const exactComputePath = (call: Call): string =>
  (call.route.target as Target & { kind: 'compute' }).exactPath;

const exactServicePath = (call: Call): string => (call.route.target as PassthroughTarget).path;
