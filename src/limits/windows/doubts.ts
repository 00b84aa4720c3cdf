/** More attempts without an answer are taken for counted; a limit of which there are so many is not one that a day hangs on. */
const MOST_DOUBTS = 4096;

interface Doubt {
  /** When the attempt ended, monotonic ms. */
  readonly endedAt: number;
  /** When its slot comes free. */
  readonly expiryMs: number;
}

/**
 * Attempts that got no answer: the connection broke, the time was up, the caller left, or a proxy in front of the region
 * answered in its place. The region may have counted them; they are charged until it has said what it counted.
 */
export class Doubts {
  #doubts: Doubt[] = [];

  /**
   * @param endedAt when the attempt ended
   * @param expiryMs until when its slot is held in the window
   */
  add(endedAt: number, expiryMs: number): void {
    if (this.#doubts.length < MOST_DOUBTS) this.#doubts.push({ endedAt, expiryMs });
  }

  /** How many are held in the window. */
  count(now: number): number {
    if (this.#doubts.length === 0) return 0;
    if (this.#doubts[0]!.expiryMs <= now)
      this.#doubts = this.#doubts.filter(({ expiryMs }) => expiryMs > now);
    return this.#doubts.length;
  }

  /** When the slots of those come free that ended by then, in order; the others may still reach the region. */
  expiriesOf(settledBy: number): number[] {
    return this.#doubts
      .filter(({ endedAt }) => endedAt <= settledBy)
      .map(({ expiryMs }) => expiryMs)
      .sort((a, b) => a - b);
  }

  /** The region has said what it counted of those that ended by then. */
  settle(settledBy: number): void {
    this.#doubts = this.#doubts.filter(({ endedAt }) => endedAt > settledBy);
  }
}
