import type { Clock } from '../clock.ts';
import type { Standpoint } from '../standing.ts';
import type { RedisConnection, RedisLog } from './connection.ts';
import { describeTrouble, needsNewConnection, type RedisTrouble, troubleOf } from './trouble.ts';

/** What a guard tells the metrics. */
export interface RedisObserver {
  /** Redis was asked for something. `skipped` means it was not tried because it failed a moment ago. */
  redis(operation: string, outcome: RedisOutcome, durationMs: number): void;
  /** Redis will be asked for these: their counters exist from now on. */
  usesRedis(operations: readonly string[]): void;
}

/** How a command ended; `rubbish`: it brought something that is none of ours. */
export type RedisOutcome = 'ok' | 'skipped' | 'rubbish' | RedisTrouble;

export interface RedisGuardOptions {
  /** Its `commandTimeout` is the budget; it is what makes a slow command fail. */
  readonly redis: RedisConnection;
  readonly clock: Clock;
  readonly log: RedisLog;
  readonly observe: RedisObserver;
  /** Whose commands these are, for the log: `cache`. */
  readonly part: string;
  /** Where it is written down that Redis does not serve, or does again: the connection's. */
  readonly standing?: Standpoint | undefined;
  /** The server has turned out to be no master; the connection is being made anew. */
  readonly onNotMaster?: () => void;
}

/** After a failure Redis is left alone this long (ms): callers shall not each pay for finding out again. */
export const PAUSE_MS = 1000;

/** How long nothing is said of rubbish after it was spoken of (ms). */
const RUBBISH_QUIET_MS = 600_000;

/** Troubles of single commands, which whoever sent them speaks of: others may go on. */
const HARMLESS: ReadonlySet<RedisTrouble> = new Set(['full', 'wrongtype']);

/** Troubles that leave some commands to succeed. */
const PARTIAL: ReadonlySet<string> = new Set(['full', 'subscription']);

/** Troubles that an operator knows as one: Redis does not serve just now. */
const OUTAGES: ReadonlySet<RedisTrouble> = new Set(['away', 'timeout', 'loading', 'other']);

/** Troubles that end by themselves: one that follows another is no news. */
const PASSING: ReadonlySet<RedisTrouble> = new Set([...OUTAGES, 'readonly', 'masterdown', 'busy']);

/**
 * Stands between a part of Sluice and a Redis that may be slow, away, a replica, full or full of rubbish. A slow command, a
 * lost connection and one that never was are one kind of trouble and share one warning; the others are told by their names.
 */
export class RedisGuard {
  readonly #options: RedisGuardOptions;
  readonly #troubles = new Set<string>();
  /** When rubbish was last spoken of, by operation (monotonic ms). */
  readonly #toldAt = new Map<string, number>();
  #pausedUntil = Number.NEGATIVE_INFINITY;

  constructor(options: RedisGuardOptions) {
    this.#options = options;
    const { redis } = options;
    redis.on('error', (error: unknown) => this.#outage(troubleOf(error), error));
    redis.on('reconnecting', () => this.#outage('away', undefined));
    // That there is a connection again ends no trouble, a command that succeeds does: the server may not serve yet.
    redis.on('ready', () => {
      // One that was no master a moment ago may still be none.
      if (!this.#troubles.has('readonly') && !this.#troubles.has('masterdown'))
        this.#pausedUntil = Number.NEGATIVE_INFINITY;
    });
  }

  /** Runs a command; undefined when it failed, took longer than the connection allows, or is not worth trying now. */
  async attempt<T>(operation: string, command: () => Promise<T>): Promise<T | undefined> {
    const { redis, clock, observe } = this.#options;
    if (redis.status !== 'ready' || clock.monotonic() < this.#pausedUntil) {
      observe.redis(operation, 'skipped', 0);
      return undefined;
    }
    const start = clock.monotonic();
    try {
      const result = await command();
      observe.redis(operation, 'ok', clock.monotonic() - start);
      this.#works();
      return result;
    } catch (error) {
      const trouble = troubleOf(error);
      observe.redis(operation, trouble, clock.monotonic() - start);
      this.#failed(trouble, error);
      return undefined;
    }
  }

  /** Speaks once per trouble of that kind, which `over` ends. */
  trouble(kind: string, message: string, error?: unknown): void {
    if (this.#troubles.has(kind)) return;
    this.#troubles.add(kind);
    this.#options.log.warn({ err: error, trouble: kind }, message);
    if (this.#isOut()) this.#options.standing?.set(false, message);
  }

  over(kind: string): void {
    if (!this.#troubles.delete(kind)) return;
    this.#options.log.info({ trouble: kind }, `Redis works for the ${this.#options.part} again`);
    if (!this.#isOut()) this.#options.standing?.set(true);
  }

  /** Something that was read is none of ours. Whoever writes it decides how often, but not how often that is logged. */
  rubbish(operation: string, message: string): void {
    const { clock, log, observe } = this.#options;
    observe.redis(operation, 'rubbish', 0);
    const now = clock.monotonic();
    if (now - (this.#toldAt.get(operation) ?? Number.NEGATIVE_INFINITY) < RUBBISH_QUIET_MS) return;
    this.#toldAt.set(operation, now);
    log.warn({ trouble: 'rubbish' }, message);
  }

  #failed(trouble: RedisTrouble, error: unknown): void {
    if (HARMLESS.has(trouble)) return;
    this.#pausedUntil = this.#options.clock.monotonic() + PAUSE_MS;
    this.#outage(trouble, error);
    if (needsNewConnection(trouble)) this.#options.onNotMaster?.();
  }

  #outage(trouble: RedisTrouble, error: unknown): void {
    const { part } = this.#options;
    const message = `${describeTrouble(trouble)}; the ${part} of this instance goes on without it`;
    const isNews = !PASSING.has(trouble) || !this.#isOut();
    if (isNews) this.trouble(OUTAGES.has(trouble) ? 'outage' : trouble, message, error);
  }

  /** Whether a trouble is known that keeps all commands from succeeding. */
  #isOut(): boolean {
    for (const kind of this.#troubles) if (!PARTIAL.has(kind)) return true;
    return false;
  }

  /** A command succeeded, so whatever kept all of them from that is over. */
  #works(): void {
    for (const kind of this.#troubles) if (!PARTIAL.has(kind)) this.over(kind);
  }
}
