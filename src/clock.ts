/**
 * The one source of time. Pure code takes a `Clock` (or a plain `now`) so that tests turn time by hand
 * (see test/support/fake-clock.ts) and never sleep.
 */
export interface Clock {
  /** Wall time in ms since the epoch: for dates that are spoken of outside (expires, Age, Retry-After). */
  now(): number;
  /** Time in ms that never jumps, from an arbitrary start: for durations, windows and timeouts. */
  monotonic(): number;
  /** Calls `callback` once after `delayMs`; the timer does not keep the process alive. */
  setTimer(callback: () => void, delayMs: number): Timer;
}

/** A running timer; `cancel` is idempotent. */
export interface Timer {
  cancel(): void;
}

/** The longest delay setTimeout takes; a longer one would fire at once. */
const LONGEST_TIMEOUT_MS = 2_147_483_647;

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(callback, delayMs) {
    const timer = setTimeout(callback, Math.min(Math.max(0, delayMs), LONGEST_TIMEOUT_MS));
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Resolves after `delayMs`, or rejects with the signal's reason when it is aborted first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.setTimer(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, delayMs);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
