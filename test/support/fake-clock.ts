import type { Clock, Timer } from '../../src/clock.ts';

interface PendingTimer {
  at: number;
  order: number;
  callback: () => void;
}

/** A clock that moves only when a test says so. Wall and monotonic time advance together. */
export class FakeClock implements Clock {
  #wall: number;
  #monotonic = 0;
  #order = 0;
  #timers = new Set<PendingTimer>();

  /** @param startMs wall time at the start, ms since the epoch */
  constructor(startMs = Date.parse('2026-01-01T00:00:00Z')) {
    this.#wall = startMs;
  }

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    const timer = { at: this.#monotonic + Math.max(0, delayMs), order: this.#order++, callback };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.size;
  }

  /** When the next timer is due, in ms from now; undefined when none waits. */
  nextIn(): number | undefined {
    const next = this.#next(Number.POSITIVE_INFINITY);
    return next && next.at - this.#monotonic;
  }

  /** Moves time by `ms`, firing every timer that falls due, in order, at its own time. Synchronous. */
  tick(ms: number): void {
    const end = this.#monotonic + ms;
    for (let next = this.#next(end); next; next = this.#next(end)) this.#fire(next);
    this.#moveTo(end);
  }

  /** Like `tick`, but lets promise chains run between timers (and some before and after). */
  async advance(ms: number): Promise<void> {
    const end = this.#monotonic + ms;
    await settle();
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#fire(next);
      await settle();
    }
    this.#moveTo(end);
    await settle();
  }

  #next(until: number): PendingTimer | undefined {
    let first: PendingTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.at > until) continue;
      if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order))
        first = timer;
    }
    return first;
  }

  #fire(timer: PendingTimer): void {
    this.#timers.delete(timer);
    this.#moveTo(timer.at);
    timer.callback();
  }

  #moveTo(monotonic: number): void {
    if (monotonic <= this.#monotonic) return;
    this.#wall += monotonic - this.#monotonic;
    this.#monotonic = monotonic;
  }
}

/** Lets pending promise chains (microtasks, and one turn of the event loop) run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
