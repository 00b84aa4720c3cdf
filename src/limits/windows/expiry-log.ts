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

  /** Slots held so far, ever. */
  get pushed(): number {
    return this.#pushed;
  }

  /** Slots held. */
  get held(): number {
    return this.#pushed - this.#released;
  }

  /** Holds `count` slots until `expiryMs`; an expiry before the last one pushed counts as that one. */
  push(expiryMs: number, count = 1): void {
    this.pushExactly(Math.ceil(expiryMs / this.#stepMs) * this.#stepMs, count);
  }

  /** The same without rounding: for the few that come from a ledger, or they would be held longer after each restart. */
  pushExactly(expiryMs: number, count: number): void {
    this.#pushed += count;
    this.#append(expiryMs, this.#pushed);
  }

  /** Frees everything that expired at or before `nowMs`. */
  expire(nowMs: number): void {
    while (this.#length > 0 && this.#times[this.#head]! <= nowMs) {
      this.#released = this.#totals[this.#head]!;
      this.#head = this.#slot(1);
      this.#length--;
    }
  }

  /** Frees so many, those first that would come free first. */
  dropFirst(count: number): void {
    this.#released = Math.min(this.#pushed, this.#released + count);
    while (this.#length > 0 && this.#totals[this.#head]! <= this.#released) {
      this.#head = this.#slot(1);
      this.#length--;
    }
  }

  /** Frees one slot for each of these expiries, in order of time: the one that was held until then, rounded up. */
  drop(expiriesMs: readonly number[]): void {
    const entries = [...this.entries()];
    let at = 0;
    for (const expiryMs of expiriesMs) {
      while (at < entries.length && (entries[at]!.expiryMs < expiryMs || entries[at]!.count === 0)) at++;
      const entry = entries[at] ?? entries.findLast(({ count }) => count > 0);
      if (!entry) break;
      entry.count--;
    }
    this.replace(entries);
  }

  /** Holds these, in order of time, in place of all that are held. */
  replace(entries: readonly { expiryMs: number; count: number }[]): void {
    this.#head = 0;
    this.#length = 0;
    this.#released = this.#pushed - entries.reduce((sum, { count }) => sum + count, 0);
    let total = this.#released;
    for (const { expiryMs, count } of entries) {
      total += count;
      if (count > 0) this.#append(expiryMs, total);
    }
  }

  /**
   * When `count` more slots will have come free, of this log and another together; Infinity when fewer are held.
   */
  timeOf(count: number, beside?: ExpiryLog): number {
    const others = beside && beside.held > 0 ? beside : undefined;
    if (count <= 0) return Number.NEGATIVE_INFINITY;
    if (count > this.held + (others?.held ?? 0)) return Number.POSITIVE_INFINITY;
    if (!others) return this.#firstWith(count, undefined);
    return Math.min(this.#firstWith(count, others), others.#firstWith(count, this));
  }

  /** The first expiry of this log by which so many have come free, of this log and another; Infinity when none is. */
  #firstWith(count: number, others: ExpiryLog | undefined): number {
    if (this.#length === 0) return Number.POSITIVE_INFINITY;
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const at = this.#slot(middle);
      const freed = this.#totals[at]! - this.#released + (others?.countUntil(this.#times[at]!) ?? 0);
      if (freed >= count) high = middle;
      else low = middle + 1;
    }
    return low === this.#length ? Number.POSITIVE_INFINITY : this.#times[this.#slot(low)]!;
  }

  /** How many held slots expire at or before then. */
  countUntil(toMs: number): number {
    return Math.max(0, this.#totalUntil(toMs) - this.#released);
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

  #append(expiryMs: number, total: number): void {
    const last = this.#slot(this.#length - 1);
    if (this.#length > 0 && expiryMs <= this.#times[last]!) {
      this.#totals[last] = total;
      return;
    }
    if (this.#length === this.#times.length) this.#grow();
    const next = this.#slot(this.#length++);
    this.#times[next] = expiryMs;
    this.#totals[next] = total;
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
