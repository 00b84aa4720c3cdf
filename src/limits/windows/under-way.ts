import type { SlotRequest } from '../slot-request.ts';
import { InFlightList, type InFlightRequest } from './in-flight.ts';
import type { Window } from './window.ts';

/**
 * A request is counted when it reaches the upstream, long before its answer when the region is slow. Whoever has not been
 * answered after this long is taken to have been counted, so that a slow region is not slowed down further by us.
 */
export const TRANSIT_MS = 1_000;

/** The requests of one account and region that are under way, from leaving the queue to their answer. */
export class UnderWay {
  readonly #sent = new InFlightList();
  /** Requests that wait for a connection to the region. */
  readonly #queued = new InFlightList();
  /** Hears of each answer. */
  readonly #onAnswer: (request: SlotRequest, at: number) => void;
  #latencyMs = 0;

  constructor(onAnswer: (request: SlotRequest, at: number) => void) {
    this.#onAnswer = onAnswer;
  }

  /** How long answers take, smoothed, ms. */
  get latencyMs(): number {
    return this.#latencyMs;
  }

  /** It leaves the queue, and takes its slots. While nobody waits this is what settles those of before. */
  add(inFlight: InFlightRequest): void {
    this.settleOverdue(inFlight.sentAt);
    for (const window of inFlight.windows) window.take(inFlight.client.index);
    this.#sent.push(inFlight);
  }

  /** It waits for a connection: its slots stay taken for as long as it does, or all that wait would leave in one burst. */
  queued(inFlight: InFlightRequest): void {
    if (inFlight.state !== 'sent') return;
    this.#sent.remove(inFlight);
    this.#queued.push(inFlight);
    inFlight.state = 'queued';
  }

  /** It has got one. */
  sent(inFlight: InFlightRequest, now: number): void {
    if (inFlight.state !== 'queued') return;
    this.#queued.remove(inFlight);
    inFlight.sentAt = now;
    this.#sent.push(inFlight);
    inFlight.state = 'sent';
  }

  /**
   * The answer is here; false when it was over already.
   * @param isDoubtful it ended without one of the region's own, so that nobody knows whether it was counted
   */
  answered(inFlight: InFlightRequest, now: number, isDoubtful: boolean): boolean {
    this.sent(inFlight, now);
    if (inFlight.state === 'done' || inFlight.state === 'lost') return false;
    if (!isDoubtful) this.#latencyMs += (now - inFlight.sentAt - this.#latencyMs) / 8;
    this.#onAnswer(inFlight.request, now);
    if (inFlight.state === 'sent') {
      for (const window of inFlight.windows) window.answered(now);
      this.#sent.remove(inFlight);
    } else this.#settle(inFlight);
    if (isDoubtful) doubt(inFlight, now);
    inFlight.state = 'done';
    return true;
  }

  /** Nobody waits for its answer any more: it is taken for counted when it would be overdue. */
  lost(inFlight: InFlightRequest, now: number): void {
    if (inFlight.state === 'queued') this.cancel(inFlight);
    else if (inFlight.state === 'sent') inFlight.state = 'lost';
    else if (inFlight.state === 'overdue') {
      this.#settle(inFlight);
      doubt(inFlight, now);
      inFlight.state = 'done';
    }
  }

  /** It never left. What is overdue has been counted for good. */
  cancel(inFlight: InFlightRequest): boolean {
    if (inFlight.state === 'lost') return false;
    if (inFlight.state === 'sent' || inFlight.state === 'queued') {
      for (const window of inFlight.windows) window.giveBack(inFlight.client.index);
      (inFlight.state === 'queued' ? this.#queued : this.#sent).remove(inFlight);
    }
    if (inFlight.state === 'overdue') this.#settle(inFlight);
    const wasOn = inFlight.state !== 'done';
    inFlight.state = 'done';
    return wasOn;
  }

  /** Takes what has no answer for counted once it has been on its way for TRANSIT_MS. */
  settleOverdue(now: number): void {
    for (let inFlight = this.#sent.first; inFlight; inFlight = this.#sent.first) {
      const countedAt = inFlight.sentAt + TRANSIT_MS;
      if (countedAt > now) return;
      for (const window of inFlight.windows) window.answered(countedAt);
      if (inFlight.state === 'lost') {
        doubt(inFlight, countedAt);
        inFlight.state = 'done';
      } else {
        for (const window of inFlight.windows) window.overdue++;
        inFlight.state = 'overdue';
      }
      this.#sent.remove(inFlight);
    }
  }

  /** When the oldest request under way will be taken for counted; Infinity when none is on its way. */
  get nextOverdueAt(): number {
    const first = this.#sent.first;
    return first ? first.sentAt + TRANSIT_MS : Number.POSITIVE_INFINITY;
  }

  /** Windows are new: what is under way takes slots of those it is charged to as well. */
  extend(windowsOf: (request: SlotRequest) => readonly Window[]): void {
    for (const list of [this.#sent, this.#queued]) {
      for (let inFlight = list.first; inFlight; inFlight = inFlight.after) {
        const added = windowsOf(inFlight.request);
        for (const window of added) window.take(inFlight.client.index);
        inFlight.windows = [...inFlight.windows, ...added];
      }
    }
  }

  #settle(inFlight: InFlightRequest): void {
    for (const window of inFlight.windows) if (window.overdue > 0) window.overdue--;
  }
}

/** It ended without an answer; its slots were taken then, or when it became overdue. */
function doubt({ windows, sentAt }: InFlightRequest, endedAt: number): void {
  const takenAt = Math.min(endedAt, sentAt + TRANSIT_MS);
  for (const window of windows) window.doubts.add(endedAt, takenAt + window.holdMs);
}
