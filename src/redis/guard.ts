import type { Clock } from '../clock.ts';
import type { RedisConnection, RedisLog } from './connection.ts';

/** Stands between the cache and a Redis that may be slow, away, full or full of rubbish. */
export interface RedisGuard {
  /** Runs a command; undefined when it failed, took longer than the connection allows, or is not worth trying now. */
  attempt<T>(operation: string, command: () => Promise<T>): Promise<T | undefined>;
  /** Speaks once per outage of that kind; `over` ends it. */
  trouble(kind: string, message: string, error?: unknown): void;
  over(kind: string): void;
}

/** What a guard tells the metrics. */
export interface RedisObserver {
  /** Redis was asked for something. `skipped` means it was not tried because it failed a moment ago. */
  redis(operation: string, outcome: 'ok' | 'error' | 'skipped' | 'rubbish', durationMs: number): void;
}

/** After a failure Redis is left alone this long (ms): callers shall not each pay for finding out again. */
export const PAUSE_MS = 1000;

/**
 * A slow command, a lost connection and one that never was are one kind of trouble and share one warning.
 * The connection's own `commandTimeout` is the budget; it is what makes a slow command fail.
 */
export function createRedisGuard(
  redis: RedisConnection,
  clock: Clock,
  log: RedisLog,
  observe: RedisObserver,
): RedisGuard {
  let pausedUntil = Number.NEGATIVE_INFINITY;
  const troubles = new Set<string>();

  function trouble(kind: string, message: string, error?: unknown): void {
    if (troubles.has(kind)) return;
    troubles.add(kind);
    log.warn({ err: error, trouble: kind }, message);
  }

  function over(kind: string): void {
    if (troubles.delete(kind)) log.info({ trouble: kind }, 'Redis works for the cache again');
  }

  const onOutage = (error: unknown) =>
    trouble('outage', 'Redis does not answer; the cache of this instance goes on without it', error);

  redis.on('error', onOutage);
  redis.on('reconnecting', () => onOutage(undefined));
  redis.on('ready', () => {
    pausedUntil = Number.NEGATIVE_INFINITY;
    over('outage');
  });

  return {
    trouble,
    over,
    async attempt(operation, command) {
      if (redis.status !== 'ready' || clock.monotonic() < pausedUntil) {
        observe.redis(operation, 'skipped', 0);
        return undefined;
      }
      const start = clock.monotonic();
      try {
        const result = await command();
        observe.redis(operation, 'ok', clock.monotonic() - start);
        over('outage');
        return result;
      } catch (error) {
        observe.redis(operation, 'error', clock.monotonic() - start);
        pausedUntil = clock.monotonic() + PAUSE_MS;
        onOutage(error);
        return undefined;
      }
    },
  };
}
