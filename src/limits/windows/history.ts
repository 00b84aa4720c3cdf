import type { Window } from './window.ts';

/** Slots and when they come free, oldest first: [ms since the epoch, count]. */
export type History = [untilMs: number, count: number][];

/**
 * A window's taken slots in at most so many steps, each with its latest end; the first slot to come free stands for itself, as
 * readers tell others when it does. Steps are those of the reader's clock, so that a history that was read back and written
 * again is the same.
 * @param withStrangers whether slots are meant that others used, too
 * @param offsetMs what a monotonic time has to be moved by to be the reader's
 */
export function historyOf(window: Window, steps: number, offsetMs: number, withStrangers: boolean): History {
  const stepMs = window.holdMs / steps;
  const history: History = [];
  let lastStep = Number.NaN;
  for (const { expiryMs, count } of entriesOf(window, withStrangers)) {
    const untilMs = Math.ceil(expiryMs + offsetMs);
    const step = Math.ceil(untilMs / stepMs);
    const last = history.length > 1 ? history.at(-1) : undefined;
    if (last && step === lastStep) {
      last[0] = untilMs;
      last[1] += count;
    } else if (history.length === 0 && count > 1) history.push([untilMs, 1], [untilMs, count - 1]);
    else history.push([untilMs, count]);
    lastStep = step;
  }
  return history;
}

function entriesOf(window: Window, withStrangers: boolean): Iterable<{ expiryMs: number; count: number }> {
  if (!withStrangers || window.strangersLog.held === 0) return window.log.entries();
  return [...window.log.entries(), ...window.strangersLog.entries()].sort((a, b) => a.expiryMs - b.expiryMs);
}
