/** Most entries a log keeps, whatever the limit's value: 1500/MINUTE is rounded to steps of 30 ms, a DAY to 42 s. */
const STEPS = 2048;
const FIRST_SIZE = 16;

/**
 * When held slots come free: a ring of (time, how many so far), in order of time. Pushing and expiring are O(1) amortised,
 * "when are n more free" is a binary search, and memory is bounded by rounding expiries *up* to 1/2048 of the window,
 * which costs at most 0.05% of it and never lets a request out early.
 */
export class ExpiryLog {
  readonly #stepMs: number;
  #times = new Float64Array(FIRST_SIZE);
  /** Slots pushed up to and including the entry, since the beginning. */
  #totals = new Float64Array(FIRST_SIZE);
  #head = 0;
  #length = 0;
  #pushed = 0;
  #released = 0;

  constructor(windowMs: number) {
    this.#stepMs = windowMs / STEPS;
  }

  /** Slots held. */
  get held(): number {
    return this.#pushed - this.#released;
  }

  /** Holds `count` slots until `expiryMs`; an expiry before the last one pushed counts as that one. */
  push(expiryMs: number, count = 1): void {
    const rounded = Math.ceil(expiryMs / this.#stepMs) * this.#stepMs;
    this.#pushed += count;
    const last = this.#slot(this.#length - 1);
    if (this.#length > 0 && rounded <= this.#times[last]!) {
      this.#totals[last] = this.#pushed;
      return;
    }
    if (this.#length === this.#times.length) this.#grow();
    const next = this.#slot(this.#length++);
    this.#times[next] = rounded;
    this.#totals[next] = this.#pushed;
  }

  /** Frees everything that expired at or before `nowMs`. */
  expire(nowMs: number): void {
    while (this.#length > 0 && this.#times[this.#head]! <= nowMs) {
      this.#released = this.#totals[this.#head]!;
      this.#head = this.#slot(1);
      this.#length--;
    }
  }

  /** When `count` more slots will have come free; Infinity when fewer are held. */
  timeOf(count: number): number {
    if (count > this.held) return Number.POSITIVE_INFINITY;
    const wanted = this.#released + count;
    let low = 0;
    let high = this.#length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#totals[this.#slot(middle)]! >= wanted) high = middle;
      else low = middle + 1;
    }
    return this.#length === 0 ? Number.NEGATIVE_INFINITY : this.#times[this.#slot(low)]!;
  }

  /** How many held slots expire after `fromMs` and at or before `toMs`. */
  countBetween(fromMs: number, toMs: number): number {
    return Math.max(0, this.#totalUntil(toMs) - this.#totalUntil(fromMs));
  }

  /** The entries, oldest first: what a ledger or a shared budget keeps. */
  *entries(): Generator<{ expiryMs: number; count: number }> {
    let before = this.#released;
    for (let index = 0; index < this.#length; index++) {
      const total = this.#totals[this.#slot(index)]!;
      yield { expiryMs: this.#times[this.#slot(index)]!, count: total - before };
      before = total;
    }
  }

  #totalUntil(timeMs: number): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#times[this.#slot(middle)]! <= timeMs) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? this.#released : this.#totals[this.#slot(low - 1)]!;
  }

  /** Sizes are powers of two, so that wrapping is a mask. */
  #slot(index: number): number {
    return (this.#head + index) & (this.#times.length - 1);
  }

  #grow(): void {
    const times = new Float64Array(this.#times.length * 2);
    const totals = new Float64Array(times.length);
    for (let index = 0; index < this.#length; index++) {
      times[index] = this.#times[this.#slot(index)]!;
      totals[index] = this.#totals[this.#slot(index)]!;
    }
    this.#times = times;
    this.#totals = totals;
    this.#head = 0;
  }
}
