import { buildConnector, Dispatcher, EnvHttpProxyAgent, Pool } from 'undici';
import type { Clock } from '../clock.ts';
import { AgeingClient } from './ageing-client.ts';
import { hearEarlyAnswers } from './early-answers.ts';

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

/** What an account's side of TLS is, PEM; undefined parts: the system's authorities, no certificate. */
export interface UpstreamTls {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** Whether TLS connections go by way of a proxy (`HTTPS_PROXY`; `NO_PROXY` is looked at for each). */
export function usesProxy(env: Readonly<Record<string, string | undefined>> = process.env): boolean {
  return Boolean(env['https_proxy'] || env['HTTPS_PROXY']);
}

/** One connection pool per origin for whatever is sent there, made at first use and kept until `close`. */
export class Pools {
  readonly #settings: UpstreamSettings;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #pools = new Map<string, Dispatcher>();
  /** Those of accounts with TLS settings of their own, which are the same object for as long as they are the same. */
  readonly #trusting = new Map<UpstreamTls, Map<string, Dispatcher>>();

  /** @param random 0 to 1, for the jitter of lives */
  constructor(settings: UpstreamSettings, clock: Clock, random: () => number = Math.random) {
    this.#settings = settings;
    this.#clock = clock;
    this.#random = random;
  }

  /** @param origin `https://dfw.example.com` */
  get(origin: string, tls?: UpstreamTls): Dispatcher {
    const pools = tls === undefined ? this.#pools : this.#trustingPools(tls);
    let pool = pools.get(origin);
    if (!pool) {
      const isProxied = origin.startsWith('https:') && usesProxy();
      pool = isProxied
        ? new ProxiedOrigin(origin, this.#proxyOptions(tls))
        : new Pool(origin, this.#options(tls));
      pools.set(origin, pool);
    }
    return pool;
  }

  #trustingPools(tls: UpstreamTls): Map<string, Dispatcher> {
    let pools = this.#trusting.get(tls);
    if (!pools) {
      pools = new Map();
      this.#trusting.set(tls, pools);
    }
    return pools;
  }

  async close(): Promise<void> {
    const all = [this.#pools, ...this.#trusting.values()].flatMap((pools) => [...pools.values()]);
    await Promise.allSettled(all.map((pool) => pool.destroy()));
    this.#pools.clear();
    this.#trusting.clear();
  }

  /** Connections that were made together do not end together. */
  #lifeMs(): number {
    return this.#settings.connectionTtlMs * (0.8 + 0.2 * this.#random());
  }

  #proxyOptions(tls: UpstreamTls | undefined): EnvHttpProxyAgent.Options {
    const { connections, connectTimeoutMs, headersTimeoutMs, bodyTimeoutMs } = this.#settings;
    const connect = { timeout: connectTimeoutMs, ...partsOf(tls) };
    return {
      connections,
      connect,
      requestTls: connect,
      headersTimeout: headersTimeoutMs,
      bodyTimeout: bodyTimeoutMs,
      keepAliveTimeout: 10_000,
      pipelining: 1,
      allowH2: false,
    };
  }

  #options(tls: UpstreamTls | undefined): Pool.Options {
    return {
      connections: this.#settings.connections,
      connect: connector(this.#settings.connectTimeoutMs, tls),
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

/** Without what is undefined: it would stand for none at all. */
function partsOf({ ca, cert, key }: UpstreamTls = {}): { ca?: string; cert?: string; key?: string } {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

/** One origin by way of the environment's proxy, or past it. */
class ProxiedOrigin extends Dispatcher {
  readonly #origin: string;
  readonly #agent: EnvHttpProxyAgent;

  constructor(origin: string, options: EnvHttpProxyAgent.Options) {
    super();
    this.#origin = origin;
    this.#agent = new EnvHttpProxyAgent(options);
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    return this.#agent.dispatch({ ...options, origin: this.#origin }, handler);
  }

  override close(): Promise<void> {
    return this.#agent.close();
  }

  override destroy(): Promise<void> {
    return this.#agent.destroy();
  }
}

/** How connections are made. */
function connector(timeout: number, tls: UpstreamTls | undefined): buildConnector.connector {
  const connect = buildConnector({ timeout, ...partsOf(tls) });
  return (options, callback) =>
    connect(options, (...[error, socket]) => {
      // A connection that fails comes with no socket at all, not with null as the types have it.
      if (error !== null) return callback(error, null);
      hearEarlyAnswers(socket);
      callback(null, socket);
    });
}
