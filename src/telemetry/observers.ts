import type { Logger } from 'pino';
import type { CacheStats } from '../cache/cache.ts';
import type { CacheObserver } from '../cache/observer.ts';
import type { RegionStanding } from '../limits/limits.ts';
import type { ShaperObserver } from '../limits/queue/shaper-contract.ts';
import type { RedisObserver } from '../redis/guard.ts';
import { REDIS_TROUBLES } from '../redis/trouble.ts';
import type { Metrics } from './metrics.ts';

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
    },
  };
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
): (account: string, region: string) => ShaperObserver {
  let used = new Map<string, number>();
  metrics.onScrape('limits', () => {
    // Accounts, regions and limits that are gone must not be shown as they last were.
    metrics.limitQueueDepth.reset();
    metrics.limitQueueOldest.reset();
    metrics.limitWaiting.reset();
    for (const gauge of [metrics.limitValue, metrics.limitRemaining, metrics.limitExhaustion]) gauge.reset();
    const usedBefore = used;
    used = new Map();
    for (const standing of standings()) scrape(metrics, standing, usedBefore, used);
  });
  return (account, region) => ({
    waited: (waitMs, client) => metrics.limitWait.observe(waitMs / 1000, account, region, client.trim()),
    refused: (reason, client) => metrics.limitRejected.inc(account, region, client.trim(), reason),
    overLimit: () => metrics.upstreamOverLimit.inc(account, region),
    problem: (line) => log.warn({ account, region }, line),
  });
}

function scrape(
  metrics: Metrics,
  { account, region, snapshot }: RegionStanding,
  usedBefore: ReadonlyMap<string, number>,
  used: Map<string, number>,
): void {
  metrics.limitQueueDepth.set({ account, region }, snapshot.queueDepth);
  metrics.limitQueueOldest.set({ account, region }, snapshot.oldestMs / 1000);
  for (const [client, waiting] of snapshot.waiting)
    metrics.limitWaiting.set({ account, region, client: client.trim() }, waiting);
  for (const { limit, remaining, used: byClient, exhaustionMs } of snapshot.limits) {
    const { verb, unit, uri, value } = limit;
    const labels = { account, region, verb, uri, unit };
    metrics.limitValue.set(labels, value);
    metrics.limitRemaining.set(labels, remaining);
    if (exhaustionMs !== undefined) metrics.limitExhaustion.set(labels, exhaustionMs / 1000);
    for (const [client, total] of byClient) {
      const where = [account, region, verb, uri, unit, client] as const;
      const key = where.join('\n');
      metrics.limitUsed.add(Math.max(0, total - (usedBefore.get(key) ?? 0)), ...where);
      used.set(key, total);
    }
  }
}
