import type { Clock, Timer } from '../clock.ts';
import { type Change, EVERYTHING } from './invalidation.ts';

/**
 * Writes whose answers were lost: the upstream may still be at them, so what is read meanwhile has to be dropped once more
 * when they have settled. However many there are of a scope, two changes are kept: the one whose time comes next, and one
 * that stands for all that were lost since.
 */
export interface LostWrites {
  /** A write was lost just now. */
  add(scope: string, change: Change): void;
  close(): void;
}

/** How long until the upstream has surely done with a write whose answer was lost (ms). */
export const LOST_WRITE_SETTLES_MS = 30_000;

interface Lost {
  timer: Timer;
  change: Change;
  /** What was lost while the timer ran, and when the last of it was (monotonic ms). */
  later: { change: Change; lostAt: number } | undefined;
}

/** @param repeat drops what was read meanwhile, here and on every instance */
export function createLostWrites(clock: Clock, repeat: (scope: string, change: Change) => void): LostWrites {
  const byScope = new Map<string, Lost>();

  function settle(scope: string, { change, later }: Lost): void {
    byScope.delete(scope);
    if (later) wait(scope, later.change, later.lostAt + LOST_WRITE_SETTLES_MS - clock.monotonic());
    repeat(scope, change);
  }

  function wait(scope: string, change: Change, delayMs: number): void {
    const timer = clock.setTimer(() => settle(scope, lost), delayMs);
    const lost: Lost = { timer, change, later: undefined };
    byScope.set(scope, lost);
  }

  return {
    add(scope, change) {
      const lost = byScope.get(scope);
      if (!lost) wait(scope, change, LOST_WRITE_SETTLES_MS);
      else lost.later = { change: lost.later ? EVERYTHING : change, lostAt: clock.monotonic() };
    },
    close() {
      for (const { timer } of byScope.values()) timer.cancel();
      byScope.clear();
    },
  };
}
