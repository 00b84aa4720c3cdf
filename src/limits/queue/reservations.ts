import type { Window } from '../windows/window.ts';
import type { Lane } from './limit-queue.ts';

/**
 * Slots kept for requests whose turn it is and that need another slot elsewhere as well. As in the backfilling of batch
 * schedulers, others may have whatever does not make those wait longer: a slot is kept only when it is the last one to come
 * free before the other one does. So a narrow limit never holds up requests that do not need it, and a kept slot idles no
 * longer than until the next of its window.
 */
export class KeptSlots {
  readonly #now: number;
  /** By window: when those for whom a slot is kept will leave. */
  readonly #kept = new Map<Window, number[]>();

  constructor(now: number) {
    this.#now = now;
  }

  /** Keeps a slot of each of the lane's windows for its first request. */
  keep(lane: Lane): void {
    const leavesAt = this.#leavesAt(lane);
    if (leavesAt === Number.POSITIVE_INFINITY) return;
    for (const window of lane.windows) {
      const kept = this.#kept.get(window);
      if (kept) kept.push(leavesAt);
      else this.#kept.set(window, [leavesAt]);
    }
  }

  /** Whether one more request of the lane may leave now without delaying those for whom slots are kept. */
  spares(lane: Lane): boolean {
    return lane.windows.every((window) => this.#sparesOne(window));
  }

  /** When the lane's first request can leave after all for whom slots are kept; Infinity when that hangs on answers. */
  #leavesAt(lane: Lane): number {
    let at = this.#now;
    for (const window of lane.windows) {
      const before = this.#kept.get(window)?.length ?? 0;
      at = Math.max(at, window.nextFreeAt(this.#now, before + 1));
    }
    return at;
  }

  #sparesOne(window: Window): boolean {
    const kept = this.#kept.get(window);
    if (!kept) return true;
    const now = this.#now;
    // Who leaves after this one's slot has come round again is not delayed by it.
    const near = kept.filter((leavesAt) => leavesAt < now + window.holdMs).sort((a, b) => a - b);
    return near.every((leavesAt, index) => window.freeAt(leavesAt, now) >= index + 2);
  }
}
