/** So many losses in so long are too many, ms. */
const MOST = 3;
const WINDOW_MS = 10_000;

/**
 * How often what instances had left for each other was gone. After a loss nobody's part grows until everybody has reported: a
 * Redis that restarts costs a moment. One in which it is overwritten or deleted again and again would hold everybody up for
 * ever; then each goes on alone, with its part of the limits.
 */
export class Losses {
  #times: number[] = [];

  /** @param now ms */
  add(now: number): void {
    this.#times = [...this.#times, now].slice(-MOST);
  }

  isTooMany(now: number): boolean {
    return this.#times.length === MOST && this.#times.every((at) => Math.abs(now - at) < WINDOW_MS);
  }
}
