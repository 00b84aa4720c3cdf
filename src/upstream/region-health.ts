import type { Clock } from '../clock.ts';
import { type Standing, Standings } from '../standing.ts';

/** So many failures in a row, with no answer between them, make a region one that is down. */
const FAILURES_UNTIL_DOWN = 3;

/** What a proxy in front of a region says when there is nobody behind it. */
const NOBODY_BEHIND = new Set([502, 503, 504]);

/** What is known of one region of an account. */
interface Pulse {
  readonly part: string;
  failures: number;
  /** An attempt had no answer in time, which may be the operation's fault. */
  isSuspect: boolean;
  /** When it was last asked with a result that says anything, monotonic ms. */
  heardAt: number;
}

/** Where lines about regions go; a pino logger fits. */
export interface HealthLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** What is for all regions names none. */
const named = (account: string, region: string): object =>
  region === '' ? { account } : { account, region };

/**
 * Whether each region of each account is up, from what becomes of all that is sent there, `VersionWatch`'s questions included.
 * For people, and for nothing else: whether a request is sent is for `Circuits` to say, which know services and no questions of
 * Sluice's own. It outlives a reload.
 */
export class RegionHealth {
  readonly #clock: Clock;
  readonly #log: HealthLog;
  readonly #what: string;
  readonly #isDown: (status: number) => boolean;
  readonly #standings: Standings;
  readonly #pulses = new Map<string, Map<string, Pulse>>();

  /**
   * @param what stands at the beginning of its lines in the log
   * @param isDown whether a status says that it does not serve
   */
  constructor(
    clock: Clock,
    log: HealthLog,
    what = 'a region',
    isDown = (status: number) => NOBODY_BEHIND.has(status),
  ) {
    this.#clock = clock;
    this.#log = log;
    this.#what = what;
    this.#isDown = isDown;
    this.#standings = new Standings(() => clock.now());
  }

  /** It has answered. */
  heard(account: string, region: string, status: number): void {
    if (this.#isDown(status)) this.failed(account, region, `it answers ${status}`);
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
    this.#log.info({ ...named(account, region), downMs }, `${this.#what} is back`);
  }

  /** There was no answer. @param why without secrets */
  failed(account: string, region: string, why: string): void {
    const pulse = this.#pulse(account, region);
    pulse.heardAt = this.#clock.monotonic();
    if (++pulse.failures < FAILURES_UNTIL_DOWN) return;
    if (this.#standings.set(pulse.part, false, why))
      this.#log.warn({ ...named(account, region), reason: why }, `${this.#what} is down`);
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
