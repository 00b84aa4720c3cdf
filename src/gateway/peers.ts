/** The other instances at the same Redis: whose settings differ where they must not is warned of, once. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import type { Clock, Timer } from '../clock.ts';
import type { Config } from '../config/schema.ts';
import { createRedis, type RedisConnection, SILENT_LOG } from '../redis/connection.ts';
import {
  differences,
  exchangeInstances,
  type Fingerprint,
  fingerprintOf,
  type Instances,
  leaveInstances,
  RENEWAL_MS,
} from '../redis/instances.ts';
import { createSeal, type Seal } from '../redis/seal.ts';
import { usesRedis } from '../redis/settings.ts';
import { VERSION } from '../version.ts';

const COMMAND_TIMEOUT_MS = 1_000;

/**
 * The settings that instances at one Redis must have in common: they decide what the others' cached answers and slots
 * mean. The ledger is a file of one machine, and how much memory the cache may take is its own affair.
 */
export function sharedSettings({ limits, cache }: Pick<Config, 'limits' | 'cache'>): Fingerprint {
  const { ledger: _, ...ofLimits } = limits;
  const { maxBytes: __, warm: ___, ...ofCache } = cache;
  return fingerprintOf({ limits: ofLimits, cache: ofCache });
}

/** This instance among the others at its Redis. */
export class Peers {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #id = randomUUID();
  readonly #startedAt: number;
  #redis: RedisConnection | null = null;
  #connectedTo = '';
  #seal: Seal = createSeal([]);
  #settings: Fingerprint = {};
  #timer: Timer | undefined;
  /** What has been warned of, by instance. */
  #told = new Map<string, string>();

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
    this.#startedAt = clock.now();
  }

  /** Puts a configuration in force. */
  use(config: Config): void {
    this.#settings = sharedSettings(config);
    const { signingKeys, ...connection } = config.redis;
    this.#seal = createSeal(signingKeys);
    if (this.#connectedTo !== JSON.stringify(connection)) {
      this.#redis?.disconnect();
      this.#connectedTo = JSON.stringify(connection);
      this.#redis = usesRedis(config.redis)
        ? createRedis(config.redis, SILENT_LOG, {
            purpose: 'instances',
            commandTimeoutMs: COMMAND_TIMEOUT_MS,
          })
        : null;
      this.#redis?.on('ready', () => void this.#meet());
    } else void this.#meet();
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    const redis = this.#redis;
    this.#redis = null;
    if (redis?.status === 'ready') await leaveInstances(redis, this.#id).catch(() => {});
    redis?.disconnect();
  }

  /** Leaves the own record and looks at the others', now and from time to time. */
  async #meet(): Promise<void> {
    this.#timer?.cancel();
    const redis = this.#redis;
    if (redis === null) return;
    try {
      if (redis.status === 'ready') this.#judge(await exchangeInstances(redis, this.#seal, this.#record()));
    } catch {
      // Whoever serves from Redis speaks of what is wrong with it.
    }
    if (redis !== this.#redis) return;
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimer(() => void this.#meet(), RENEWAL_MS);
  }

  #record() {
    const host =
      hostname()
        .replace(/[^\x20-\x7e]/g, '?')
        .slice(0, 255) || 'unknown';
    return { id: this.#id, host, version: VERSION, startedAt: this.#startedAt, settings: this.#settings };
  }

  #judge({ records, foreign }: Instances): void {
    const told = new Map<string, string>();
    for (const { id, host, version, startedAt, settings } of records) {
      const differing = differences(this.#settings, settings);
      if (id === this.#id || differing.length === 0) continue;
      told.set(id, differing.join());
      if (this.#told.get(id) === differing.join()) continue;
      const instance = { id, host, version, startedAt: new Date(startedAt).toISOString() };
      this.#log.warn(
        { settings: differing, instance },
        'another instance at the same Redis has other settings: limits and cached answers of the two do not fit together; give both one configuration',
      );
    }
    if (foreign > 0) {
      told.set('', 'foreign');
      if (!this.#told.has(''))
        this.#log.warn(
          { instances: foreign },
          'instances at the same Redis have none of these redis.signingKeys: nothing is shared with them; give all the same keys',
        );
    }
    this.#told = told;
  }
}
