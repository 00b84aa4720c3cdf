/** One place in a roster. */
export interface Seat<T> {
  readonly holder: T;
  /** Where it is now; negative: it is given back. */
  at: number;
}

/**
 * What is under way, in no order: for what comes and goes with every request. A `Set` makes itself anew after so many of those, and
 * V8's young collection then keeps what the discarded one had, and all that is reached from there, until the next full one:
 * a request through to a region cost a quarter more with it.
 */
export class Roster<T> implements Iterable<T> {
  readonly #seats: Seat<T>[] = [];

  get size(): number {
    return this.#seats.length;
  }

  add(holder: T): Seat<T> {
    const seat = { holder, at: this.#seats.length };
    this.#seats.push(seat);
    return seat;
  }

  /** Gives a place back; what was last has it from then on. */
  remove(seat: Seat<T>): void {
    if (seat.at < 0) return;
    const last = this.#seats.pop()!;
    if (last !== seat) {
      last.at = seat.at;
      this.#seats[seat.at] = last;
    }
    seat.at = -1;
  }

  /** Those who are there now; whoever comes or goes meanwhile changes nothing. */
  *[Symbol.iterator](): Iterator<T> {
    for (const { holder } of [...this.#seats]) yield holder;
  }
}
