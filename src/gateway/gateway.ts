import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { ClientLimits } from '../access/client-limits.ts';
import { PasswordVerifier } from '../access/password.ts';
import { TokenKeeper } from '../access/token-keeper.ts';
import { UpstreamGate } from '../access/upstream-gate.ts';
import { createAdmin } from '../admin/listener.ts';
import { type Clock, sleep, systemClock } from '../clock.ts';
import type { Config } from '../config/schema.ts';
import { Standings } from '../standing.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { NotableRequests } from '../telemetry/notable-requests.ts';
import type { Tracing } from '../telemetry/tracing.ts';
import { nextTurn } from '../turns.ts';
import { Circuits } from '../upstream/circuits.ts';
import { IdentityHealth } from '../upstream/identity-health.ts';
import { Pools } from '../upstream/pools.ts';
import { Proxies } from '../upstream/proxies.ts';
import { RegionHealth } from '../upstream/region-health.ts';
import { AuditKeeper } from './audit.ts';
import { type Core, createCore } from './core.ts';
import { closeListeners, type DrainTimes, waitersMs } from './drain.ts';
import { observeGateway } from './gauges.ts';
import { LoginPermits } from './login-permits.ts';
import { Peers } from './peers.ts';
import { bind, openListeners } from './places.ts';
import type { Shared } from './shared.ts';

/**
 * The gateway: listeners around a core. The core (accounts, limits, cache, regions: core.ts) is what a reload replaces;
 * sockets, metrics and connection pools stay.
 */
export interface Gateway {
  /** Binds every listener and starts to log in; resolves when callers can connect, with or without a token. */
  listen(): Promise<{
    /** Of the first listener. */
    url: string;
    /** Of all listeners, in their order. */
    urls: string[];
    adminUrl: string;
    regionUrls: Record<string, string>;
  }>;
  /** Puts another configuration in force for the next request; what is bound to sockets stays. */
  reload(config: Config): Promise<void>;
  /** Another configuration had so many problems that it cannot be put in force. */
  refused(problems: number): void;
  /**
   * Is no longer ready, at once; after `delayMs` takes no more connections and lets requests under way finish for `graceMs`;
   * then they are told that no answer will come, and connections are cut. Who cannot have a slot by then is refused before.
   */
  close(times: DrainTimes): Promise<void>;
}

/** How long a start waits for Redis to tell which tokens were returned, ms: without it they would count for a moment. */
const PATIENCE_MS = 1_000;

export interface GatewayOptions {
  readonly log: Logger;
  readonly clock?: Clock;
  /** Where `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` stand; that of the process when left out. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Hosts that no proxy leads to: what runs in the same process. */
  readonly direct?: readonly string[];
}

/** Builds a gateway; nothing is bound or sent before `listen`. */
export async function createGateway(config: Config, options: GatewayOptions): Promise<Gateway> {
  const { log, clock = systemClock, environment = process.env, direct } = options;
  const proxies = new Proxies(environment, direct);
  if (proxies.areUsed)
    log.info('requests to identity services and regions take the proxies of the environment');
  const standings = new Standings(() => clock.now());
  const tokens = new TokenKeeper(clock, log, standings);
  const pools = new Pools(config.upstream, clock, { proxies });
  const metrics = createMetrics();
  const shared: Shared = {
    log,
    clock,
    metrics,
    tracing: await openTracing(config, log),
    pools,
    tokens,
    passwords: new PasswordVerifier(clock),
    clientLimits: new ClientLimits([]),
    loginPermits: new LoginPermits(),
    audit: await AuditKeeper.open(config.audit, { clock, log, standings }),
    health: new RegionHealth(clock, log),
    identityHealth: new IdentityHealth(clock, log),
    circuits: new Circuits(metrics, log, clock),
    standings,
    notable: new NotableRequests(),
    upstreamGate: new UpstreamGate(clock),
    latest: () => core.services,
  };
  let core: Core = createCore(config, shared);
  const peers = new Peers(clock, log);
  let draining = false;
  let loadedAtMs = clock.now();
  const services = () => core.services;
  const places = await openListeners(config, () => core, { clock, log, standings });
  const admin = createAdmin(services, () => draining);
  const listeners = places.flatMap((place) => place.all);
  standings.set('reload', true);
  observeGateway(services, listeners, () => loadedAtMs);

  return {
    async listen() {
      await tokens.ready(PATIENCE_MS);
      const urls: string[] = [];
      const regionUrls: Record<string, string> = {};
      for (const place of places) urls.push(await place.bind(regionUrls));
      const adminUrl = await bind(admin, config.admin);
      core.start();
      peers.use(config);
      return { url: urls[0]!, urls, adminUrl, regionUrls };
    },
    async reload(next) {
      try {
        await shared.audit.use(next.audit);
        const before = core;
        core = createCore(next, shared, before);
        core.start();
        peers.use(next);
        // What was answered under the old one goes out before anybody is told that the new one is in force.
        await nextTurn();
        await Promise.all([before.retire(core), ...places.map((place) => place.look())]);
      } catch (error) {
        standings.set('reload', false, 'The new configuration could not be put in force; the log says why.');
        throw error;
      }
      standings.set('reload', true);
      loadedAtMs = clock.now();
    },
    refused(problems) {
      standings.set('reload', false, `The new configuration was refused: ${problems} problems, see the log.`);
    },
    async close({ delayMs, graceMs }) {
      draining = true;
      log.info({ delayMs, graceMs }, 'draining: not ready any more');
      for (const listener of listeners) listener.leave();
      if (delayMs > 0) await sleep(clock, delayMs);
      for (const place of places) place.closeFiles();
      log.info({ graceMs }, 'no more connections are taken; what runs may finish');
      core.drain(clock.monotonic() + waitersMs(graceMs));
      await closeListeners(listeners, graceMs, () => core.turnAway());
      await core.close();
      await peers.close();
      tokens.close();
      await Promise.allSettled([
        admin.close(),
        shared.pools.close(),
        shared.audit.close(),
        shared.tracing?.close(),
      ]);
      log.info('stopped');
    },
  };
}

/** OpenTelemetry is loaded only by those who use it. */
async function openTracing({ tracing }: Config, log: Logger): Promise<Tracing | undefined> {
  const { otlp, ratio } = tracing;
  if (otlp === null) return undefined;
  const sdk = await import('../telemetry/otlp.ts');
  return sdk.openTracing({ otlp, ratio }, randomUUID(), log);
}
