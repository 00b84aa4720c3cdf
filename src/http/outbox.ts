/**
 * Answers on their way out. Writing each to its socket at once would wake its reader each time, and leave the code that
 * makes answers for the code that writes them; so they are gathered while the event loop reads what there is to read, and
 * all go out right after, in the same turn. Nothing waits for anything: an idle loop writes at once.
 */
export class Outbox<To, Letter> {
  readonly #send: (to: To, letter: Letter) => void;
  #letters: (readonly [To, Letter] | undefined)[] = [];

  /** @param send must not throw */
  constructor(send: (to: To, letter: Letter) => void) {
    this.#send = send;
  }

  /** Sends a letter at the end of this turn of the event loop. */
  put(to: To, letter: Letter): void {
    if (this.#letters.length === 0) setImmediate(this.empty);
    this.#letters.push([to, letter]);
  }

  /** Sends what there is now. */
  readonly empty = (): void => {
    if (this.#letters.length === 0) return;
    const letters = this.#letters;
    this.#letters = [];
    for (let at = 0; at < letters.length; at++) {
      const [to, letter] = letters[at]!;
      // V8 makes arrays that often outlive a collection among the old objects, where all that they name, even once nobody has
      // them, lives until the next full collection: every answer there was.
      letters[at] = undefined;
      this.#send(to, letter);
    }
  };
}
