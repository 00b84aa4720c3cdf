import { buildConnector, type Dispatcher, Pool } from 'undici';
import type { Clock } from '../clock.ts';
import { AgeingClient } from './ageing-client.ts';
import { hearEarlyAnswers } from './early-answers.ts';
import { readInSlices } from './small-reads.ts';

/** How sockets to the regions are opened; the `upstream` section of the configuration. */
export interface UpstreamSettings {
  /** How long a connection may take, ms. */
  connectTimeoutMs: number;
  /** How long an answer's head may take, ms. */
  headersTimeoutMs: number;
  /** Longest silence in the middle of an answer's body, ms. */
  bodyTimeoutMs: number;
  /** Most connections to one origin, for all that is sent there. */
  connections: number;
  /** Longest life of a connection, ms. */
  connectionTtlMs: number;
  /** How often a request that is safe to repeat is sent again. */
  retries: number;
}

/** One connection pool per origin for whatever is sent there, made at first use and kept until `close`. */
export class Pools {
  readonly #settings: UpstreamSettings;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #pools = new Map<string, Pool>();

  /** @param random 0 to 1, for the jitter of lives */
  constructor(settings: UpstreamSettings, clock: Clock, random: () => number = Math.random) {
    this.#settings = settings;
    this.#clock = clock;
    this.#random = random;
  }

  /** @param origin `https://dfw.example.com` */
  get(origin: string): Dispatcher {
    let pool = this.#pools.get(origin);
    if (!pool) {
      pool = new Pool(origin, this.#options());
      this.#pools.set(origin, pool);
    }
    return pool;
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#pools.values()].map((pool) => pool.destroy()));
    this.#pools.clear();
  }

  /** Connections that were made together do not end together. */
  #lifeMs(): number {
    return this.#settings.connectionTtlMs * (0.8 + 0.2 * this.#random());
  }

  #options(): Pool.Options {
    return {
      connections: this.#settings.connections,
      connect: connector(this.#settings.connectTimeoutMs),
      headersTimeout: this.#settings.headersTimeoutMs,
      bodyTimeout: this.#settings.bodyTimeoutMs,
      factory: (origin, options) =>
        new AgeingClient(origin, options as Pool.Options, this.#clock, () => this.#lifeMs()),
      keepAliveTimeout: 10_000,
      pipelining: 1,
      allowH2: false,
    };
  }
}

/** How connections are made. */
function connector(timeout: number): buildConnector.connector {
  const connect = buildConnector({ timeout });
  return (options, callback) =>
    connect(options, (...[error, socket]) => {
      // A connection that fails comes with no socket at all, not with null as the types have it.
      if (error !== null) return callback(error, null);
      hearEarlyAnswers(socket);
      readInSlices(socket);
      callback(null, socket);
    });
}
