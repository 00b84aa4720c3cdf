import type { Clock } from '../../clock.ts';
import type { Client } from '../client.ts';
import type { Learning } from '../learned/learning.ts';
import { refusal } from '../refusal.ts';
import type { Permit, Refusal, SlotRequest } from '../slot-request.ts';
import type { LimitSet } from '../windows/limit-set.ts';
import type { WindowSet } from '../windows/window-set.ts';
import type { Admission } from './admission.ts';
import { Alarm } from './alarm.ts';
import type { FairQueue } from './fair-queue.ts';
import type { Gate } from './gate.ts';
import type { ShaperObserver } from './shaper-contract.ts';
import type { Waiter } from './waiter.ts';

/** Even a request that may not wait waits this long for the shared budget's word, ms. */
export const LEASE_GRACE_MS = 100;

/** What a waiting room needs of its shaper. */
export interface WaitingRoomOptions {
  readonly clock: Clock;
  readonly queue: FairQueue;
  readonly windowSet: WindowSet;
  readonly admission: Admission;
  readonly gate: Gate;
  readonly observe: ShaperObserver;
  /** Makes the permit of a request whose turn has come. */
  readonly permit: (
    request: SlotRequest,
    client: Client,
    limitSet: LimitSet,
    now: number,
    waitedMs: number,
  ) => Permit;
  /** Somebody waits: a shared budget may have more. */
  readonly requestMore: () => void;
  /** Limits that are found out. */
  readonly learning: Pick<Learning, 'probe' | 'probeAt'>;
}

/** The queue in motion: calls whoever's turn it is, sends away who has waited too long, and sets the timer for the next. */
export class WaitingRoom {
  readonly #options: WaitingRoomOptions;
  readonly #queue: FairQueue;
  readonly #gate: Gate;
  readonly #alarm: Alarm;
  #arrivals = 0;

  constructor(options: WaitingRoomOptions) {
    this.#options = options;
    this.#queue = options.queue;
    this.#gate = options.gate;
    this.#alarm = new Alarm(options.clock, () => this.serve(options.clock.monotonic()));
  }

  /** Waits for a slot: until it has one, its patience has ended, or its caller leaves, when the promise rejects. */
  enter(
    request: SlotRequest,
    client: Client,
    limitSet: LimitSet,
    now: number,
    patienceMs: number,
  ): Promise<Permit | Refusal> {
    return new Promise((resolve, reject) => {
      const { signal } = request;
      if (signal?.aborted) return reject(signal.reason);
      const waiter: Waiter = {
        request,
        client,
        limitSet,
        arrivedAt: now,
        deadline: Math.min(now + patienceMs, this.#gate.endsAt),
        order: this.#arrivals++,
        settle: signal ? settleAnd(resolve, signal, () => leave) : resolve,
        heapIndex: -1,
        list: undefined,
        before: undefined,
        after: undefined,
      };
      const leave = () => {
        this.#queue.remove(waiter);
        reject(signal?.reason);
        // A slot may have been reserved for it.
        this.serve(this.#options.clock.monotonic());
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#queue.add(waiter);
      this.#options.requestMore();
      this.#arm(now);
    });
  }

  /** Everybody, out of the queue: the limits change, and each has to be judged anew. */
  empty(): Waiter[] {
    const waiters = this.#queue.all();
    for (const waiter of waiters) this.#queue.remove(waiter);
    return waiters;
  }

  /** Lets leave whoever may, refuses whoever has waited too long, and sets the timer for the next of either. */
  serve(now: number): void {
    this.#options.windowSet.underWay.settleOverdue(now);
    this.#options.learning.probe(now);
    if (this.#queue.depth === 0) return;
    for (let waiter = this.#next(now); waiter; waiter = this.#next(now)) this.#call(waiter, now);
    this.#dismissImpatient(now);
    if (!this.#gate.isHeld) this.#dismissSpent(now);
    if (this.#queue.depth > 0) this.#options.requestMore();
    this.#arm(now);
  }

  /** Something has changed that moves the next opening: sets the timer by it, if anybody waits. */
  rearm(now: number): void {
    if (this.#queue.depth > 0) this.#arm(now);
  }

  /** Sends a waiter away. */
  dismiss(waiter: Waiter, refused: Refusal): void {
    this.#queue.remove(waiter);
    this.#options.observe.refused(refused.reason, waiter.client.name);
    waiter.settle(refused);
  }

  /** Sends everybody away. */
  close(): void {
    this.#alarm.cancel();
    for (const waiter of this.#queue.all()) this.dismiss(waiter, refusal('closed', 0));
  }

  #next(now: number): Waiter | undefined {
    if (this.#gate.isPaused(now)) return undefined;
    return this.#gate.isHeld ? this.#queue.nextControl(now) : this.#queue.next(now);
  }

  #call(waiter: Waiter, now: number): void {
    const { request, client, limitSet } = waiter;
    this.#queue.remove(waiter);
    for (const window of limitSet.windows) window.fairClock.served(client);
    const waitedMs = now - waiter.arrivedAt;
    this.#options.observe.waited(waitedMs, client.name);
    waiter.settle(this.#options.permit(request, client, limitSet, now, waitedMs));
  }

  #dismissImpatient(now: number): void {
    for (let waiter = this.#queue.mostImpatient(); waiter; waiter = this.#queue.mostImpatient()) {
      if (waiter.deadline > now) return;
      const isEnd = waiter.deadline >= this.#gate.endsAt;
      const { pausedUntil } = this.#gate;
      const tooLong = () => this.#options.admission.tooLong(waiter.limitSet, now, pausedUntil);
      this.dismiss(waiter, isEnd ? refusal('closed', 0) : tooLong());
    }
  }

  #dismissSpent(now: number): void {
    for (const queue of [...this.#queue.queues]) {
      const refused = this.#options.admission.spent(queue.limitSet, now);
      if (refused) for (const waiter of queue.waiters()) this.dismiss(waiter, refused);
    }
  }

  #arm(now: number): void {
    if (this.#queue.depth === 0) return;
    const deadline = this.#queue.mostImpatient()?.deadline ?? Number.POSITIVE_INFINITY;
    this.#alarm.set(Math.min(this.#nextOpening(now), deadline), now);
  }

  /** When the next queue may open, or when there may be more to know about it. */
  #nextOpening(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const queue of this.#queue.queues) {
      if (this.#gate.isHeld && queue.peek()?.level !== 0) continue;
      let opens = now;
      for (const window of queue.limitSet.windows) opens = Math.max(opens, window.nextFreeAt(now));
      // One that is open and yet waits does so for another that is not: a slot is reserved for that.
      if (opens > now || this.#gate.isPaused(now)) next = Math.min(next, opens);
    }
    next = Math.min(next, this.#options.learning.probeAt(now));
    if (next === Number.POSITIVE_INFINITY) next = this.#options.windowSet.underWay.nextOverdueAt;
    return Math.max(next, this.#gate.pausedUntil);
  }
}

/** Settles a waiter and stops listening for its caller's leaving. */
function settleAnd(
  resolve: (outcome: Permit | Refusal) => void,
  signal: AbortSignal,
  listener: () => () => void,
): (outcome: Permit | Refusal) => void {
  return (outcome) => {
    signal.removeEventListener('abort', listener());
    resolve(outcome);
  };
}
