import type { Client } from '../client.ts';
import type { LimitSet } from '../windows/limit-set.ts';
import type { Window } from '../windows/window.ts';
import { IndexedHeap } from './indexed-heap.ts';
import type { Level } from './level.ts';
import { LimitQueue } from './limit-queue.ts';
import { Reservations } from './reservations.ts';
import type { Waiter } from './waiter.ts';

/**
 * The waiting requests of one account and region: a queue for each set of limits, in it one for each client, in that two
 * lists by urgency. Adding, serving and leaving are O(log n); what is looked through one by one are the sets of limits, of
 * which there are a handful.
 */
export class FairQueue {
  /** Every queue there has been; those of limits that are gone go with them. */
  readonly #queues = new WeakMap<LimitSet, LimitQueue>();
  readonly #busy = new Set<LimitQueue>();
  readonly #deadlines = new IndexedHeap<Waiter>((a, b) => a.deadline < b.deadline);

  get depth(): number {
    return this.#deadlines.size;
  }

  /** Those in which somebody waits. */
  get queues(): Iterable<LimitQueue> {
    return this.#busy;
  }

  add(waiter: Waiter): void {
    const queue = this.#queueOf(waiter.limitSet);
    queue.add(waiter);
    waiter.client.waiting++;
    this.#busy.add(queue);
    this.#deadlines.push(waiter);
  }

  remove(waiter: Waiter): void {
    const queue = this.#queueOf(waiter.limitSet);
    queue.remove(waiter);
    waiter.client.waiting--;
    if (queue.depth === 0) this.#busy.delete(queue);
    this.#deadlines.remove(waiter);
  }

  /**
   * The waiter whose turn it is among those who may leave now. Whoever needs slots of several windows at once would see them
   * taken one by one by those who need one of them; when it is its turn, slots are reserved for it.
   */
  next(now: number): Waiter | undefined {
    let best: Candidate | undefined;
    const partlyFull: Candidate[] = [];
    for (const queue of this.#busy) {
      const isOpen = queue.limitSet.isOpen(now);
      if (!isOpen && !queue.limitSet.isPartlyFull(now)) continue;
      const candidate = candidateOf(queue);
      if (!candidate) continue;
      if (!isOpen) partlyFull.push(candidate);
      else if (!best || goesBefore(candidate, best)) best = candidate;
    }
    if (!best || !partlyFull.some((candidate) => goesBefore(candidate, best))) return best?.waiter;
    return this.#nextBeside(now);
  }

  /** Whether a newcomer may leave past everybody who waits: its limits are open, and what is reserved stays reserved. */
  mayPass(limitSet: LimitSet, level: Level, now: number): boolean {
    if (!limitSet.isOpen(now)) return false;
    const reservations = new Reservations(now);
    for (const candidate of this.#ranked(now)) {
      if (candidate.level <= level) reservations.reserve(candidate.waiter.limitSet);
    }
    return reservations.leaveRoomFor(limitSet);
  }

  #queueOf(limitSet: LimitSet): LimitQueue {
    const known = this.#queues.get(limitSet);
    if (known) return known;
    const queue = new LimitQueue(limitSet);
    this.#queues.set(limitSet, queue);
    return queue;
  }

  #nextBeside(now: number): Waiter | undefined {
    const reservations = new Reservations(now);
    for (const candidate of this.#ranked(now)) {
      const { limitSet } = candidate.waiter;
      if (limitSet.isOpen(now) && reservations.leaveRoomFor(limitSet)) return candidate.waiter;
      reservations.reserve(limitSet);
    }
    return undefined;
  }

  /** The first of each queue that has a free slot to want, in order of turn. */
  #ranked(now: number): Candidate[] {
    const candidates: Candidate[] = [];
    for (const queue of this.#busy) {
      const { limitSet } = queue;
      const candidate = limitSet.isOpen(now) || limitSet.isPartlyFull(now) ? candidateOf(queue) : undefined;
      if (candidate) candidates.push(candidate);
    }
    return candidates.sort((a, b) => (goesBefore(a, b) ? -1 : 1));
  }

  /** The next waiter of Sluice's own requests about limits, which nothing but a full window holds up. */
  nextControl(now: number): Waiter | undefined {
    for (const queue of this.#busy) {
      const head = queue.peek();
      if (head?.level === 0 && queue.limitSet.isOpen(now)) return head.waiter;
    }
    return undefined;
  }

  /** The waiter whose patience ends first. */
  mostImpatient(): Waiter | undefined {
    return this.#deadlines.peek();
  }

  /** How many of those who wait want slots of a window: the demand on a shared budget. */
  demandOn(window: Window, now: number): number {
    let waiting = 0;
    for (const { limitSet, depth } of this.#busy) {
      if (!limitSet.windows.includes(window)) continue;
      // Those whom another window holds up want little of this one, but the first of them wants to keep its slot.
      waiting += limitSet.bottleneck === window || window.free(now) < 1 ? depth : 1;
    }
    return waiting;
  }

  /** How many wait whom a window is about, whatever else holds them up. */
  waitingFor(window: Window): number {
    let waiting = 0;
    for (const { limitSet, depth } of this.#busy) if (limitSet.windows.includes(window)) waiting += depth;
    return waiting;
  }

  /** When the one came who waits longest, monotonic ms; undefined: nobody waits. */
  oldestArrival(): number | undefined {
    let oldest: number | undefined;
    for (const { arrivedAt } of this.#deadlines.values())
      if (oldest === undefined || arrivedAt < oldest) oldest = arrivedAt;
    return oldest;
  }

  /** Everybody, in order of arrival: O(n log n), for when the limits change. */
  all(): Waiter[] {
    return [...this.#deadlines.values()].sort((a, b) => a.order - b.order);
  }

  /**
   * Who has to make room for a request of `client` when the queue is full: the last one of the client that holds most places
   * for its share, if that is more than `client` would hold. Otherwise one client's flood would shut out all others.
   */
  whoMakesRoom(client: Client, clients: Iterable<Client>): Waiter | undefined {
    let greedy: Client | undefined;
    for (const other of clients) {
      if (!greedy || other.waiting / other.share > greedy.waiting / greedy.share) greedy = other;
    }
    if (!greedy || greedy === client) return undefined;
    if (greedy.waiting / greedy.share <= (client.waiting + 1) / client.share) return undefined;
    return this.#lastOf(greedy);
  }

  #lastOf(client: Client): Waiter | undefined {
    let last: Waiter | undefined;
    for (const queue of this.#busy) {
      for (const level of [1, 2] as const) {
        const own = queue.queueOf(client, level);
        const waiter = own && (own.batch.last ?? own.interactive.last);
        if (waiter && (!last || waiter.order > last.order)) last = waiter;
      }
    }
    return last;
  }
}

interface Candidate {
  readonly waiter: Waiter;
  readonly level: Level;
  /** How far its client is ahead at the window where it is most ahead: wide windows say little of who wants narrow ones. */
  readonly lead: number;
}

function candidateOf(queue: LimitQueue): Candidate | undefined {
  const head = queue.peek();
  if (!head) return undefined;
  let lead = Number.NEGATIVE_INFINITY;
  for (const { fairClock } of queue.limitSet.windows)
    lead = Math.max(lead, fairClock.lead(head.waiter.client));
  return { ...head, lead };
}

function goesBefore(a: Candidate, b: Candidate): boolean {
  if (a.level !== b.level) return a.level < b.level;
  return a.lead !== b.lead ? a.lead < b.lead : a.waiter.order < b.waiter.order;
}
