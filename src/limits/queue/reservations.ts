import type { LimitSet } from '../windows/limit-set.ts';
import type { Window } from '../windows/window.ts';

/**
 * Slots reserved for requests whose turn it is and that need another slot elsewhere as well. As in the backfilling of batch
 * schedulers, others may have whatever does not make those wait longer: a slot is reserved only when it is the last one to
 * come free before the other one does. So a narrow limit never holds up requests that do not need it, and a reserved slot
 * idles no longer than until the next of its window.
 */
export class Reservations {
  readonly #now: number;
  /** By window: when those for whom a slot is reserved will leave. */
  readonly #reserved = new Map<Window, number[]>();

  constructor(now: number) {
    this.#now = now;
  }

  /** Reserves a slot of each of the windows for one request. */
  reserve(limitSet: LimitSet): void {
    const leavesAt = this.#leavesAt(limitSet);
    if (leavesAt === Number.POSITIVE_INFINITY) return;
    for (const window of limitSet.windows) {
      const reserved = this.#reserved.get(window);
      if (reserved) reserved.push(leavesAt);
      else this.#reserved.set(window, [leavesAt]);
    }
  }

  /** Whether one more request may leave now without delaying those for whom slots are reserved. */
  leaveRoomFor(limitSet: LimitSet): boolean {
    return limitSet.windows.every((window) => this.#leaveRoomIn(window));
  }

  /** When one more request can leave after all for whom slots are reserved; Infinity when that hangs on answers. */
  #leavesAt(limitSet: LimitSet): number {
    let at = this.#now;
    for (const window of limitSet.windows) {
      const before = this.#reserved.get(window)?.length ?? 0;
      at = Math.max(at, window.nextFreeAt(this.#now, before + 1));
    }
    return at;
  }

  #leaveRoomIn(window: Window): boolean {
    const reserved = this.#reserved.get(window);
    if (!reserved) return true;
    const now = this.#now;
    // Who leaves after this one's slot has come round again is not delayed by it.
    const near = reserved.filter((leavesAt) => leavesAt < now + window.holdMs).sort((a, b) => a - b);
    return near.every((leavesAt, index) => window.freeAt(leavesAt, now) >= index + 2);
  }
}
