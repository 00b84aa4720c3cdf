import type { Call } from './call.ts';

interface Letter {
  readonly call: Call;
  readonly write: () => void;
}

/**
 * Answers on their way out. Writing to a socket at once would wake its reader for each answer, and leave the code that
 * makes answers for the code that writes them each time; so they are gathered while the event loop reads what there is
 * to read, and all go out right after, in the same turn. Nothing waits for anything: an idle loop writes at once.
 */
export class Outbox {
  readonly #onFailure: (call: Call, error: unknown) => void;
  #letters: Letter[] = [];

  /** @param onFailure told of an answer that could not be written; must not throw */
  constructor(onFailure: (call: Call, error: unknown) => void) {
    this.#onFailure = onFailure;
  }

  /** Writes an answer at the end of this turn of the event loop. */
  put(call: Call, write: () => void): void {
    if (this.#letters.length === 0) setImmediate(this.#empty);
    this.#letters.push({ call, write });
  }

  readonly #empty = (): void => {
    const letters = this.#letters;
    this.#letters = [];
    for (const { call, write } of letters) {
      try {
        write();
      } catch (error) {
        this.#onFailure(call, error);
      }
    }
  };
}
