import type { Clock } from '../../clock.ts';
import type { Learning } from '../learned/learning.ts';
import { isPublished } from '../published/limit.ts';
import { type OverLimit, triageOverLimit } from '../published/over-limit.ts';
import type { Charge, SlotRequest } from '../slot-request.ts';
import { chargeOf } from '../snapshot.ts';
import type { InFlightOwner, InFlightRequest } from '../windows/in-flight.ts';
import type { WindowSet } from '../windows/window-set.ts';
import { type Gate, LONGEST_PAUSE_MS } from './gate.ts';
import type { ShaperObserver } from './shaper-contract.ts';
import type { WaitingRoom } from './waiting-room.ts';

/** What is told of what becomes of requests. */
export interface AnswersParts {
  readonly clock: Clock;
  readonly windowSet: WindowSet;
  readonly learning: Learning;
  readonly waitingRoom: WaitingRoom;
  readonly gate: Gate;
  readonly observe: ShaperObserver;
  readonly onDoubt: (() => void) | undefined;
}

/** What becomes of requests that have left, and what that says of the limits. */
export class Answers implements InFlightOwner {
  readonly #parts: AnswersParts;

  constructor(parts: AnswersParts) {
    this.#parts = parts;
  }

  answered(...[inFlight, status, headers, nowWall]: Parameters<InFlightOwner['answered']>): void {
    const now = this.#parts.clock.monotonic();
    // A proxy in front of a region says 502 to 504 of its own: the region may not have seen the request.
    const isDoubtful = status === undefined || (status >= 502 && status <= 504);
    if (!this.#parts.windowSet.underWay.answered(inFlight, now, isDoubtful)) return;
    if (isDoubtful && inFlight.windows.some(({ isLong }) => isLong)) this.#parts.onDoubt?.();
    const isRefused = status === 413 || status === 429 || status === 503;
    this.#parts.learning.answered(inFlight, now, !isDoubtful && !isRefused);
    if (headers) this.#parts.learning.heard(headers, now, nowWall ?? this.#parts.clock.now());
    if (isRefused) {
      const verdict = triageOverLimit({ status, headers: headers ?? {} }, nowWall ?? this.#parts.clock.now());
      this.#refused(inFlight.request, inFlight.sentAt, verdict);
    }
    if (inFlight.windows.some(({ limit }) => limit.origin === 'learned')) this.#parts.waitingRoom.serve(now);
    else this.#parts.waitingRoom.rearm(now);
  }

  queued(inFlight: InFlightRequest): void {
    this.#parts.windowSet.underWay.queued(inFlight);
  }

  sent(inFlight: InFlightRequest): void {
    const now = this.#parts.clock.monotonic();
    this.#parts.windowSet.underWay.sent(inFlight, now);
    this.#parts.waitingRoom.rearm(now);
  }

  lost(inFlight: InFlightRequest): void {
    if (inFlight.state !== 'done') this.#parts.learning.forgotten(inFlight);
    this.#parts.windowSet.underWay.lost(inFlight, this.#parts.clock.monotonic());
  }

  cancelled(inFlight: InFlightRequest): void {
    const isOff = this.#parts.windowSet.underWay.cancel(inFlight);
    if (isOff) this.#parts.learning.forgotten(inFlight);
    if (isOff) this.#parts.waitingRoom.serve(this.#parts.clock.monotonic());
  }

  chargesOf(inFlight: InFlightRequest): Charge[] {
    const now = this.#parts.clock.monotonic();
    return inFlight.windows.filter(({ limit }) => isPublished(limit)).map((window) => chargeOf(window, now));
  }

  refusedUpstream(request: SlotRequest, verdict: OverLimit): void {
    this.#refused(request, this.#parts.clock.monotonic() - this.#parts.windowSet.underWay.latencyMs, verdict);
  }

  #refused(request: SlotRequest, sentAt: number, verdict: OverLimit): void {
    const now = this.#parts.clock.monotonic();
    if (verdict.kind === 'pause')
      this.#pause(now, Math.min(verdict.retryAfterMs, this.#parts.windowSet.longestMs, LONGEST_PAUSE_MS));
    if (verdict.kind !== 'rate') return;
    this.#parts.learning.refused(request, sentAt, now, verdict);
    this.#parts.observe.overLimit();
  }

  #pause(now: number, waitMs: number): void {
    this.#parts.gate.pause(now + waitMs);
    this.#parts.waitingRoom.rearm(now);
  }
}
