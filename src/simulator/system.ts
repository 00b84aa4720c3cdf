import type { Clock } from '../clock.ts';
import { createApplication } from './application.ts';
import { createChaos } from './chaos/chaos.ts';
import type { ComputeContext } from './compute.ts';
import type { SimulatorSettings } from './config.ts';
import { createControl, type SimulatorControl } from './control.ts';
import { createCounters } from './counters.ts';
import { createDeployment } from './deployment.ts';
import type { Exchange } from './exchange.ts';
import { catalogEndpoints } from './identity/endpoints.ts';
import { createLoginLimit, type IdentityContext } from './identity/identity.ts';
import { Tokens } from './identity/tokens.ts';
import { createUsers } from './identity/users.ts';
import { createLimitGate } from './limit-gate.ts';
import type { Handler } from './listener.ts';
import { NeutronStore } from './neutron/store.ts';
import { createRateLimiter } from './rates/limiter.ts';
import { createServiceLimits } from './rates/service-limits.ts';
import { createRegion, defaultRegionSettings, type RegionSettings } from './region/region.ts';
import type { StateParts } from './state.ts';
import { createTurnableClock, type TurnableClock } from './turnable-clock.ts';

/** The simulated system without its sockets and files. */
export interface System {
  handle: Handler;
  control: SimulatorControl;
  /** What the state file keeps. */
  state: StateParts;
  /** The clock of tokens, limits and the Date of answers. */
  clock: TurnableClock;
  /** Ports of regions that have one of their own, by upper-case name: filled in once they listen. */
  ownPorts: Map<string, number>;
}

/** What the system tells its surroundings. */
export interface SystemEvents {
  /** Something was written: a server, a token. */
  changed(): void;
  /** A request was counted against a rate limit. */
  counted(): void;
  /** An error that is no fault. */
  failed(error: unknown): void;
  /** A request was answered, or left without an answer. */
  exchanged(exchange: Exchange): void;
}

/** Puts users, tokens, regions, limits, chaos and counters together. Throws an Error for rules of chaos that are none. */
export function createSystem(settings: SimulatorSettings, base: Clock, events: SystemEvents): System {
  const clock = createTurnableClock(base);
  const regionClock = createTurnableClock(base, settings.timeScale);
  const names = settings.regions.map((name) => name.toUpperCase());
  const users = createUsers(settings.users, settings.regions, settings.dialect);
  const tokens = new Tokens(settings.tokens, clock, settings.dialect);
  const counters = createCounters();
  const hasAdmin = settings.chaos.enabled;
  const chaos = createChaos(settings.chaos.seed, hasAdmin ? settings.chaos.rules : []);
  const down = new Set<string>();
  const ownPorts = new Map<string, number>();

  const regions = new Map<string, ComputeContext>();
  for (const name of names) {
    const region = createRegion(regionSettings(name, names.indexOf(name), settings), regionClock);
    const limiter = createRateLimiter(settings.rateLimits, clock);
    const networks = new NeutronStore(region, clock, `${settings.seed ?? 0} ${name}`);
    regions.set(name, { name, region, limiter, tokens, networks, settings, counters, clock, ...events });
  }
  const identity: IdentityContext = {
    users,
    tokens,
    clock,
    logins: createLoginLimit(settings, clock),
    catalogForm: { dialect: settings.dialect, ...settings.keystone },
    endpoints: ({ origin }) => catalogEndpoints(origin, settings.regions, ownPorts, settings.firstGeneration),
  };
  const identityEvents = { ...events, rejected: () => counters.rejected(null) };
  const clocks = { tokens: clock, regions: regionClock };
  const turned = [clock, regionClock];
  const serviceLimits = createServiceLimits(settings.serviceLimits, clock);
  const control = createControl({
    serviceLimits,
    clocks: turned,
    tokens,
    counters,
    chaos,
    down,
    regions,
    changed: events.changed,
  });
  return {
    handle: createApplication({
      identity,
      identityEvents,
      regions,
      chaos,
      counters,
      down,
      control,
      deployment: createDeployment(settings),
      gate: createLimitGate(serviceLimits, identity, counters),
      hasAdmin,
      dialect: settings.dialect,
      identityPerRegion: settings.keystone.perRegion,
      observe: events.exchanged,
    }),
    control,
    state: { base, clocks, tokens, users, logins: identity.logins, regions },
    clock,
    ownPorts,
  };
}

/** @param index place of the region: regions of one seed must not give out the same ids */
function regionSettings(name: string, index: number, settings: SimulatorSettings): RegionSettings {
  return {
    ...defaultRegionSettings,
    ...settings.timing,
    name,
    seed: settings.seed === null ? null : settings.seed + index,
    maxPageSize: settings.maxPageSize,
    minPasswordLength: settings.minPasswordLength,
    absoluteByTenant: settings.absoluteLimitsPerAccount,
    attachVolumeStatus: settings.attachVolumeStatus,
    networkForm: settings.networkForm,
    scarcity: settings.scarcity,
    absolute: { ...defaultRegionSettings.absolute, ...settings.absoluteLimits },
  };
}
