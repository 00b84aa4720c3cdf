import { classesChangedThrough } from '../cache/classes.ts';
import { sleep } from '../clock.ts';
import { claimsOf } from '../facade/accounts.ts';
import { Fault } from '../faults/faults.ts';
import type { Call } from '../http/call.ts';
import { isAtIdentity, pathOfServiceUrl, servicePath, serviceUrl } from '../identity/service-endpoints.ts';
import type { Permit, SlotRequest } from '../limits/slot-request.ts';
import type { LiveAccount } from '../routing/account.ts';
import type { Place } from '../routing/directory.ts';
import { findServicePlace, type ServicePlace } from '../routing/service-place.ts';
import { exactBelow, type Target } from '../routing/target.ts';
import type { Services } from '../serving/services.ts';
import { longestWaitMs, priorityOf } from '../serving/wait.ts';
import type { Passage } from './proxy.ts';

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** What surrounds an opaque request: the same token, region, limits and metrics as a known one. */
export function createPassage(services: () => Services, fail: (call: Call, error: unknown) => void): Passage {
  return {
    async place(call) {
      const target = opaqueTarget(call);
      const place = await (target.kind === 'service'
        ? servicePlace(call, target, services())
        : computePlace(call, target, services()));
      call.account = place.account.name;
      call.region = place.endpoint.region;
      return place;
    },
    token: async (call, place) => tokensOf(place).peek() ?? (await tokensOf(place).get(call.signal)),
    refused: (call, place, token) => tokensOf(place).refused(token, call.signal),
    // The published limits are those of Cloud Servers.
    admit: async (call, place, again) =>
      isService(place) ? services().limits.free : admit(call, place, again, services()),
    overLimit: (call, place, status, headers) =>
      !isService(place) && services().limits.overLimit(place, slotOf(call, place), { status, headers }),
    upstreamPath: (call, place) => ({
      path: isService(place)
        ? servicePath(place.service, exactServicePath(call))
        : place.endpoint.basePath + exactComputePath(call),
      query: call.query,
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
      const isRefused = status !== 'error' && status >= 400 && status < 500;
      if (!isService(place) || READS.has(call.method) || isRefused) return;
      const where = { account: place.account.name, region: place.endpoint.region };
      // What Compute's own lists show of another service is untrue after a write there.
      for (const resource of classesChangedThrough(place.service.type))
        await services().cache.purge({ ...where, resource });
    },
    retried: (place, reason) => services().metrics.upstreamRetries.inc(place.endpoint.region, reason),
    pause: (call, delayMs) => sleep(services().clock, delayMs, call.signal),
    fail,
    finished: (call, status) => services().finished(call, status),
  };
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
  const hints = { region, type, tenant: claims?.tenantId || undefined };
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

async function admit(call: Call, place: Place, again: boolean, services: Services): Promise<Permit> {
  const longest = longestWaitMs(call, services.settings.limits.maxWaitMs, services.clients.get(call.client));
  const ask = { ...slotOf(call, place), maxWaitMs: Math.max(0, longest - call.waitedMs), again };
  const given = await services.limits.acquire(place, ask);
  if (given.refused) throw services.limits.refusal(given);
  call.waitedMs += given.waitedMs;
  return given;
}

function slotOf(call: Call, place: Place): SlotRequest {
  const exactPath = exactComputePath(call);
  return {
    method: call.method,
    path: exactPath,
    fullPath: place.endpoint.basePath + exactPath,
    query: call.query,
    client: call.client,
    priority: priorityOf(call),
    maxWaitMs: 0,
    signal: call.signal,
  };
}

const tokensOf = (place: Place) => (place.account as LiveAccount).tokens;

type OpaqueTarget = Target & { kind: 'compute' | 'service' };

const opaqueTarget = (call: Call): OpaqueTarget => call.route.target as OpaqueTarget;

const exactComputePath = (call: Call): string =>
  (opaqueTarget(call) as Target & { kind: 'compute' }).exactPath;

function exactServicePath(call: Call): string {
  const head = call.path.slice(0, call.path.length - opaqueTarget(call).path.length);
  return exactBelow(call.req.url ?? '/', head.split('/').length - 1);
}
