/**
 * Whether whoever asked is still there. An AbortSignal says so too, but costs several microseconds to make and to listen
 * to, which most requests would spend for nothing: here it is made when a queue or a timer wants one.
 */
export interface Cancellation {
  /** True once nobody waits for the answer any more. */
  readonly gone: boolean;
  /** The same as a signal. */
  readonly signal: AbortSignal;
  /** Calls `callback` when the asker leaves; one watcher at a time, undefined ends the watch. */
  watch(callback: (() => void) | undefined): void;
}

/** A signal as a `Cancellation`, for those who have one already: flights, timeouts. */
export function cancellationOf(signal: AbortSignal): Cancellation {
  return new SignalCancellation(signal);
}

class SignalCancellation implements Cancellation {
  readonly signal: AbortSignal;
  #watcher: (() => void) | undefined;

  constructor(signal: AbortSignal) {
    this.signal = signal;
  }

  get gone(): boolean {
    return this.signal.aborted;
  }

  watch(callback: (() => void) | undefined): void {
    if (this.#watcher) this.signal.removeEventListener('abort', this.#watcher);
    this.#watcher = callback;
    if (callback) this.signal.addEventListener('abort', callback, { once: true });
  }
}
