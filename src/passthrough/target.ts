import { classesChangedThrough } from '../cache/classes.ts';
import type { Call } from '../http/call.ts';
import { pathOfServiceUrl, servicePath, serviceUrl } from '../identity/service-endpoints.ts';
import type { Place } from '../routing/directory.ts';
import type { ServicePlace } from '../routing/service-place.ts';
import { debugIdOf } from '../serving/ask-region.ts';
import type { LocatedPassthrough } from '../serving/locate.ts';
import { learnFrom, ownTokenOf } from '../serving/own-token.ts';
import type { Services } from '../serving/services.ts';
import { whileGood, withdrawnFault } from '../serving/still-good.ts';
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
 * Says where a located request leads, and takes its body.
 *
 * @throws {Fault} its body cannot be taken
 */
export async function findProxyTarget(located: LocatedPassthrough, services: Services): Promise<ProxyTarget> {
  const { call, place, query } = located;
  const request = {
    ...commonOf(call, services),
    requestId: debugIdOf(call, services),
    place,
    query,
    ...pathOf(located),
    body: await takeBody(call),
  };
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
  try {
    const answer = await services.regions.stream(request);
    call.waitedMs += answer.waitedMs;
    call.upstreamMs += answer.upstreamMs;
    call.attempts += answer.attempts;
    const id = answer.headers['x-compute-request-id'] ?? answer.headers['x-openstack-request-id'];
    if (typeof id === 'string' && id !== '') call.requestId = id;
    // Whoever refuses a token refuses it for all; what others answer says nothing of a tenant.
    if (answer.status === 401) learnFrom(401, call, services);
    const isRefused = answer.status >= 400 && answer.status < 500;
    if (!isRefused) await invalidate(request, services);
    // From here on its head goes out, and what has begun to stream goes on to its end.
    const withdrawn = isRefused ? undefined : withdrawnFault(call, services);
    if (withdrawn === undefined) return answer;
    answer.body.destroy();
    throw withdrawn;
  } catch (error) {
    if (mayHaveArrived(error)) await invalidate(request, services);
    throw error;
  }
}

/** What Compute's own lists show of another service is untrue after a write there. */
async function invalidate({ place, method, path }: ProxiedRequest, { cache }: Services): Promise<void> {
  if (READS.has(method)) return;
  const { cacheAs, name } = place.account;
  const where = { account: cacheAs ?? name, region: place.endpoint.region };
  const type = isService(place) ? place.service.type : 'compute';
  for (const resource of classesChangedThrough(type, path)) await cache.purge({ ...where, resource });
}

/** What a request says wherever it goes. */
function commonOf(call: Call, services: Services) {
  const { settings, clients } = services;
  const { method, headers, client } = call;
  const known = clients.get(client);
  return {
    method,
    headers,
    client,
    knownClient: known?.name,
    ownToken: ownTokenOf(call),
    priority: priorityOf(call),
    maxWaitMs: longestWaitMs(call, settings.limits.maxWaitMs, known),
    beforeSending: whileGood(call, services),
    cancellation: call,
  };
}

/** The published limits are those of Cloud Servers: no other service is charged to them. */
function pathOf({ place, path }: LocatedPassthrough): Pick<ProxiedRequest, 'base' | 'path' | 'isRated'> {
  return isService(place)
    ? { base: '', path: servicePath(place.service, path), isRated: false }
    : { base: place.endpoint.basePath, path, isRated: true };
}

const isService = (place: Place): place is ServicePlace => 'service' in place;

function serviceLocation(call: Call, { service, endpoint }: ServicePlace, url: string): string | undefined {
  const path = pathOfServiceUrl(service, url);
  return path === undefined ? undefined : serviceUrl(call.publicBase, endpoint.region, service.type) + path;
}
