import type { Clock, Timer } from '../clock.ts';

/** A clock that can run faster than its base and be turned on by hand. */
export interface TurnableClock extends Clock {
  /** Moves time by `ms` of this clock; timers that fall due fire, in order. */
  advance(ms: number): void;
}

interface Pending {
  dueMs: number;
  order: number;
  callback: () => void;
  timer: Timer | undefined;
}

/**
 * @param base where real time comes from
 * @param scale ms of this clock per ms of the base
 */
export function createTurnableClock(base: Clock, scale = 1): TurnableClock {
  const startWall = base.now();
  const startMonotonic = base.monotonic();
  const waiting = new Set<Pending>();
  let turnedMs = 0;
  let order = 0;

  const monotonic = () => (base.monotonic() - startMonotonic) * scale + turnedMs;
  const fire = (pending: Pending) => {
    pending.timer?.cancel();
    if (waiting.delete(pending)) pending.callback();
  };
  const arm = (pending: Pending) => {
    const wait = () => {
      // The base may cut long delays short: look again when it fires.
      if (pending.dueMs > monotonic()) arm(pending);
      else fire(pending);
    };
    pending.timer = base.setTimer(wait, Math.max(0, pending.dueMs - monotonic()) / scale);
  };
  const firstDue = (untilMs: number): Pending | undefined =>
    [...waiting]
      .filter((pending) => pending.dueMs <= untilMs)
      .sort((a, b) => a.dueMs - b.dueMs || a.order - b.order)[0];

  return {
    now: () => startWall + (base.now() - startWall) * scale + turnedMs,
    monotonic,
    setTimer(callback, delayMs) {
      const pending: Pending = {
        dueMs: monotonic() + Math.max(0, delayMs),
        order: order++,
        callback,
        timer: undefined,
      };
      waiting.add(pending);
      arm(pending);
      return {
        cancel() {
          waiting.delete(pending);
          pending.timer?.cancel();
        },
      };
    },
    advance(ms) {
      const end = monotonic() + ms;
      for (let next = firstDue(end); next; next = firstDue(end)) {
        turnedMs += Math.max(0, next.dueMs - monotonic());
        fire(next);
      }
      turnedMs += Math.max(0, end - monotonic());
      for (const pending of waiting) {
        pending.timer?.cancel();
        arm(pending);
      }
    },
  };
}
