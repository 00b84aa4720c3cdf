import type { Clock, Timer } from '../clock.ts';
import type { Ask, Charge, Permit, Refusal } from './ask.ts';
import type { BudgetLease, LeaseHolder } from './budget-lease.ts';
import { type Client, Clients } from './client.ts';
import { expectTurn } from './expectation.ts';
import { FairQueue } from './fair-queue.ts';
import { Flight, type FlightOwner } from './flight.ts';
import { CONTROL_CLIENT, type Lane, levelOf } from './lane.ts';
import { type OverLimit, triageOverLimit } from './over-limit.ts';
import type { PublishedLimit } from './published-limit.ts';
import { refusal } from './refusal.ts';
import type { LimitsSettings } from './settings.ts';
import type { ShaperObserver } from './shaper-observer.ts';
import { chargeOf, type ShaperSnapshot, snapshotOf } from './snapshot.ts';
import type { Waiter } from './waiter.ts';
import type { Window } from './window.ts';
import { type AskedSpan, WindowBook } from './window-book.ts';

/** Even a request that may not wait waits this long for the shared budget's word, ms. */
const LEASE_GRACE_MS = 100;

/**
 * The shaper of one user and region: lets through what the limits allow, in a fair order, and refuses at once what would wait
 * too long. Decisions are synchronous and take the clock's time; the only thing it starts is one timer, for the next slot.
 */
export interface Shaper {
  /** A permit at once when there is room (no promise is made then), a refusal at once, or a promise of one of them. */
  acquire(ask: Ask): Permit | Refusal | Promise<Permit | Refusal>;
  /** Takes over a list of limits; `span` when they come from GET /limits with `remaining`. */
  setLimits(limits: readonly PublishedLimit[], span?: AskedSpan): void;
  /** Nothing but GET /limits leaves until `release` (or the next `setLimits`): the limits are not known yet. */
  hold(): void;
  release(): void;
  /** GET /limits leaves; what is answered from now on is remembered until `setLimits` or `askFailed`. */
  askBegins(): void;
  askFailed(): void;
  /** The region wants to be left alone until this monotonic ms. */
  pause(untilMs: number): void;
  /** Applies what an answer's body said to the windows of its request, beyond what `answered` saw in its headers. */
  refusedUpstream(ask: Ask, verdict: OverLimit): void;
  /** Room may have appeared without an answer: look again. */
  poke(): void;
  snapshot(): ShaperSnapshot;
  /** Refuses everybody who waits and everybody who comes; resolves when a shared budget has its slots back. */
  close(): Promise<void>;
  readonly queueDepth: number;
  readonly windows: readonly Window[];
}

export interface ShaperOptions {
  readonly clock: Clock;
  readonly settings: Pick<LimitsSettings, 'maxWaitMs' | 'maxQueue' | 'maxQueuePerClient' | 'marginMs'>;
  /** Weight of a client in the fair queue. */
  readonly shares: (client: string) => number;
  readonly observe: ShaperObserver;
  /** Makes this instance's part of a budget that several share; left out, all of it is this process's. */
  readonly lease?: ((holder: LeaseHolder) => BudgetLease) | undefined;
}

export function createShaper(options: ShaperOptions): Shaper {
  return new FairShaper(options);
}

class FairShaper implements Shaper, FlightOwner, LeaseHolder {
  readonly #clock: Clock;
  readonly #settings: ShaperOptions['settings'];
  readonly #observe: ShaperObserver;
  readonly #clients: Clients;
  readonly #book: WindowBook;
  readonly #queue = new FairQueue();
  readonly #lease: BudgetLease | undefined;
  #arrivals = 0;
  #isHeld = false;
  #isClosed = false;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(options: ShaperOptions) {
    this.#clock = options.clock;
    this.#settings = options.settings;
    this.#observe = options.observe;
    this.#clients = new Clients((name) => (name === CONTROL_CLIENT ? 1 : options.shares(name)));
    this.#book = new WindowBook(options.settings.marginMs);
    this.#lease = options.lease?.(this);
  }

  get queueDepth(): number {
    return this.#queue.depth;
  }

  get windows(): readonly Window[] {
    return this.#book.windows;
  }

  acquire(ask: Ask): Permit | Refusal | Promise<Permit | Refusal> {
    const now = this.#clock.monotonic();
    const lane = this.#book.laneOf(ask);
    const client = this.#clients.find(ask.client);
    if (this.#queue.depth === 0 && this.#mayLeave(ask, now) && lane.isOpen(now))
      return this.#depart(ask, client, lane, now, 0);
    return this.#acquireSlowly(ask, client, lane, now);
  }

  #acquireSlowly(
    ask: Ask,
    client: Client,
    lane: Lane,
    now: number,
  ): Permit | Refusal | Promise<Permit | Refusal> {
    if (this.#isClosed) return this.#refuse(client, refusal('closed', 0));
    this.#pump(now);
    if (this.#mayLeave(ask, now) && lane.isOpen(now)) return this.#depart(ask, client, lane, now, 0);
    const waitMs = levelOf(ask) === 0 ? Number.POSITIVE_INFINITY : this.#patienceOf(ask);
    const refused = this.#judge(ask, client, lane, now, waitMs) ?? this.#findPlace(client, lane, now);
    if (refused) return this.#refuse(client, refused);
    return this.#enqueue(ask, client, lane, now, waitMs);
  }

  /** Why a request need not queue at all: forbidden, spent, or too long a wait. */
  #judge(ask: Ask, client: Client, lane: Lane, now: number, patienceMs: number): Refusal | undefined {
    if (lane.forbidden) return refusal('forbidden', lane.forbidden.holdMs, lane.forbidden.limit);
    if (this.#isHeld) return undefined;
    const newcomer = { lane, client, level: levelOf(ask), isBatch: ask.priority === 'batch' };
    const expected = expectTurn(newcomer, this.#queue.lanes, now, this.#book.latencyMs);
    const spent = this.#findSpent(lane, now);
    if (spent) return refusal('spent', spent.availableAt(1, now, this.#book.latencyMs) - now, spent.limit);
    const at = Math.max(expected.at, this.#pausedUntil);
    if (at - now <= patienceMs) return undefined;
    return refusal('wait', at - now, at > expected.at ? undefined : expected.window?.limit);
  }

  /** The window per HOUR or DAY of which nothing is left for one more, those who wait for it included. */
  #findSpent(lane: Lane, now: number): Window | undefined {
    return lane.windows.find((window) => {
      if (!window.isLong) return false;
      let waiting = 0;
      for (const other of this.#queue.lanes) if (other.windows.includes(window)) waiting += other.depth;
      return window.isSpent(now, waiting);
    });
  }

  /** Makes sure that there is room in the queue, or says why not. */
  #findPlace(client: Client, lane: Lane, now: number): Refusal | undefined {
    if (client.name === CONTROL_CLIENT) return undefined;
    const retryMs = Math.min(
      60_000,
      (lane.bottleneck?.availableAt(1, now, this.#book.latencyMs) ?? now) - now,
    );
    const limit = lane.bottleneck?.limit;
    if (client.waiting >= this.#settings.maxQueuePerClient)
      return refusal('client-queue-full', retryMs, limit);
    if (this.#queue.depth < this.#settings.maxQueue) return undefined;
    const victim = this.#queue.whoMakesRoom(client, this.#clients.values());
    if (!victim) return refusal('queue-full', retryMs, limit);
    this.#dismiss(victim, refusal('queue-full', retryMs, limit));
    return undefined;
  }

  #enqueue(ask: Ask, client: Client, lane: Lane, now: number, patienceMs: number): Promise<Permit | Refusal> {
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
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#queue.add(waiter);
      this.#lease?.hungry();
      this.#arm(now);
    });
  }

  setLimits(limits: readonly PublishedLimit[], span?: AskedSpan): void {
    const now = this.#clock.monotonic();
    this.#book.settleOverdue(now);
    const waiters = this.#queue.all();
    for (const waiter of waiters) this.#queue.remove(waiter);
    this.#book.adopt(limits, now, span);
    this.#lease?.adopted();
    this.#isHeld = false;
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

  cancelled(flight: Flight): void {
    if (this.#book.cancel(flight) && this.#queue.depth > 0) this.#pump(this.#clock.monotonic());
  }

  chargesOf(flight: Flight): Charge[] {
    const now = this.#clock.monotonic();
    return flight.windows.map((window) => chargeOf(window, now));
  }

  refusedUpstream(ask: Ask, verdict: OverLimit): void {
    const now = this.#clock.monotonic();
    if (verdict.kind === 'pause') this.pause(now + verdict.retryAfterMs);
    if (verdict.kind !== 'rate') return;
    for (const window of this.#suspects(ask, verdict.retryAfterMs)) window.block(now + verdict.retryAfterMs);
    this.#observe.overLimit();
  }

  /**
   * The windows that can have said no: a fixed window ends within its unit, so of those of a request the shortest unit that
   * Retry-After fits into. When it fits none, the longest.
   */
  #suspects(ask: Ask, retryAfterMs: number): Window[] {
    const windows = [...this.#book.laneOf(ask).windows].sort((a, b) => a.holdMs - b.holdMs);
    // Dates are rounded up by a second: a SECOND limit may ask for two.
    const first = windows.find((window) => window.holdMs + 1_000 >= retryAfterMs) ?? windows.at(-1);
    return windows.filter((window) => window.limit.unit === first?.limit.unit);
  }

  demandOn(window: Window): number {
    const now = this.#clock.monotonic();
    let waiting = 0;
    for (const lane of this.#queue.lanes) {
      if (!lane.windows.includes(window)) continue;
      if (lane.bottleneck === window || window.free(now) < 1) waiting += lane.depth;
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
    this.#timer?.cancel();
    for (const waiter of this.#queue.all()) this.#dismiss(waiter, refusal('closed', 0));
    await this.#lease?.close();
  }

  #mayLeave(ask: Ask, now: number): boolean {
    if (now < this.#pausedUntil) return false;
    return !this.#isHeld || (ask.client === CONTROL_CLIENT && !this.#isClosed);
  }

  #patienceOf(ask: Ask): number {
    return Math.min(ask.maxWaitMs, this.#settings.maxWaitMs);
  }

  #depart(ask: Ask, client: Client, lane: Lane, now: number, waitedMs: number): Permit {
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
      const { bottleneck } = waiter.lane;
      const freeAt = bottleneck?.availableAt(1, now, this.#book.latencyMs) ?? now;
      this.#dismiss(waiter, refusal('wait', Math.max(freeAt, this.#pausedUntil) - now, bottleneck?.limit));
    }
  }

  /** Nobody is parked for hours: who waits for a limit per HOUR or DAY that is used up by now is told so. */
  #dismissSpent(now: number): void {
    for (const lane of [...this.#queue.lanes]) {
      const spent = lane.windows.find((window) => window.isLong && window.isSpent(now, 0));
      if (!spent) continue;
      const waitMs = spent.availableAt(1, now, this.#book.latencyMs) - now;
      for (const waiter of lane.waiters()) this.#dismiss(waiter, refusal('spent', waitMs, spent.limit));
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
    if (at >= this.#timerAt || at === Number.POSITIVE_INFINITY) return;
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = this.#clock.setTimer(() => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.#pump(this.#clock.monotonic());
    }, at - now);
  }

  /** When the next lane may open, or when there may be more to know about it. */
  #nextOpening(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const lane of this.#queue.lanes) {
      if (this.#isHeld && lane.peek()?.level !== 0) continue;
      let opens = now;
      for (const window of lane.windows) opens = Math.max(opens, window.nextFreeAt(now));
      next = Math.min(next, opens);
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
