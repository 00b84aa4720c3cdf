import { sleep } from '../clock.ts';
import type { Ask, Permit } from '../limits/ask.ts';
import type { LiveAccount } from '../routing/account.ts';
import type { Place } from '../routing/directory.ts';
import type { Target } from '../routing/target.ts';
import type { Call } from './call.ts';
import type { Passage } from './opaque.ts';
import type { Services } from './services.ts';
import { longestWaitMs, priorityOf } from './wait.ts';

/** What surrounds an opaque request: the same token, region, limits and metrics as a known one. */
export function createPassage(services: () => Services, fail: (call: Call, error: unknown) => void): Passage {
  return {
    async place(call) {
      const target = computeTarget(call);
      const hints = { path: target.region, header: call.header('x-region'), host: call.headers.host };
      const { directory } = services();
      const place =
        directory.find(target.tenant, hints) ?? (await directory.wait(target.tenant, hints, call.signal));
      call.account = place.account.name;
      call.region = place.endpoint.region;
      return place;
    },
    token: async (call, place) => tokensOf(place).peek() ?? (await tokensOf(place).get(call.signal)),
    refused: (call, place, token) => tokensOf(place).refused(token, call.signal),
    admit: (call, place, again) => admit(call, place, again, services()),
    overLimit: (call, place, status, headers) =>
      services().limits.overLimit(place, slotOf(call, place), { status, headers }),
    upstreamPath: (call, place) => ({
      path: place.endpoint.basePath + computeTarget(call).exactPath,
      query: call.query,
    }),
    location: (call, place, url) => services().location(call, place, undefined, url),
    limitHeaders: (permit) => services().limits.headers(permit.charges),
    observe(call, place, status, durationMs) {
      const { metrics } = services();
      metrics.upstreamRequests.inc(place.account.name, place.endpoint.region, 'other', String(status));
      metrics.upstreamDuration.observe(durationMs / 1000, place.endpoint.region, 'other');
      call.upstreamMs += durationMs;
    },
    retried: (place, reason) => services().metrics.upstreamRetries.inc(place.endpoint.region, reason),
    pause: (call, delayMs) => sleep(services().clock, delayMs, call.signal),
    fail,
    finished: (call, status) => services().finished(call, status),
  };
}

async function admit(call: Call, place: Place, again: boolean, services: Services): Promise<Permit> {
  const longest = longestWaitMs(call, services.settings.limits.maxWaitMs, services.clients.get(call.client));
  const ask = { ...slotOf(call, place), maxWaitMs: Math.max(0, longest - call.waitedMs), again };
  const given = await services.limits.acquire(place, ask);
  if (given.refused) throw services.limits.refusal(given);
  call.waitedMs += given.waitedMs;
  return given;
}

function slotOf(call: Call, place: Place): Ask {
  const { exactPath } = computeTarget(call);
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

function computeTarget(call: Call): Target & { kind: 'compute' } {
  return call.route.target as Target & { kind: 'compute' };
}
