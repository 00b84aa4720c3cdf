import type { Window } from './window.ts';

/** Slots and when they come free, oldest first: [ms since the epoch, count]. */
export type History = [untilMs: number, count: number][];

/**
 * A window's taken slots in at most so many steps, each rounded up to its end.
 * @param offsetMs what a monotonic time has to be moved by to be the reader's
 */
export function historyOf(window: Window, steps: number, offsetMs: number): History {
  const stepMs = window.holdMs / steps;
  const history: History = [];
  for (const { expiryMs, count } of window.log.entries()) {
    const untilMs = Math.ceil(Math.ceil(expiryMs / stepMs) * stepMs + offsetMs);
    const last = history.at(-1);
    if (last && last[0] === untilMs) last[1] += count;
    else history.push([untilMs, count]);
  }
  return history;
}
