import type { Clock } from '../../clock.ts';
import { type Client, Clients, isControl } from '../client.ts';
import type { PublishedLimit } from '../published/limit.ts';
import { type OverLimit, triageOverLimit } from '../published/over-limit.ts';
import { refusal } from '../refusal.ts';
import type { BudgetLease, LeaseHolder } from '../shared/lease.ts';
import type { Charge, Permit, Refusal, SlotRequest } from '../slot-request.ts';
import { chargeOf, type ShaperSnapshot, snapshotOf } from '../snapshot.ts';
import { Flight, type FlightOwner } from '../windows/in-flight.ts';
import type { Window } from '../windows/window.ts';
import { type AskedSpan, WindowBook } from '../windows/window-set.ts';
import { Admission } from './admission.ts';
import { Alarm } from './alarm.ts';
import { FairQueue } from './fair-queue.ts';
import { type Lane, levelOf } from './limit-queue.ts';
import type { Shaper, ShaperOptions } from './shaper-contract.ts';
import type { ShaperObserver } from './shaper-observer.ts';
import type { Waiter } from './waiter.ts';

/** Even a request that may not wait waits this long for the shared budget's word, ms. */
const LEASE_GRACE_MS = 100;

/** The shaper: windows, queue and shared budget joined up. See the interface for what it promises. */
export class FairShaper implements Shaper, FlightOwner, LeaseHolder {
  readonly #clock: Clock;
  readonly #settings: ShaperOptions['settings'];
  readonly #observe: ShaperObserver;
  readonly #clients: Clients;
  readonly #book: WindowBook;
  readonly #queue = new FairQueue();
  readonly #admission: Admission;
  readonly #alarm: Alarm;
  readonly #lease: BudgetLease | undefined;
  #arrivals = 0;
  #isHeld = false;
  #isClosed = false;
  #pausedUntil = Number.NEGATIVE_INFINITY;

  constructor(options: ShaperOptions) {
    this.#clock = options.clock;
    this.#settings = options.settings;
    this.#observe = options.observe;
    this.#clients = new Clients((name) => (isControl(name) ? 1 : options.shares(name)));
    this.#book = new WindowBook(options.settings, (window) => {
      options.restore?.(window);
      // Before the region's word on it is heard, which is then the shared budget's to judge.
      if (options.lease) window.share({ allotment: 0, othersUsed: 0 });
    });
    this.#admission = new Admission(this.#queue, this.#book, this.#clients, options.settings);
    this.#alarm = new Alarm(options.clock, () => this.poke());
    this.#lease = options.lease?.(this);
  }

  get queueDepth(): number {
    return this.#queue.depth;
  }

  get windows(): readonly Window[] {
    return this.#book.windows;
  }

  get isEmpty(): boolean {
    const now = this.#clock.monotonic();
    return this.#queue.depth === 0 && now >= this.#pausedUntil && this.#book.isEmpty(now);
  }

  acquire(ask: SlotRequest): Permit | Refusal | Promise<Permit | Refusal> {
    const now = this.#clock.monotonic();
    const lane = this.#book.laneOf(ask);
    const client = this.#clients.find(ask.client);
    if (this.#queue.depth === 0 && this.#mayLeave(ask, now) && lane.isOpen(now))
      return this.#depart(ask, client, lane, now, 0);
    return this.#acquireSlowly(ask, client, lane, now);
  }

  #acquireSlowly(
    ask: SlotRequest,
    client: Client,
    lane: Lane,
    now: number,
  ): Permit | Refusal | Promise<Permit | Refusal> {
    if (this.#isClosed) return this.#refuse(client, refusal('closed', 0));
    this.#pump(now);
    if (this.#mayLeave(ask, now) && this.#queue.mayPass(lane, levelOf(ask), now))
      return this.#depart(ask, client, lane, now, 0);
    const patienceMs = this.#patienceOf(ask);
    const refused = this.#judge(ask, client, lane, now, patienceMs);
    if (refused) return this.#refuse(client, refused);
    const place = this.#admission.findPlace(client, lane, now);
    if (place.refused) return this.#refuse(client, place.refused);
    if (place.victim) this.#dismiss(place.victim, this.#admission.queueFull(lane, now));
    return this.#enqueue(ask, client, lane, now, patienceMs);
  }

  #enqueue(
    ask: SlotRequest,
    client: Client,
    lane: Lane,
    now: number,
    patienceMs: number,
  ): Promise<Permit | Refusal> {
    return new Promise((resolve, reject) => {
      const { signal } = ask;
      if (signal?.aborted) return reject(signal.reason);
      const waiter: Waiter = {
        ask,
        client,
        lane,
        arrivedAt: now,
        deadline: now + Math.max(patienceMs, this.#lease ? LEASE_GRACE_MS : 0),
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
        // A slot may have been kept for it.
        this.poke();
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#queue.add(waiter);
      this.#lease?.hungry();
      this.#arm(now);
    });
  }

  setLimits(limits: readonly PublishedLimit[], span?: AskedSpan): void {
    this.#isHeld = false;
    this.#adopt(limits, span);
  }

  learn(limits: readonly PublishedLimit[]): void {
    if (this.#isHeld) this.#adopt(limits, undefined);
  }

  #adopt(limits: readonly PublishedLimit[], span: AskedSpan | undefined): void {
    const now = this.#clock.monotonic();
    this.#book.settleOverdue(now);
    const waiters = this.#queue.all();
    for (const waiter of waiters) this.#queue.remove(waiter);
    this.#book.adopt(limits, now, span);
    this.#lease?.adopted();
    for (const line of this.#book.problems) this.#observe.problem(line);
    for (const waiter of waiters) this.#admitAgain(waiter, now);
    this.#pump(now);
  }

  /** Queues a waiter under changed limits, unless they make its wait too long. */
  #admitAgain(waiter: Waiter, now: number): void {
    waiter.lane = this.#book.laneOf(waiter.ask);
    const refused = this.#judge(waiter.ask, waiter.client, waiter.lane, now, waiter.deadline - now);
    if (refused) {
      this.#observe.refused(refused.reason, waiter.client.name);
      waiter.settle(refused);
    } else this.#queue.add(waiter);
  }

  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.poke();
  }

  askBegins(): void {
    this.#book.beginSpan();
  }

  askFailed(): void {
    this.#book.endSpan();
  }

  pause(untilMs: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, untilMs);
    if (this.#queue.depth > 0) this.#arm(this.#clock.monotonic());
  }

  reload(): void {
    this.#book.reload();
    this.#clients.reshare((client, before) => {
      for (const window of this.#book.windows) window.turns.reshare(client, before);
    });
    for (const lane of this.#queue.lanes) lane.reorder();
  }

  poke(): void {
    this.#pump(this.#clock.monotonic());
  }

  landed(...[flight, status, headers, nowWall]: Parameters<FlightOwner['landed']>): void {
    const now = this.#clock.monotonic();
    if (!this.#book.land(flight, now)) return;
    if (status === 413 || status === 429 || status === 503) {
      const verdict = triageOverLimit({ status, headers: headers ?? {} }, nowWall ?? this.#clock.now());
      this.refusedUpstream(flight.ask, verdict);
    }
    if (this.#queue.depth > 0) this.#arm(now);
  }

  queued(flight: Flight): void {
    this.#book.hold(flight);
  }

  sent(flight: Flight): void {
    const now = this.#clock.monotonic();
    this.#book.release(flight, now);
    if (this.#queue.depth > 0) this.#arm(now);
  }

  lost(flight: Flight): void {
    this.#book.lose(flight);
  }

  cancelled(flight: Flight): void {
    if (this.#book.cancel(flight) && this.#queue.depth > 0) this.#pump(this.#clock.monotonic());
  }

  chargesOf(flight: Flight): Charge[] {
    const now = this.#clock.monotonic();
    return flight.windows.map((window) => chargeOf(window, now));
  }

  refusedUpstream(ask: SlotRequest, verdict: OverLimit): void {
    const now = this.#clock.monotonic();
    if (verdict.kind === 'pause') this.pause(now + verdict.retryAfterMs);
    if (verdict.kind !== 'rate') return;
    // A limit the region enforces but does not publish: all that is known is how long to leave the region alone.
    if (!this.#book.block(ask, now, verdict.retryAfterMs)) this.pause(now + verdict.retryAfterMs);
    this.#observe.overLimit();
  }

  demandOn(window: Window): number {
    const now = this.#clock.monotonic();
    let waiting = 0;
    for (const lane of this.#queue.lanes) {
      if (!lane.windows.includes(window)) continue;
      // Those whom another window holds up want little of this one, but the first of them wants to keep its slot.
      waiting += lane.bottleneck === window || window.free(now) < 1 ? lane.depth : 1;
    }
    return waiting;
  }

  snapshot(): ShaperSnapshot {
    const now = this.#clock.monotonic();
    return snapshotOf(this.#book.windows, this.#clients.values(), {
      now,
      nowWall: this.#clock.now(),
      queueDepth: this.#queue.depth,
      pausedMs: Math.max(0, this.#pausedUntil - now),
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#isHeld = true;
    this.#alarm.cancel();
    for (const waiter of this.#queue.all()) this.#dismiss(waiter, refusal('closed', 0));
    await this.#lease?.close();
  }

  #mayLeave(ask: SlotRequest, now: number): boolean {
    if (now < this.#pausedUntil) return false;
    return !this.#isHeld || (isControl(ask.client) && !this.#isClosed);
  }

  /** Longest wait, ms. */
  #patienceOf(ask: SlotRequest): number {
    const isControl = levelOf(ask) === 0;
    return isControl ? Number.POSITIVE_INFINITY : Math.min(ask.maxWaitMs, this.#settings.maxWaitMs);
  }

  #judge(ask: SlotRequest, client: Client, lane: Lane, now: number, patienceMs: number): Refusal | undefined {
    const newcomer = { lane, client, level: levelOf(ask), isBatch: ask.priority === 'batch' };
    return this.#admission.judge(newcomer, now, patienceMs, this.#isHeld ? undefined : this.#pausedUntil);
  }

  #depart(ask: SlotRequest, client: Client, lane: Lane, now: number, waitedMs: number): Permit {
    const flight = new Flight(this, ask, client, lane.windows, now, waitedMs);
    this.#book.depart(flight);
    return flight;
  }

  /** Lets leave whoever may, refuses whoever has waited too long, and sets the timer for the next of either. */
  #pump(now: number): void {
    this.#book.settleOverdue(now);
    if (this.#queue.depth === 0) return;
    for (let waiter = this.#next(now); waiter; waiter = this.#next(now)) this.#serve(waiter, now);
    this.#dismissImpatient(now);
    if (!this.#isHeld) this.#dismissSpent(now);
    if (this.#queue.depth > 0) this.#lease?.hungry();
    this.#arm(now);
  }

  #next(now: number): Waiter | undefined {
    if (now < this.#pausedUntil) return undefined;
    return this.#isHeld ? this.#queue.nextControl(now) : this.#queue.next(now);
  }

  #serve(waiter: Waiter, now: number): void {
    this.#queue.remove(waiter);
    for (const window of waiter.lane.windows) window.turns.served(waiter.client);
    const waitedMs = now - waiter.arrivedAt;
    this.#observe.waited(waitedMs, waiter.client.name);
    waiter.settle(this.#depart(waiter.ask, waiter.client, waiter.lane, now, waitedMs));
  }

  #dismissImpatient(now: number): void {
    for (let waiter = this.#queue.mostImpatient(); waiter; waiter = this.#queue.mostImpatient()) {
      if (waiter.deadline > now) return;
      this.#dismiss(waiter, this.#admission.tooLong(waiter.lane, now, this.#pausedUntil));
    }
  }

  #dismissSpent(now: number): void {
    for (const lane of [...this.#queue.lanes]) {
      const refused = this.#admission.spent(lane, now);
      if (refused) for (const waiter of lane.waiters()) this.#dismiss(waiter, refused);
    }
  }

  #dismiss(waiter: Waiter, refused: Refusal): void {
    this.#queue.remove(waiter);
    this.#observe.refused(refused.reason, waiter.client.name);
    waiter.settle(refused);
  }

  #refuse(client: Client, refused: Refusal): Refusal {
    this.#observe.refused(refused.reason, client.name);
    return refused;
  }

  #arm(now: number): void {
    if (this.#queue.depth === 0) return;
    const at = Math.min(
      this.#nextOpening(now),
      this.#queue.mostImpatient()?.deadline ?? Number.POSITIVE_INFINITY,
    );
    this.#alarm.set(at, now);
  }

  /** When the next lane may open, or when there may be more to know about it. */
  #nextOpening(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const lane of this.#queue.lanes) {
      if (this.#isHeld && lane.peek()?.level !== 0) continue;
      let opens = now;
      for (const window of lane.windows) opens = Math.max(opens, window.nextFreeAt(now));
      // One that is open and yet waits does so for another that is not: a slot is kept for that.
      if (opens > now || now < this.#pausedUntil) next = Math.min(next, opens);
    }
    if (next === Number.POSITIVE_INFINITY) next = this.#book.nextOverdueAt;
    return Math.max(next, this.#pausedUntil);
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
