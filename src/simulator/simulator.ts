import { type Clock, systemClock } from '../clock.ts';
import { createApplication } from './application.ts';
import { createChaos } from './chaos/chaos.ts';
import type { ComputeContext } from './compute.ts';
import type { SimulatorSettings } from './config.ts';
import { createControl, type SimulatorControl } from './control.ts';
import { createCounters } from './counters.ts';
import { catalogEndpoints } from './identity/endpoints.ts';
import { createLoginLimit, type IdentityContext } from './identity/identity.ts';
import { createTokens } from './identity/tokens.ts';
import { createUsers } from './identity/users.ts';
import { createListener, type Listener } from './listener.ts';
import { createRateLimiter } from './rates/limiter.ts';
import { createRegion, defaultRegionSettings, type RegionSettings } from './region/region.ts';
import { createTurnableClock } from './turnable-clock.ts';

/**
 * The guide's system in memory: Identity v2.0 and v3 and any number of regions behind one listener, each region also at a
 * port of its own if wanted. A request's way: listener -> application (route, chaos) -> identity, or compute (version,
 * token, rate limits, region) -> body -> listener.
 */
export interface Simulator {
  /** Starts to serve. */
  listen(): Promise<{
    /** Root of everything, `http://host:port`. */
    url: string;
    /** What clients log in at, `http://host:port/v2.0`. */
    identityUrl: string;
  }>;
  /** Stops, breaking every connection. */
  close(): Promise<void>;
  readonly control: SimulatorControl;
}

/** Where the simulator says what it meets. A pino logger fits. */
export interface SimulatorLog {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const SILENT: SimulatorLog = { info: () => {}, error: () => {} };

export function createSimulator(
  settings: SimulatorSettings,
  options: { clock?: Clock; log?: SimulatorLog } = {},
): Simulator {
  const log = options.log ?? SILENT;
  const base = options.clock ?? systemClock;
  const clock = createTurnableClock(base);
  const regionClock = createTurnableClock(base, settings.timeScale);
  const names = settings.regions.map((name) => name.toUpperCase());
  const tokens = createTokens(settings.tokens, clock);
  const counters = createCounters();
  const chaos = createChaos(settings.chaos.seed, settings.chaos.enabled ? settings.chaos.rules : []);
  const down = new Set<string>();
  const ownPorts = new Map<string, number>();
  const changed = () => {};
  const failed = (error: unknown) => log.error({ err: error }, 'the simulator met an error of its own');

  const regions = new Map<string, ComputeContext>();
  for (const name of names) {
    const region = createRegion(regionSettings(name, settings), regionClock);
    const limiter = createRateLimiter(settings.rateLimits, clock);
    regions.set(name, { name, region, limiter, tokens, settings, counters, clock, changed, failed });
  }
  const identity: IdentityContext = {
    users: createUsers(settings.users, names),
    tokens,
    clock,
    logins: createLoginLimit(settings, clock),
    endpoints: ({ origin }) => catalogEndpoints(origin, names, ownPorts, settings.firstGeneration),
  };
  const identityEvents = { changed, failed, rejected: () => counters.rejected(null) };
  const handle = createApplication({ identity, identityEvents, regions, chaos, counters, down });

  const listeners: Listener[] = [];
  const open = (port: number, place: string | null): Promise<number> => {
    const listener = createListener(settings, clock, place, handle);
    listeners.push(listener);
    return listener.listen(settings.host, port);
  };
  return {
    control: createControl({ clocks: [clock, regionClock], tokens, counters, chaos, down, regions }),
    async listen() {
      for (const [name, port] of Object.entries(settings.regionPorts))
        ownPorts.set(name.toUpperCase(), await open(port, name.toUpperCase()));
      const port = await open(settings.port, null);
      const url = `http://${settings.host.includes(':') ? `[${settings.host}]` : settings.host}:${port}`;
      log.info({ url, regions: names }, 'the simulator serves');
      return { url, identityUrl: `${url}/v2.0` };
    },
    async close() {
      await Promise.all(listeners.splice(0).map((listener) => listener.close()));
    },
  };
}

function regionSettings(name: string, settings: SimulatorSettings): RegionSettings {
  return {
    ...defaultRegionSettings,
    ...settings.timing,
    name,
    attachVolumeStatus: settings.attachVolumeStatus,
    networkForm: settings.networkForm,
    scarcity: settings.scarcity,
    absolute: { ...defaultRegionSettings.absolute, ...settings.absoluteLimits },
  };
}
