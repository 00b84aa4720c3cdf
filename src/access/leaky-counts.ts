import { LRUCache } from 'lru-cache';

interface Count {
  level: number;
  touched: number;
}

const MOST_COUNTS = 8_192;

/**
 * Counts by name that leak away with time (a leaky bucket each): so many at once, so many a second. Those not touched for
 * longest are forgotten first. Times are monotonic ms.
 */
export class LeakyCounts {
  readonly #counts = new LRUCache<string, Count>({ max: MOST_COUNTS });
  readonly #most: number;
  readonly #leakPerMs: number;

  /**
   * @param most what a count may reach
   * @param leakPerSecond how fast it goes back
   */
  constructor(most: number, leakPerSecond: number) {
    this.#most = most;
    this.#leakPerMs = leakPerSecond / 1_000;
  }

  add(name: string, now: number): void {
    this.#counts.set(name, { level: this.#levelOf(this.#counts.get(name), now) + 1, touched: now });
  }

  /** It did not happen after all. */
  takeBack(name: string): void {
    const count = this.#counts.get(name);
    if (count !== undefined) count.level = Math.max(0, count.level - 1);
  }

  /** How long until there is room for one more, ms; 0: there is. */
  pauseMs(name: string, now: number): number {
    const excess = this.#levelOf(this.#counts.get(name), now) - (this.#most - 1);
    return excess <= 0 ? 0 : excess / this.#leakPerMs;
  }

  #levelOf(count: Count | undefined, now: number): number {
    return count === undefined ? 0 : Math.max(0, count.level - (now - count.touched) * this.#leakPerMs);
  }
}
