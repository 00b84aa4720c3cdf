import { type Client, type Clients, isControl } from '../client.ts';
import { refusal } from '../refusal.ts';
import type { LimitsSettings } from '../settings.ts';
import type { Refusal } from '../slot-request.ts';
import type { LimitSet } from '../windows/limit-set.ts';
import type { Window } from '../windows/window.ts';
import type { WindowSet } from '../windows/window-set.ts';
import { expectTurn, type Newcomer } from './expected-wait.ts';
import type { FairQueue } from './fair-queue.ts';
import type { Waiter } from './waiter.ts';

/** A full queue does not say when it will have room; nobody is sent away for longer than this. */
const LONGEST_QUEUE_RETRY_MS = 60_000;

/** How soon the region is asked what it counted of attempts without an answer, ms. */
const DOUBT_RETRY_MS = 10_000;

/** A place in the queue, or why there is none. */
export interface QueuePlace {
  readonly refused?: Refusal;
  /** Who has to leave for it. */
  readonly victim?: Waiter;
}

/** Decides on arrival whether a request that cannot leave at once may wait. */
export class Admission {
  readonly #queue: FairQueue;
  readonly #windowSet: WindowSet;
  readonly #clients: Clients;
  readonly #settings: Pick<LimitsSettings, 'maxQueue' | 'maxQueuePerClient'>;

  constructor(
    queue: FairQueue,
    windowSet: WindowSet,
    clients: Clients,
    settings: Pick<LimitsSettings, 'maxQueue' | 'maxQueuePerClient'>,
  ) {
    this.#queue = queue;
    this.#windowSet = windowSet;
    this.#clients = clients;
    this.#settings = settings;
  }

  /**
   * Why a newcomer need not queue at all: what it wants is forbidden, used up, or would take longer than its patience.
   * @param pausedUntil when the region may be asked again; undefined while the limits are not known, which says nothing
   *   about how long anything will take
   */
  judge(
    newcomer: Newcomer,
    now: number,
    patienceMs: number,
    pausedUntil: number | undefined,
  ): Refusal | undefined {
    const { forbidden } = newcomer.limitSet;
    if (forbidden) return refusal('forbidden', forbidden.holdMs, forbidden.limit);
    if (pausedUntil === undefined) return undefined;
    const spent = this.#findSpent(newcomer.limitSet, now);
    if (spent) return refusal('spent', this.#leftUntilFree(spent, now), spent.limit);
    const expected = expectTurn(newcomer, this.#queue.queues, now, this.#windowSet.underWay.latencyMs);
    const at = Math.max(expected.at, pausedUntil);
    if (at - now <= patienceMs) return undefined;
    return refusal('wait', at - now, at > expected.at ? undefined : expected.window?.limit);
  }

  /** Room in the queue, for which the last of the greediest client may have to leave. */
  findPlace(client: Client, limitSet: LimitSet, now: number): QueuePlace {
    if (isControl(client.name)) return {};
    if (client.waiting >= this.#settings.maxQueuePerClient)
      return {
        refused: refusal('client-queue-full', this.#retryMs(limitSet, now), limitSet.bottleneck?.limit),
      };
    if (this.#queue.depth < this.#settings.maxQueue) return {};
    const victim = this.#queue.whoMakesRoom(client, this.#clients.values());
    return victim ? { victim } : { refused: this.queueFull(limitSet, now) };
  }

  queueFull(limitSet: LimitSet, now: number): Refusal {
    return refusal('queue-full', this.#retryMs(limitSet, now), limitSet.bottleneck?.limit);
  }

  /** What somebody is told whose time is up. */
  tooLong(limitSet: LimitSet, now: number, pausedUntil: number): Refusal {
    const { bottleneck } = limitSet;
    const freeAt = bottleneck ? this.#freeAt(bottleneck, now) : now;
    return refusal('wait', Math.max(freeAt, pausedUntil) - now, bottleneck?.limit);
  }

  /** What the waiters of a set of limits are told once a limit per HOUR or DAY is used up; nobody is parked for hours. */
  spent(limitSet: LimitSet, now: number): Refusal | undefined {
    const window = limitSet.windows.find((candidate) => candidate.isLong && candidate.isSpent(now, 0));
    return window && refusal('spent', this.#leftUntilFree(window, now), window.limit);
  }

  /** The window per HOUR or DAY of which nothing is left for one more, those who wait for it included. */
  #findSpent(limitSet: LimitSet, now: number): Window | undefined {
    return limitSet.windows.find((window) => window.isLong && window.isSpent(now, this.#waitingFor(window)));
  }

  #waitingFor(window: Window): number {
    let waiting = 0;
    for (const { limitSet, depth } of this.#queue.queues)
      if (limitSet.windows.includes(window)) waiting += depth;
    return waiting;
  }

  #retryMs(limitSet: LimitSet, now: number): number {
    const freeAt = limitSet.bottleneck ? this.#freeAt(limitSet.bottleneck, now) : now;
    return Math.min(LONGEST_QUEUE_RETRY_MS, freeAt - now);
  }

  /** What is spent by attempts without an answer alone is free as soon as the region has said that it did not count them. */
  #leftUntilFree(window: Window, now: number): number {
    const leftMs = this.#freeAt(window, now) - now;
    return window.isSpentInDoubt(now) ? Math.min(leftMs, DOUBT_RETRY_MS) : leftMs;
  }

  #freeAt(window: Window, now: number): number {
    return window.availableAt(1, now, this.#windowSet.underWay.latencyMs);
  }
}
