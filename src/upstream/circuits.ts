import type { Logger } from 'pino';
import { Fault } from '../faults/faults.ts';
import type { Place } from '../routing/directory.ts';
import { isServicePlace, serviceTypeOf } from '../routing/service-place.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { type AttemptEnd, CIRCUIT, Circuit, type CircuitOptions, type CircuitRefusal } from './circuit.ts';
import { ExchangeError } from './exchange.ts';
import { isLost } from './failure.ts';

/** `upstream.circuit` and `upstream.maxInFlight` of the configuration. */
export type CircuitSettings = Pick<CircuitOptions, 'failures' | 'openMs' | 'mostInFlight'>;

/** As the metric has them. */
const VALUES = { closed: 0, 'half-open': 1, open: 2 } as const;

/** The circuits of all places there are: one for each account, region and service. */
export class Circuits {
  readonly #settings: CircuitSettings;
  readonly #metrics: Metrics;
  readonly #log: Pick<Logger, 'warn' | 'info'>;
  readonly #circuits = new Map<string, Circuit>();
  /** The same by what a request brings: catalogs are read anew with each token. */
  readonly #byEndpoint = new WeakMap<object, Circuit>();

  constructor(settings: CircuitSettings, metrics: Metrics, log: Pick<Logger, 'warn' | 'info'>) {
    this.#settings = settings;
    this.#metrics = metrics;
    this.#log = log;
  }

  of(place: Place): Circuit {
    const endpoint = isServicePlace(place) ? place.service : place.endpoint;
    const known = this.#byEndpoint.get(endpoint);
    if (known !== undefined) return known;
    const service = serviceTypeOf(place);
    const { account } = place;
    const { region } = place.endpoint;
    const key = JSON.stringify([account.name, region, service]);
    const circuit = this.#circuits.get(key) ?? this.#begin(account.name, region, service);
    this.#circuits.set(key, circuit);
    this.#byEndpoint.set(endpoint, circuit);
    return circuit;
  }

  #begin(account: string, region: string, service: string): Circuit {
    const where = { account, region, service };
    const circuit = new Circuit({ ...CIRCUIT, ...this.#settings }, (state, before) => {
      this.#metrics.circuitState.set(where, VALUES[state]);
      if (state === 'open' && before === 'closed') {
        this.#metrics.circuitOpened.inc(account, region, service);
        this.#log.warn(
          where,
          `${service} of ${region} does not answer: one request at a time tries it from now on`,
        );
      }
      if (state === 'closed') this.#log.info(where, `${service} of ${region} answers again`);
    });
    this.#metrics.circuitState.set(where, VALUES.closed);
    this.#metrics.circuitOpened.touch(account, region, service);
    return circuit;
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
