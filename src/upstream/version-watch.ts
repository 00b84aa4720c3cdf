import type { Dispatcher } from 'undici';
import type { Clock, Timer } from '../clock.ts';
import { PRODUCT } from '../version.ts';
import type { EndpointHealth } from './endpoint-health.ts';
import { describeFailure } from './exchange.ts';

/** Something that is to be watched, and the way to it. */
export interface Watched {
  readonly account: string;
  /** Empty: an identity service that is for all regions. */
  readonly region: string;
  readonly origin: string;
  /** Where it tells its versions. */
  readonly path: string;
  readonly dispatcher: Dispatcher;
}

/** How often is looked whether anybody has to be asked, ms. */
const LOOK_MS = 3_000;
/** Before the first look, ms: what is asked at the start tells most. */
const FIRST_LOOK_MS = 1_000;
/** What nothing was heard of for so long is asked, ms. */
const SILENCE_MS = 30_000;
/** How long the answer may take, ms: one that takes the connection and is silent is down within a minute, too. */
const ANSWER_MS = 5_000;
/** Instances that were started together do not ask together: looks come up to this part earlier. */
const JITTER = 0.2;

/**
 * Asks regions and identity services that nobody asks whether they are there: one GET of the list of versions, which needs no
 * token and which no rate limit counts. Without it, that one is down would be found out by the first caller after a quiet
 * night, or, while tokens are valid, by their next renewal.
 */
export class VersionWatch {
  readonly #clock: Clock;
  readonly #health: EndpointHealth;
  readonly #places: () => Iterable<Watched>;
  readonly #random: () => number;
  readonly #asking = new Set<string>();
  #timer: Timer | undefined;

  /** @param random from 0 to 1, for the jitter */
  constructor(clock: Clock, health: EndpointHealth, places: () => Iterable<Watched>, random = Math.random) {
    this.#clock = clock;
    this.#health = health;
    this.#places = places;
    this.#random = random;
  }

  start(): void {
    if (this.#timer === undefined) this.#arm(FIRST_LOOK_MS);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(delayMs: number): void {
    this.#timer = this.#clock.setTimer(() => this.#look(), delayMs * (1 - JITTER * this.#random()));
  }

  #look(): void {
    this.#arm(LOOK_MS);
    for (const place of this.#places()) {
      const { ms, isDoubtful } = this.#health.silence(place.account, place.region);
      if (ms >= SILENCE_MS || isDoubtful) void this.#ask(place);
    }
  }

  async #ask({ account, region, origin, path, dispatcher }: Watched): Promise<void> {
    const name = `${account} ${region}`;
    if (this.#asking.has(name)) return;
    this.#asking.add(name);
    try {
      const { statusCode, body } = await dispatcher.request({
        origin,
        method: 'GET',
        path,
        headers: { accept: 'application/json', 'user-agent': PRODUCT },
        headersTimeout: ANSWER_MS,
        bodyTimeout: ANSWER_MS,
      });
      await body.dump();
      this.#health.heard(account, region, statusCode);
    } catch (error) {
      if (this.#timer !== undefined)
        this.#health.failed(account, region, describeFailure(error as Error, true, false).message);
    } finally {
      this.#asking.delete(name);
    }
  }
}
