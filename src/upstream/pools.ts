import { buildConnector, type Dispatcher, Pool } from 'undici';
import type { Clock } from '../clock.ts';
import { connectFailureOf } from '../connect-failure.ts';
import type { Trust } from '../identity/settings.ts';
import { AgeingClient } from './ageing-client.ts';
import { hearEarlyAnswers } from './early-answers.ts';
import { Proxies } from './proxies.ts';
import { readInSlices } from './small-reads.ts';
import { tunnelConnector } from './tunnel.ts';

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

type PoolsByOrigin = Map<string, Pool>;

/** What pools are made with beside their settings. */
export interface PoolsOptions {
  /** The proxies on the way; none when left out. */
  readonly proxies?: Proxies;
  /** 0 to 1, for the jitter of lives. */
  readonly random?: () => number;
}

/**
 * One connection pool per origin for whatever is sent there, made at first use and kept until `close`. Who trusts others, or
 * shows another certificate, has connections of its own.
 */
export class Pools {
  readonly #settings: UpstreamSettings;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #proxies: Proxies;
  /** Of those who trust whom the machine trusts. */
  readonly #common: PoolsByOrigin = new Map();
  /** Of the others: by what they trust, so that two accounts of one cloud share theirs. */
  readonly #particular = new Map<string, PoolsByOrigin>();
  readonly #known = new WeakMap<Trust, PoolsByOrigin>();

  constructor(settings: UpstreamSettings, clock: Clock, options: PoolsOptions = {}) {
    this.#settings = settings;
    this.#clock = clock;
    this.#random = options.random ?? Math.random;
    this.#proxies = options.proxies ?? new Proxies({});
  }

  /**
   * @param origin `https://dfw.example.com`
   * @param trust whom to trust there, and as whom to come; undefined: whom the machine trusts, as nobody
   */
  get(origin: string, trust?: Trust): Dispatcher {
    const pools = trust === undefined ? this.#common : (this.#known.get(trust) ?? this.#poolsOf(trust));
    let pool = pools.get(origin);
    if (!pool) {
      pool = new Pool(origin, this.#options(origin, trust));
      pools.set(origin, pool);
    }
    return pool;
  }

  async close(): Promise<void> {
    const all = [this.#common, ...this.#particular.values()].flatMap((pools) => [...pools.values()]);
    await Promise.allSettled(all.map((pool) => pool.destroy()));
    this.#common.clear();
    this.#particular.clear();
  }

  #poolsOf(trust: Trust): PoolsByOrigin {
    const key = JSON.stringify([trust.ca, trust.cert, trust.key]);
    const pools = this.#particular.get(key) ?? new Map<string, Pool>();
    this.#particular.set(key, pools);
    this.#known.set(trust, pools);
    return pools;
  }

  /** Connections that were made together do not end together. */
  #lifeMs(): number {
    return this.#settings.connectionTtlMs * (0.8 + 0.2 * this.#random());
  }

  #options(origin: string, trust: Trust | undefined): Pool.Options {
    return {
      connections: this.#settings.connections,
      connect: connector(this.#settings.connectTimeoutMs, trust, this.#proxies.to(origin)),
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
function connector(
  timeout: number,
  trust: Trust | undefined,
  proxy: URL | undefined,
): buildConnector.connector {
  const direct = buildConnector({ timeout, ...trust });
  const connect = proxy === undefined ? direct : tunnelConnector(proxy, direct, timeout);
  return (options, callback) =>
    connect(options, (...[error, socket]) => {
      // A connection that fails comes with no socket at all, not with null as the types have it.
      if (!socket) return callback(connectFailureOf(error as Error) ?? (error as Error), null);
      hearEarlyAnswers(socket);
      readInSlices(socket);
      callback(null, socket);
    });
}
