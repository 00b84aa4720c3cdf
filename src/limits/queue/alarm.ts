import type { Clock, Timer } from '../../clock.ts';

/** One timer that is only ever moved forward; one that rings too early does no harm. */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #timer: Timer | undefined;
  #at = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Rings at this monotonic ms, unless it rings before that anyway; Infinity: never. */
  set(at: number, now: number): void {
    if (at >= this.#at) return;
    this.#timer?.cancel();
    this.#at = at;
    this.#timer = this.#clock.setTimer(() => {
      this.#at = Number.POSITIVE_INFINITY;
      this.#ring();
    }, at - now);
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#at = Number.POSITIVE_INFINITY;
  }
}
