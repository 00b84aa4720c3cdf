import type { Dispatcher } from 'undici';
import type { Clock, Timer } from '../clock.ts';
import type { Endpoint } from '../identity/catalog.ts';
import { PRODUCT } from '../version.ts';
import { describeFailure } from './exchange.ts';
import type { RegionHealth } from './region-health.ts';

/** A region that is to be watched, and the way to it. */
export interface WatchedRegion {
  readonly account: string;
  readonly endpoint: Endpoint;
  readonly dispatcher: Dispatcher;
}

/** How often is looked whether anybody has to be asked, ms. */
const LOOK_MS = 3_000;
/** Before the first look, ms: what is asked at the start tells most. */
const FIRST_LOOK_MS = 1_000;
/** A region of which nothing was heard for so long is asked, ms. */
const SILENCE_MS = 30_000;
/** How long the answer may take, ms: one that takes the connection and is silent is down within a minute, too. */
const ANSWER_MS = 5_000;

/**
 * Asks regions that nobody asks whether they are there: one GET of the list of versions, which needs no token and which no
 * rate limit counts. Without it, that a region is down would be found out by the first caller after a quiet night.
 */
export class RegionWatch {
  readonly #clock: Clock;
  readonly #health: RegionHealth;
  readonly #regions: () => Iterable<WatchedRegion>;
  readonly #asking = new Set<string>();
  #timer: Timer | undefined;

  constructor(clock: Clock, health: RegionHealth, regions: () => Iterable<WatchedRegion>) {
    this.#clock = clock;
    this.#health = health;
    this.#regions = regions;
  }

  start(): void {
    this.#timer ??= this.#clock.setTimer(() => this.#look(), FIRST_LOOK_MS);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #look(): void {
    this.#timer = this.#clock.setTimer(() => this.#look(), LOOK_MS);
    for (const region of this.#regions()) {
      const { account, endpoint } = region;
      const { ms, isDoubtful } = this.#health.silence(account, endpoint.region);
      if (ms >= SILENCE_MS || isDoubtful) void this.#ask(region);
    }
  }

  async #ask({ account, endpoint, dispatcher }: WatchedRegion): Promise<void> {
    const { region, versionPath } = endpoint;
    const name = `${account} ${region}`;
    if (this.#asking.has(name)) return;
    this.#asking.add(name);
    try {
      const { statusCode, body } = await dispatcher.request({
        origin: endpoint.origin,
        method: 'GET',
        path: `${versionPath.slice(0, versionPath.lastIndexOf('/'))}/`,
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
