import type { Logger } from 'pino';
import type { CacheStats } from '../cache/cache.ts';
import type { CacheObserver } from '../cache/observer.ts';
import type { RegionStanding } from '../limits/limits.ts';
import type { ShaperObserver } from '../limits/queue/shaper-contract.ts';
import type { RedisObserver } from '../redis/guard.ts';
import { REDIS_TROUBLES } from '../redis/trouble.ts';
import type { CacheCounts } from './last-hour.ts';
import type { Metrics } from './metrics.ts';
import { currentSpan } from './tracing.ts';

/** What the cache does, as metrics. Gauges are read when somebody scrapes. */
export function observeCache(metrics: Metrics, stats: () => CacheStats): CacheObserver {
  metrics.cacheEvictions.add(0);
  metrics.onScrape('cache', () => {
    const { entries, bytes } = stats();
    metrics.cacheEntries.set(entries);
    metrics.cacheBytes.set(bytes);
  });
  return {
    evicted: () => metrics.cacheEvictions.inc(),
    opened(region, resource) {
      for (const cause of ['write', 'purge', 'peer'])
        metrics.cacheInvalidations.add(0, region, resource, cause);
      for (const outcome of ['refreshed', 'failed'])
        metrics.cacheRevalidations.add(0, region, resource, outcome);
    },
    invalidated: (region, resource, cause, entries) =>
      metrics.cacheInvalidations.add(entries, region, resource, cause),
    revalidated: (region, resource, outcome) => metrics.cacheRevalidations.inc(region, resource, outcome),
    ...observeRedis(metrics),
  };
}

/** What Redis is asked for, as metrics. */
export function observeRedis(metrics: Metrics): RedisObserver {
  return {
    usesRedis(operations) {
      for (const operation of operations)
        for (const outcome of [...REDIS_TROUBLES, 'rubbish', 'skipped'])
          metrics.redisErrors.add(0, operation, outcome);
    },
    redis(operation, outcome, durationMs) {
      if (outcome !== 'ok') metrics.redisErrors.inc(operation, outcome);
      if (outcome !== 'skipped') metrics.redisDuration.observe(durationMs / 1000, operation);
      currentSpan()?.past(`redis ${operation}`, 'client', durationMs, {
        'db.system.name': 'redis',
        'db.operation.name': operation,
        'sluice.redis.outcome': outcome,
      });
    },
  };
}

/** What was counted of the cache so far. */
export function cacheCounts(metrics: Metrics): CacheCounts {
  const verdicts: Record<string, number> = { hit: 0, stale: 0, coalesced: 0, miss: 0, pass: 0 };
  for (const [[, , result = ''], { value }] of metrics.cacheRequests.entries())
    verdicts[result] = (verdicts[result] ?? 0) + value;
  let saved = 0;
  for (const [, { value }] of metrics.cacheSaved.entries()) saved += value;
  return { verdicts, saved };
}

/** Until when the accounts in force have tokens, read when somebody scrapes: one that is gone has no value any more. */
export function observeTokens(metrics: Metrics, accounts: readonly LiveToken[]): void {
  metrics.onScrape('tokens', () => {
    metrics.tokenExpiry.reset();
    for (const account of accounts) {
      const expiresAtMs = account.expiresAtMs();
      if (expiresAtMs !== undefined) metrics.tokenExpiry.set({ account: account.name }, expiresAtMs / 1000);
    }
  });
}

interface LiveToken {
  readonly name: string;
  /** When the last token there was expires, be it that it has; of several the first. */
  expiresAtMs(): number | undefined;
}

/** What the shapers do, as metrics: events as they happen, standings when somebody scrapes. */
export function observeLimits(
  metrics: Metrics,
  log: Logger,
  standings: () => RegionStanding[],
): (account: string, region: string, name: { service: string; scope: string }) => ShaperObserver {
  let used = new Map<string, number>();
  metrics.onScrape('limits', () => {
    // Accounts, regions and limits that are gone must not be shown as they last were.
    metrics.limitQueueDepth.reset();
    metrics.limitQueueOldest.reset();
    metrics.limitWaiting.reset();
    const { limitValue, limitInfo, limitRemaining, limitExhaustion } = metrics;
    for (const gauge of [limitValue, limitInfo, limitRemaining, limitExhaustion]) gauge.reset();
    const usedBefore = used;
    used = new Map();
    for (const standing of standings()) scrape(metrics, standing, usedBefore, used);
  });
  return (account, region, { service, scope }) => ({
    waited: (waitMs, client) =>
      metrics.limitWait.observe(waitMs / 1000, account, region, service, scope, client.trim()),
    refused: (reason, client) =>
      metrics.limitRejected.inc(account, region, service, scope, client.trim(), reason),
    overLimit: () => metrics.upstreamOverLimit.inc(account, region, service),
    problem: (line) => log.warn({ account, region, service, scope }, line),
  });
}

function scrape(
  metrics: Metrics,
  { account, region, service, scope, snapshot }: RegionStanding,
  usedBefore: ReadonlyMap<string, number>,
  used: Map<string, number>,
): void {
  const budget = { account, region, service, scope };
  metrics.limitQueueDepth.set(budget, snapshot.queueDepth);
  metrics.limitQueueOldest.set(budget, snapshot.oldestMs / 1000);
  for (const [client, waiting] of snapshot.waiting)
    metrics.limitWaiting.set({ ...budget, client: client.trim() }, waiting);
  for (const { limit, remaining, used: byClient, exhaustionMs } of snapshot.limits) {
    const { verb, unit, uri, value, origin = 'published' } = limit;
    const labels = { ...budget, verb, uri, unit };
    metrics.limitValue.set(labels, value);
    metrics.limitInfo.set({ ...labels, origin }, 1);
    metrics.limitRemaining.set(labels, remaining);
    if (exhaustionMs !== undefined) metrics.limitExhaustion.set(labels, exhaustionMs / 1000);
    for (const [client, total] of byClient) {
      const where = [account, region, service, scope, verb, uri, unit, client] as const;
      const key = where.join('\n');
      metrics.limitUsed.add(Math.max(0, total - (usedBefore.get(key) ?? 0)), ...where);
      used.set(key, total);
    }
  }
}
