import type { Clock } from '../../../src/clock.ts';

/** How much longer than its unit a slot is held, in ms: the region counts by a clock of its own. */
const MARGIN_MS = 50;

/**
 * One rate limit as a first-in-first-out queue, and nothing more: whoever comes gets the next slot in the order of coming, and
 * a slot is free again one unit after its answer, which no way of counting at the region can mind.
 */
export class FifoQueue {
  readonly #unitMs: number;
  readonly #clock: Clock;
  #free: number;
  /** Those who wait, the first to be served at `#first`. */
  #waiting: (() => void)[] = [];
  #first = 0;

  /** @param value requests per unit, at least 1 */
  constructor(value: number, unitMs: number, clock: Clock) {
    this.#free = value;
    this.#unitMs = unitMs;
    this.#clock = clock;
  }

  /** How many wait. */
  get length(): number {
    return this.#waiting.length - this.#first;
  }

  /** Resolves when it is this one's turn, with what is to be called once when its answer is there. */
  take(): Promise<() => void> {
    return new Promise((resolve) => {
      this.#waiting.push(() => resolve(() => this.#answered()));
      this.#serve();
    });
  }

  #answered(): void {
    this.#clock.setTimer(() => {
      this.#free++;
      this.#serve();
    }, this.#unitMs + MARGIN_MS);
  }

  #serve(): void {
    while (this.#free > 0 && this.length > 0) {
      this.#free--;
      this.#waiting[this.#first++]!();
    }
    if (this.#first <= 1000) return;
    this.#waiting = this.#waiting.slice(this.#first);
    this.#first = 0;
  }
}
