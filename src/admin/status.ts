import type { JsonObject } from '../json.ts';
import type { RegionStanding } from '../limits/limits.ts';
import type { LimitStanding } from '../limits/snapshot.ts';

/** How the limits of every account and region stand, for `/status.json`: nothing in it is secret. */
export function limitsStatus(standings: readonly RegionStanding[]): JsonObject[] {
  return standings.map(({ account, region, service, scope, snapshot }) => ({
    account,
    region,
    service,
    scope,
    waiting: snapshot.queueDepth,
    waitingByClient: Object.fromEntries(snapshot.waiting),
    pausedMs: Math.ceil(snapshot.pausedMs),
    limits: snapshot.limits.map(limitStatus),
  }));
}

function limitStatus({
  limit,
  remaining,
  reserved,
  waiting,
  nextFreeMs,
  used,
  exhaustionMs,
}: LimitStanding): JsonObject {
  const { verb, uri, value, unit, origin = 'published' } = limit;
  return {
    verb,
    uri,
    value,
    unit,
    origin,
    remaining,
    used: Math.max(0, value - remaining - reserved),
    reserved,
    waiting,
    nextFreeMs: Math.ceil(nextFreeMs),
    usedByClient: Object.fromEntries(used),
    exhaustedAt: exhaustionMs === undefined ? null : new Date(exhaustionMs).toISOString(),
  };
}
