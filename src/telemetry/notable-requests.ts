/** A request that is worth a look. Nothing in it is secret: no query, no header, a path without what looks like one. */
export interface NotableRequest {
  /** Wall time in ms. */
  readonly atMs: number;
  readonly id: string;
  readonly client: string;
  readonly region: string;
  readonly operation: string;
  readonly status: number;
  readonly ms: number;
  readonly waitMs: number;
  /** Why Sluice itself said no; empty: it did not. */
  readonly why: string;
}

const MOST_SLOW = 10;
const MOST_REFUSED = 20;
const HOUR_MS = 3_600_000;
/** What is faster is not slow, ms: a hit never is. */
const LEAST_SLOW_MS = 50;

/** The slowest and the last refused requests of the last hour. */
export class NotableRequests {
  #slowest: NotableRequest[] = [];
  #refused: NotableRequest[] = [];

  /** Asked first, so that no record is made in vain. */
  wants(ms: number, isRefused: boolean): boolean {
    return isRefused || ms >= this.#floorMs();
  }

  note(request: NotableRequest): void {
    if (request.why !== '') this.#refused = [request, ...this.#refused].slice(0, MOST_REFUSED);
    if (request.ms < this.#floorMs()) return;
    this.#slowest = [...recent(this.#slowest, request.atMs), request]
      .sort((a, b) => b.ms - a.ms)
      .slice(0, MOST_SLOW);
  }

  slowest(nowMs: number): readonly NotableRequest[] {
    this.#slowest = recent(this.#slowest, nowMs);
    return this.#slowest;
  }

  /** The last first. */
  refused(nowMs: number): readonly NotableRequest[] {
    return recent(this.#refused, nowMs);
  }

  #floorMs(): number {
    return this.#slowest.length < MOST_SLOW ? LEAST_SLOW_MS : this.#slowest.at(-1)!.ms;
  }
}

function recent(requests: NotableRequest[], nowMs: number): NotableRequest[] {
  return requests.filter(({ atMs }) => nowMs - atMs < HOUR_MS);
}
