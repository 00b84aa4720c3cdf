import type { Cancellation } from '../cancellation.ts';

/** One of several attempts on behalf of one asker: it is gone when the asker is, or when it alone is given up. */
export class Branch implements Cancellation {
  readonly #asker: Cancellation | undefined;
  #isGivenUp = false;
  #watcher: (() => void) | undefined;
  #controller: AbortController | undefined;

  private constructor(asker: Cancellation | undefined) {
    this.#asker = asker;
  }

  /** The branches of an asker, who is watched until `close`. */
  static fork(asker: Cancellation | undefined): { first: Branch; second: Branch; close(): void } {
    const [first, second] = [new Branch(asker), new Branch(asker)];
    asker?.watch(() => {
      first.giveUp();
      second.giveUp();
    });
    return { first, second, close: () => asker?.watch(undefined) };
  }

  get gone(): boolean {
    return this.#isGivenUp || this.#asker?.gone === true;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.gone) this.#controller.abort();
    return this.#controller.signal;
  }

  watch(callback: (() => void) | undefined): void {
    this.#watcher = callback;
  }

  giveUp(): void {
    if (this.#isGivenUp) return;
    this.#isGivenUp = true;
    this.#controller?.abort();
    this.#watcher?.();
  }
}
