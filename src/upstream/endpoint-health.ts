import type { Clock } from '../clock.ts';
import { type Standing, Standings } from '../standing.ts';

/** So many failures in a row, with no answer between them, make a region one that is down. */
const FAILURES_UNTIL_DOWN = 3;

/** What is known of the endpoint of an account in one region. */
interface Pulse {
  readonly part: string;
  failures: number;
  /** An attempt had no answer in time, which may be the operation's fault. */
  isSuspect: boolean;
  /** When it was last asked with a result that says anything, monotonic ms. */
  heardAt: number;
}

/** Where lines about endpoints go; a pino logger fits. */
export interface HealthLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** What is for all regions names none. */
const named = (account: string, region: string): object =>
  region === '' ? { account } : { account, region };

/** What tells one kind of endpoints from another. */
export interface EndpointKind {
  /** Stands at the beginning of its lines in the log: `a region`. */
  readonly what: string;
  /** Whether a status says that it does not serve. */
  readonly isDown: (status: number) => boolean;
}

/**
 * Whether endpoints of one kind are up, in each region of each account. For people, and for nothing else: it outlives a
 * reload, and no request is refused for it.
 */
export class EndpointHealth {
  readonly #clock: Clock;
  readonly #log: HealthLog;
  readonly #kind: EndpointKind;
  readonly #standings: Standings;
  readonly #pulses = new Map<string, Map<string, Pulse>>();

  constructor(clock: Clock, log: HealthLog, kind: EndpointKind) {
    this.#clock = clock;
    this.#log = log;
    this.#kind = kind;
    this.#standings = new Standings(() => clock.now());
  }

  /** It has answered. */
  heard(account: string, region: string, status: number): void {
    if (this.#kind.isDown(status)) this.failed(account, region, `it answers ${status}`);
    else this.#works(account, region);
  }

  #works(account: string, region: string): void {
    const pulse = this.#pulse(account, region);
    pulse.heardAt = this.#clock.monotonic();
    pulse.failures = 0;
    pulse.isSuspect = false;
    const before = this.#standings.get(pulse.part);
    if (before?.isUp === true) return;
    this.#standings.set(pulse.part, true);
    if (before === undefined) return;
    const downMs = this.#clock.now() - before.sinceMs;
    this.#log.info({ ...named(account, region), downMs }, `${this.#kind.what} is back`);
  }

  /** There was no answer. @param why without secrets */
  failed(account: string, region: string, why: string): void {
    const pulse = this.#pulse(account, region);
    pulse.heardAt = this.#clock.monotonic();
    if (++pulse.failures < FAILURES_UNTIL_DOWN) return;
    if (this.#standings.set(pulse.part, false, why))
      this.#log.warn({ ...named(account, region), reason: why }, `${this.#kind.what} is down`);
  }

  /** An attempt took too long: that it is down is not said by this alone. */
  suspect(account: string, region: string): void {
    this.#pulse(account, region).isSuspect = true;
  }

  /** Undefined before it was first heard of. */
  standing(account: string, region: string): Standing | undefined {
    return this.#standings.get(this.#pulse(account, region).part);
  }

  /** How long nothing was heard of it, ms; Infinity: never. One in doubt has to be asked soon. */
  silence(account: string, region: string): { readonly ms: number; readonly isDoubtful: boolean } {
    const { heardAt, failures, isSuspect } = this.#pulse(account, region);
    return { ms: this.#clock.monotonic() - heardAt, isDoubtful: isSuspect || failures > 0 };
  }

  #pulse(account: string, region: string): Pulse {
    const regions = this.#pulses.get(account) ?? this.#add(account);
    let pulse = regions.get(region);
    if (pulse === undefined) {
      const part = `${account} ${region}`;
      pulse = { part, failures: 0, isSuspect: false, heardAt: Number.NEGATIVE_INFINITY };
      regions.set(region, pulse);
    }
    return pulse;
  }

  #add(account: string): Map<string, Pulse> {
    const regions = new Map<string, Pulse>();
    this.#pulses.set(account, regions);
    return regions;
  }
}
