import { sleep } from '../clock.ts';
import type { Call } from '../http/call.ts';
import { pathOfServiceUrl, servicePath, serviceUrl } from '../identity/service-endpoints.ts';
import type { Permit, SlotRequest } from '../limits/slot-request.ts';
import type { CacheClass } from '../operations/operation.ts';
import type { LiveAccount } from '../routing/account.ts';
import type { Place } from '../routing/directory.ts';
import type { ServicePlace } from '../routing/service-place.ts';
import type { LocatedPassthrough } from '../serving/locate.ts';
import type { Services } from '../serving/services.ts';
import { longestWaitMs, priorityOf } from '../serving/wait.ts';
import type { Passage } from './proxy.ts';

/** What Compute's own lists show of another service, by its type: a write there makes cached answers here untrue. */
const RESOURCES: Record<string, CacheClass | undefined> = { image: 'images' };
const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** What surrounds an opaque request: the same token, region, limits and metrics as a known one. */
export function createPassage(
  services: () => Services,
  located: (call: Call) => LocatedPassthrough,
  fail: (call: Call, error: unknown) => void,
): Passage {
  return {
    place: async (call) => located(call).place,
    token: async (call, place) => tokensOf(place).peek() ?? (await tokensOf(place).get(call.signal)),
    refused: (call, place, token) => tokensOf(place).refused(token, call.signal),
    // The published limits are those of Cloud Servers.
    admit: async (call, place, again) =>
      isService(place) ? services().limits.free : admit(located(call), again, services()),
    overLimit: (call, place, status, headers) =>
      !isService(place) && services().limits.overLimit(place, slotOf(located(call)), { status, headers }),
    upstreamPath: (call, place) => ({
      path: isService(place)
        ? servicePath(place.service, located(call).path)
        : place.endpoint.basePath + located(call).path,
      query: located(call).query,
    }),
    location: (call, place, url) =>
      (isService(place) ? serviceLocation(call, place, url) : undefined) ??
      services().location(call, place, undefined, url),
    limitHeaders: (permit) => services().limits.headers(permit.charges),
    observe(call, place, status, durationMs) {
      const { metrics } = services();
      metrics.upstreamRequests.inc(place.account.name, place.endpoint.region, 'other', String(status));
      metrics.upstreamDuration.observe(durationMs / 1000, place.endpoint.region, 'other');
      call.upstreamMs += durationMs;
    },
    async settle(call, place, status) {
      const resource = isService(place) ? RESOURCES[place.service.type.toLowerCase()] : undefined;
      const isRefused = status !== 'error' && status >= 400 && status < 500;
      if (resource === undefined || READS.has(call.method) || isRefused) return;
      const { name: account } = place.account;
      await services().cache.purge({ account, region: place.endpoint.region, resource });
    },
    retried: (place, reason) => services().metrics.upstreamRetries.inc(place.endpoint.region, reason),
    pause: (call, delayMs) => sleep(services().clock, delayMs, call.signal),
    fail,
    finished: (call, status) => services().finished(call, status),
  };
}

const isService = (place: Place): place is ServicePlace => 'service' in place;

function serviceLocation(call: Call, { service, endpoint }: ServicePlace, url: string): string | undefined {
  const path = pathOfServiceUrl(service, url);
  return path === undefined ? undefined : serviceUrl(call.publicBase, endpoint.region, service.type) + path;
}

async function admit(located: LocatedPassthrough, again: boolean, services: Services): Promise<Permit> {
  const { call, place } = located;
  const longest = longestWaitMs(call, services.settings.limits.maxWaitMs, services.clients.get(call.client));
  const ask = { ...slotOf(located), maxWaitMs: Math.max(0, longest - call.waitedMs), again };
  const given = await services.limits.acquire(place, ask);
  if (given.refused) throw services.limits.refusal(given);
  call.waitedMs += given.waitedMs;
  return given;
}

function slotOf({ call, place, path, query }: LocatedPassthrough): SlotRequest {
  return {
    method: call.method,
    path,
    fullPath: place.endpoint.basePath + path,
    query,
    client: call.client,
    priority: priorityOf(call),
    maxWaitMs: 0,
    signal: call.signal,
  };
}

const tokensOf = (place: Place) => (place.account as LiveAccount).tokens;
