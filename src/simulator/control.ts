import type { Chaos } from './chaos/chaos.ts';
import { type ChaosRuleInput, chaosRule } from './chaos/complete.ts';
import type { Counters } from './counters.ts';
import type { Tokens } from './identity/tokens.ts';
import { type ServiceLimitsInput, serviceLimitsSettings } from './rates/service-complete.ts';
import type { ServiceLimits } from './rates/service-limits.ts';
import type { Region, RegionConditions } from './region/region.ts';
import type { FaultExtras } from './region/state.ts';
import type { ServerStatus } from './region/transitions.ts';
import type { TurnableClock } from './turnable-clock.ts';

/** What tests and the admin API may do to a running simulator. */
export interface SimulatorControl {
  /** Every token dies. @returns how many there were */
  revokeTokens(): number;
  /** Every request of a region that is down is reset without an answer. @throws Error for a region there is not */
  setRegionDown(name: string, down: boolean): void;
  /** Names of the regions that are down. */
  regionsDown(): string[];
  /** Asynchronous fault: puts a server or an image in ERROR. @throws Error for a region, Fault for an id there is not */
  fail(region: string, kind: 'server' | 'image', id: string, message: string, extras?: FaultExtras): void;
  /** Changes a server's status from outside the API. @throws Error for a region, Fault for an id there is not */
  setServerStatus(region: string, id: string, status: Exclude<ServerStatus, 'DELETED'>): void;
  /** No room for servers, no image service, block storage or database: from now on, until changed again. @throws Error for a region there is not */
  setConditions(region: string, conditions: Partial<RegionConditions>): void;
  /**
   * While identity is down it answers 503, and regions answer 503 to tokens they have not seen. @param region the one whose
   * own identity service it is; all, if none is named. @throws Error for a region there is not
   */
  setIdentityDown(down: boolean, region?: string): void;
  /** Limits before the services that hold from now on; what is left out has its default. @throws Error when they are wrong */
  setServiceLimits(limits: ServiceLimitsInput): void;
  /** Turns time on by hand, for servers and images as for tokens and limits. @throws Error for less than 0 ms */
  advance(ms: number): void;
  /** How often that method and path (below the tenant for compute) were asked, in one region or in all. */
  count(method: string, path: string, region?: string): number;
  /** How often that operation of the table was asked (an action: `action`, and its name if it succeeded; no operation: `other`). */
  countOperation(name: string, region?: string): number;
  /** 413s given for spent rate limits, in one region or in all. */
  rejected(region?: string): number;
  /** Logins that gave a token. */
  logins(): number;
  resetCounters(): void;
  /** Everything counted so far. */
  report(): ReturnType<Counters['report']> & { logins: number };
  /** Rules of chaos in force. */
  readonly chaos: {
    /** @returns the rule's id. @throws Error when the rule is wrong */
    add(rule: ChaosRuleInput): string;
    remove(id: string): boolean;
    clear(): void;
    list: Chaos['list'];
  };
}

/** What a control works on. */
export interface ControlParts {
  clocks: readonly TurnableClock[];
  tokens: Tokens;
  counters: Counters;
  chaos: Chaos;
  /** Regions that are down, upper case. */
  down: Set<string>;
  serviceLimits: ServiceLimits;
  /** All regions, upper case. */
  regions: ReadonlyMap<string, { region: Region }>;
  /** Called when tokens, regions or time were changed by hand. */
  changed(): void;
}

export function createControl({
  clocks,
  tokens,
  counters,
  chaos,
  down,
  serviceLimits,
  regions,
  changed,
}: ControlParts): SimulatorControl {
  const regionOf = (name: string): Region => {
    const found = regions.get(name.toUpperCase());
    if (!found) throw new Error(`there is no region ${name}`);
    return found.region;
  };
  return {
    revokeTokens() {
      changed();
      return tokens.revokeAll();
    },
    setRegionDown(name, isDown) {
      const region = name.toUpperCase();
      if (!regions.has(region)) throw new Error(`there is no region ${name}`);
      if (isDown) down.add(region);
      else down.delete(region);
    },
    regionsDown: () => [...down],
    fail(name, kind, id, message, extras) {
      regionOf(name).fail(kind, id, message, extras);
      changed();
    },
    setServerStatus(name, id, status) {
      regionOf(name).setStatus(id, status);
      changed();
    },
    setConditions: (name, conditions) => regionOf(name).setConditions(conditions),
    setIdentityDown(isDown, region) {
      if (region === undefined) {
        tokens.isDown = isDown;
        return;
      }
      const home = region.toUpperCase();
      if (!regions.has(home)) throw new Error(`there is no region ${region}`);
      if (isDown) tokens.homesDown.add(home);
      else tokens.homesDown.delete(home);
    },
    setServiceLimits: (limits) => serviceLimits.change(serviceLimitsSettings(limits)),
    advance(ms) {
      if (!(ms >= 0)) throw new Error('time goes forward only: advance by 0 ms or more');
      for (const clock of clocks) clock.advance(ms);
      changed();
    },
    count: counters.count,
    countOperation: counters.countOperation,
    rejected: counters.countRejected,
    logins: () => tokens.issued,
    resetCounters: counters.reset,
    report: () => ({ ...counters.report(), logins: tokens.issued }),
    chaos: {
      add: (rule) => chaos.add(chaosRule(rule)),
      remove: chaos.remove,
      clear: chaos.clear,
      list: chaos.list,
    },
  };
}
