import { isControl } from '../client.ts';
import type { SlotRequest } from '../slot-request.ts';

/** The longest a region is left alone on one word of it, ms. */
export const LONGEST_PAUSE_MS = 3_600_000;

/** What stops requests whatever the windows say: the limits are not known yet, the region wants a pause, the end has come. */
export class Gate {
  isHeld = false;
  isClosed = false;
  /** When the region may be asked again, monotonic ms. */
  pausedUntil = Number.NEGATIVE_INFINITY;
  /** When whoever still waits is sent away, since the process ends, monotonic ms. */
  endsAt = Number.POSITIVE_INFINITY;

  pause(untilMs: number): void {
    this.pausedUntil = Math.max(this.pausedUntil, untilMs);
  }

  close(): void {
    this.isClosed = true;
    this.isHeld = true;
  }

  isPaused(now: number): boolean {
    return now < this.pausedUntil;
  }

  /** Whether a request may leave as far as the gate is concerned: while it is held, GET /limits alone may. */
  isOpenTo(request: SlotRequest, now: number): boolean {
    if (now < this.pausedUntil) return false;
    if (!this.isHeld) return true;
    return !this.isClosed && (isControl(request.client) || request.isUnpublished === true);
  }
}
