import type { Clock } from '../../clock.ts';
import { type Client, Clients, isControl } from '../client.ts';
import type { LearnedLimit } from '../learned/learner.ts';
import { Learning } from '../learned/learning.ts';
import type { PublishedLimit } from '../published/limit.ts';
import type { OverLimit } from '../published/over-limit.ts';
import { refusal } from '../refusal.ts';
import type { BudgetLease, LeaseHolder } from '../shared/lease.ts';
import type { Permit, Refusal, SlotRequest } from '../slot-request.ts';
import { type ShaperSnapshot, snapshotOf } from '../snapshot.ts';
import { InFlightRequest } from '../windows/in-flight.ts';
import type { LimitSet } from '../windows/limit-set.ts';
import { MOST_STEPS_OF_ALL } from '../windows/matcher.ts';
import type { AskedSpan } from '../windows/reconcile.ts';
import type { Window } from '../windows/window.ts';
import { WindowSet } from '../windows/window-set.ts';
import { Admission } from './admission.ts';
import { Answers } from './answers.ts';
import { FairQueue } from './fair-queue.ts';
import { Gate } from './gate.ts';
import { levelOf } from './level.ts';
import type { Shaper, ShaperObserver, ShaperOptions } from './shaper-contract.ts';
import type { Waiter } from './waiter.ts';
import { LEASE_GRACE_MS, WaitingRoom } from './waiting-room.ts';

/** Makes the shaper of one user and region. */
export function createShaper(options: ShaperOptions): Shaper {
  return new FairShaper(options);
}

/** The shaper: windows, queue and shared budget joined up. See the interface for what it promises. */
class FairShaper implements Shaper, LeaseHolder {
  readonly #clock: Clock;
  readonly #settings: ShaperOptions['settings'];
  readonly #observe: ShaperObserver;
  readonly #clients: Clients;
  readonly #windowSet: WindowSet;
  readonly #queue = new FairQueue();
  readonly #gate = new Gate();
  readonly #admission: Admission;
  readonly #waitingRoom: WaitingRoom;
  readonly #lease: BudgetLease | undefined;
  readonly learning: Learning;
  readonly #answers: Answers;

  constructor(options: ShaperOptions) {
    const { clock, settings, observe } = options;
    this.#clock = clock;
    this.#settings = settings;
    this.#observe = observe;
    this.#clients = new Clients((name) => (isControl(name) ? 1 : options.shares(name)));
    const restore = (window: Window) => {
      options.restore?.(window);
      // Before the region's word on it is heard, which is then the shared budget's to judge.
      if (options.lease) window.share({ allotment: 0, othersUsed: 0 });
    };
    this.#windowSet = new WindowSet(settings, restore, (line) => observe.problem(line));
    const surroundings = {
      marginMs: () => settings.marginMs,
      hearingMs: () => this.#lease?.hearingMs ?? 0,
      changed: () => this.#lease?.adopted(),
    };
    this.learning = new Learning(this.#windowSet, surroundings, () => this.#adopted());
    this.#admission = new Admission(this.#queue, this.#windowSet, this.#clients, settings);
    this.#waitingRoom = new WaitingRoom({
      clock,
      queue: this.#queue,
      windowSet: this.#windowSet,
      admission: this.#admission,
      gate: this.#gate,
      observe,
      permit: (...granted) => this.#permit(...granted),
      requestMore: () => this.#lease?.requestMore(),
      learning: this.learning,
    });
    const { onDoubt } = options;
    const parts = { windowSet: this.#windowSet, waitingRoom: this.#waitingRoom, gate: this.#gate };
    this.#answers = new Answers({ clock, observe, onDoubt, learning: this.learning, ...parts });
    this.#lease = options.lease?.(this);
    this.learning.adopt(options.learned ?? [], clock.monotonic());
  }

  get queueDepth(): number {
    return this.#queue.depth;
  }

  get windows(): readonly Window[] {
    return this.#windowSet.told;
  }

  get shared(): readonly Window[] {
    return [...this.#windowSet.told, ...this.learning.shared];
  }

  get learned(): LearnedLimit[] {
    return this.learning.known;
  }

  get isEmpty(): boolean {
    const now = this.#clock.monotonic();
    return this.#queue.depth === 0 && !this.#gate.isPaused(now) && this.#windowSet.isEmpty(now);
  }

  acquire(request: SlotRequest): Permit | Refusal | Promise<Permit | Refusal> {
    const now = this.#clock.monotonic();
    const limitSet = this.#windowSet.limitSetOf(request, now);
    const client = this.#clients.find(request.client);
    if (this.#queue.depth === 0 && this.#gate.isOpenTo(request, now) && limitSet.isOpen(now))
      return this.#permit(request, client, limitSet, now, 0);
    return this.#acquireSlowly(request, client, limitSet, now);
  }

  spare(request: SlotRequest, leastFree: number): Permit | undefined {
    const now = this.#clock.monotonic();
    const limitSet = this.#windowSet.limitSetOf(request, now);
    if (this.#queue.depth > 0 || !this.#gate.isOpenTo(request, now) || !limitSet.hasSpare(leastFree, now))
      return undefined;
    return this.#permit(request, this.#clients.find(request.client), limitSet, now, 0);
  }

  force(request: SlotRequest): Permit {
    const now = this.#clock.monotonic();
    const limitSet = this.#windowSet.limitSetOf(request, now);
    return this.#permit(request, this.#clients.find(request.client), limitSet, now, 0);
  }

  #acquireSlowly(
    request: SlotRequest,
    client: Client,
    limitSet: LimitSet,
    now: number,
  ): Permit | Refusal | Promise<Permit | Refusal> {
    if (this.#gate.isClosed) return this.#refuse(client, refusal('closed', 0));
    this.#waitingRoom.serve(now);
    if (this.#gate.isOpenTo(request, now) && this.#queue.mayPass(limitSet, levelOf(request), now))
      return this.#permit(request, client, limitSet, now, 0);
    // GET /limits tells what attempts without an answer have cost: they must not be what it waits for.
    if (isControl(request.client) && this.#gate.isOpenTo(request, now) && limitSet.isOpenButForDoubts(now))
      return this.#permit(request, client, limitSet, now, 0);
    const patienceMs = this.#patienceOf(request);
    const refused = this.#judge(request, client, limitSet, now, patienceMs);
    if (refused) return this.#refuse(client, refused);
    const place = this.#admission.findPlace(client, limitSet, now);
    if (place.refused) return this.#refuse(client, place.refused);
    if (place.victim) this.#waitingRoom.dismiss(place.victim, this.#admission.queueFull(limitSet, now));
    const waitsFor = Math.max(patienceMs, this.#lease ? LEASE_GRACE_MS : 0);
    return this.#waitingRoom.enter(request, client, limitSet, now, waitsFor);
  }

  setLimits(limits: readonly PublishedLimit[], span?: AskedSpan): void {
    this.#gate.isHeld = false;
    this.#adopt(limits, span);
  }

  learn(limits: readonly PublishedLimit[]): void {
    if (this.#gate.isHeld) this.#adopt(limits, undefined);
  }

  #adopt(limits: readonly PublishedLimit[], span: AskedSpan | undefined): void {
    const now = this.#clock.monotonic();
    this.#windowSet.underWay.settleOverdue(now);
    this.#windowSet.adopt(limits, now, span);
    this.#adopted();
  }

  /** There are other windows than before. */
  #adopted(): void {
    this.#lease?.adopted();
    this.#matchAgain();
  }

  /** Whoever waits is judged by them. */
  #matchAgain(): void {
    const [now, steps] = [this.#clock.monotonic(), { left: MOST_STEPS_OF_ALL }];
    for (const waiter of this.#waitingRoom.empty()) {
      waiter.limitSet = this.#windowSet.limitSetOf(waiter.request, now, steps);
      this.#admitAgain(waiter, now);
    }
    this.#waitingRoom.serve(now);
  }

  drain(untilMs: number): void {
    this.#gate.endsAt = untilMs;
    this.#matchAgain();
  }

  /** Queues a waiter under changed limits or times, unless they make its wait too long. */
  #admitAgain(waiter: Waiter, now: number): void {
    const { request, client } = waiter;
    waiter.deadline = Math.min(waiter.deadline, this.#gate.endsAt);
    const refused = this.#judge(request, client, waiter.limitSet, now, waiter.deadline - now);
    if (refused) waiter.settle(this.#refuse(client, refused));
    else this.#queue.add(waiter);
  }

  get hasDoubts(): boolean {
    const now = this.#clock.monotonic();
    return this.windows.some((window) => window.isLong && window.doubtful(now) > 0);
  }

  hold(): void {
    this.#gate.isHeld = true;
  }

  release(): void {
    if (!this.#gate.isHeld) return;
    this.#gate.isHeld = false;
    this.recheck();
  }

  askBegins(): void {
    this.#windowSet.beginSpan();
  }

  askFailed(): void {
    this.#windowSet.endSpan();
  }

  pause(untilMs: number): void {
    this.#gate.pause(untilMs);
    this.#waitingRoom.rearm(this.#clock.monotonic());
  }

  unblock(): void {
    this.#gate.pausedUntil = Number.NEGATIVE_INFINITY;
    this.#windowSet.unblock();
    this.recheck();
  }

  reload(): void {
    this.#windowSet.reload();
    this.#clients.reshare((client, before) => {
      for (const window of this.#windowSet.windows) window.fairClock.reshare(client, before);
    });
    for (const queue of this.#queue.queues) queue.reorder();
  }

  recheck(): void {
    this.#waitingRoom.serve(this.#clock.monotonic());
  }

  refusedUpstream(request: SlotRequest, verdict: OverLimit): void {
    this.#answers.refusedUpstream(request, verdict);
  }

  demandOn(window: Window): number {
    return this.#queue.demandOn(window, this.#clock.monotonic());
  }

  snapshot(): ShaperSnapshot {
    const now = this.#clock.monotonic();
    return snapshotOf(this.#windowSet.settled(now), this.#clients.values(), {
      now,
      nowWall: this.#clock.now(),
      queueDepth: this.#queue.depth,
      waitingFor: (window) => this.#queue.waitingFor(window),
      oldestMs: now - (this.#queue.oldestArrival() ?? now),
      pausedMs: Math.max(0, this.#gate.pausedUntil - now),
    });
  }

  async close(): Promise<void> {
    this.#gate.close();
    this.#waitingRoom.close();
    await this.#lease?.close();
  }

  /** Longest wait, ms. */
  #patienceOf(request: SlotRequest): number {
    if (isControl(request.client)) return Number.POSITIVE_INFINITY;
    return Math.min(request.maxWaitMs, this.#settings.maxWaitMs);
  }

  #judge(
    request: SlotRequest,
    client: Client,
    limitSet: LimitSet,
    now: number,
    patienceMs: number,
  ): Refusal | undefined {
    const newcomer = { limitSet, client, level: levelOf(request), isBatch: request.priority === 'batch' };
    const pausedUntil = this.#gate.isHeld ? undefined : this.#gate.pausedUntil;
    const { endsAt } = this.#gate;
    const leftMs = Math.min(patienceMs, endsAt - now);
    const refused = this.#admission.judge(newcomer, now, leftMs, pausedUntil);
    return refused?.reason === 'wait' && leftMs === endsAt - now ? refusal('closed', 0) : refused;
  }

  #permit(request: SlotRequest, client: Client, limitSet: LimitSet, now: number, waitedMs: number): Permit {
    const inFlight = new InFlightRequest(this.#answers, request, client, limitSet.windows, now, waitedMs);
    this.#windowSet.underWay.add(inFlight);
    this.learning.sent(inFlight, now);
    return inFlight;
  }

  #refuse(client: Client, refused: Refusal): Refusal {
    this.#observe.refused(refused.reason, client.name);
    return refused;
  }
}
