import type { Cancellation } from '../upstream/cancellation.ts';

/**
 * A caller as one that a request needs until it is sent: from then on the answer is worth having whether or not the caller
 * is still there, since it may ask again.
 */
export class UntilSent implements Cancellation {
  readonly #caller: Cancellation;
  #isSent = false;
  #watcher: (() => void) | undefined;
  /** Its own: one that all requests share would have the listeners of all of them. */
  #never: AbortSignal | undefined;

  constructor(caller: Cancellation) {
    this.#caller = caller;
  }

  get gone(): boolean {
    return !this.#isSent && this.#caller.gone;
  }

  get signal(): AbortSignal {
    if (!this.#isSent) return this.#caller.signal;
    this.#never ??= new AbortController().signal;
    return this.#never;
  }

  watch(callback: (() => void) | undefined): void {
    this.#watcher = this.#isSent ? undefined : callback;
    this.#caller.watch(this.#watcher);
  }

  /** It is being sent. */
  sent(): void {
    this.#isSent = true;
    if (this.#watcher !== undefined) this.watch(undefined);
  }
}
