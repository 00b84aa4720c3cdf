import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { Fault } from '../faults/faults.ts';
import type { Place } from '../routing/directory.ts';
import { isServicePlace, serviceTypeOf } from '../routing/service-place.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import {
  type AttemptEnd,
  CIRCUIT,
  Circuit,
  type CircuitOptions,
  type CircuitRefusal,
  type CircuitState,
} from './circuit.ts';
import { ExchangeError } from './exchange.ts';
import { isLost } from './failure.ts';

/** `upstream.circuit` and `upstream.maxInFlight` of the configuration. */
export type CircuitSettings = Pick<CircuitOptions, 'failures' | 'openMs' | 'mostInFlight'>;

/** As the metric has them. */
const VALUES = { closed: 0, 'half-open': 1, open: 2 } as const;

/** How one circuit stands. */
export interface CircuitStanding {
  readonly account: string;
  readonly region: string;
  readonly service: string;
  readonly state: CircuitState;
  /** Wall time in ms: since when it is closed, or not. */
  readonly sinceMs: number;
}

interface Known {
  readonly circuit: Circuit;
  readonly where: Pick<CircuitStanding, 'account' | 'region' | 'service'>;
  sinceMs: number;
}

/**
 * The circuits of all places there are: one for each account, region and service, from what becomes of callers' requests
 * alone. It decides whether the next one is sent; whether a region is up at all, also when nobody asks it, is
 * `RegionHealth`'s to say. They outlive a reload: what does not answer does not answer because of it either.
 */
export class Circuits {
  readonly #options = { ...CIRCUIT, failures: 0, openMs: 1_000, mostInFlight: Number.POSITIVE_INFINITY };
  readonly #metrics: Metrics;
  readonly #log: Pick<Logger, 'warn' | 'info'>;
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly #circuits = new Map<string, Known>();
  /** The same by what a request brings: catalogs are read anew with each token. */
  readonly #byEndpoint = new WeakMap<object, Circuit>();

  constructor(metrics: Metrics, log: Pick<Logger, 'warn' | 'info'>, clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.#metrics = metrics;
    this.#log = log;
    this.#clock = clock;
    metrics.onScrape('circuits', () => {
      metrics.circuitState.reset();
      for (const { state, sinceMs: _, ...where } of this.standings())
        metrics.circuitState.set(where, VALUES[state]);
    });
  }

  /**
   * Puts settings in force, for circuits there are as well.
   *
   * @param accounts names of those that there are now: circuits of others are forgotten
   */
  use(settings: CircuitSettings, accounts: ReadonlySet<string>): void {
    Object.assign(this.#options, settings);
    for (const [key, { where }] of this.#circuits)
      if (!accounts.has(where.account)) this.#circuits.delete(key);
  }

  standings(): CircuitStanding[] {
    for (const { circuit } of this.#circuits.values()) circuit.forget(this.#clock.monotonic());
    return [...this.#circuits.values()].map(({ circuit: { state }, where, sinceMs }) => ({
      ...where,
      state,
      sinceMs,
    }));
  }

  /** Attempts under way at a region, whatever service they are for. */
  inFlight(account: string, region: string): number {
    let sum = 0;
    for (const { circuit, where } of this.#circuits.values())
      if (where.account === account && where.region === region) sum += circuit.inFlight;
    return sum;
  }

  of(place: Place): Circuit {
    const endpoint = isServicePlace(place) ? place.service : place.endpoint;
    const known = this.#byEndpoint.get(endpoint);
    if (known !== undefined) return known;
    const service = serviceTypeOf(place);
    const { account } = place;
    const { region } = place.endpoint;
    const key = JSON.stringify([account.name, region, service]);
    const found = this.#circuits.get(key) ?? this.#begin(account.name, region, service);
    this.#circuits.set(key, found);
    this.#byEndpoint.set(endpoint, found.circuit);
    return found.circuit;
  }

  #begin(account: string, region: string, service: string): Known {
    const where = { account, region, service };
    const circuit = new Circuit(this.#options, (state, before, why) => {
      if (state === 'closed' || before === 'closed') begun.sinceMs = this.#clock.now();
      if (state === 'open' && before === 'closed') {
        this.#metrics.circuitOpened.inc(account, region, service);
        this.#log.warn(
          where,
          `${service} of ${region} does not answer: one request at a time tries it from now on`,
        );
      }
      if (state === 'closed')
        this.#log.info(
          where,
          why === 'forgotten'
            ? `nobody has asked ${service} of ${region} for a while: the next request is sent as usual`
            : `${service} of ${region} answers again`,
        );
    });
    this.#metrics.circuitOpened.touch(account, region, service);
    const begun: Known = { circuit, where, sinceMs: this.#clock.now() };
    return begun;
  }
}

/** What an attempt tells of the region: anything it said itself is an answer, a refusal too. */
export function endOf(result: { status: number; headers: object } | ExchangeError): AttemptEnd {
  if (result instanceof ExchangeError) return result.kind === 'aborted' ? 'nothing' : 'failure';
  const { status, headers } = result;
  return isLost(status) || (status === 503 && !('retry-after' in headers)) ? 'failure' : 'answer';
}

/** What callers get in place of an attempt. */
export function circuitFault({ why, retryAfterMs }: CircuitRefusal, place: Place): Fault {
  const { region } = place.endpoint;
  const service = serviceTypeOf(place);
  const text =
    why === 'open'
      ? `${service} of region ${region} has not answered of late; it is tried again after Retry-After.`
      : `Too many requests to ${service} of region ${region} are under way.`;
  return new Fault('serviceUnavailable', text, {
    headers: { 'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1000))) },
    cause: new ExchangeError('refused', false, `its circuit is ${why}`),
  });
}
