import type { Client } from '../client.ts';
import { IndexedHeap } from './indexed-heap.ts';
import type { Lane, Level } from './limit-queue.ts';
import { KeptSlots } from './reservations.ts';
import type { Waiter } from './waiter.ts';

/**
 * The waiting requests of one account and region: lanes by what they are charged to, seats by client, two lists by urgency.
 * Adding, serving and leaving are O(log n); what is looked through one by one are lanes, of which there are a handful.
 */
export class FairQueue {
  readonly #lanes = new Set<Lane>();
  readonly #deadlines = new IndexedHeap<Waiter>((a, b) => a.deadline < b.deadline);

  get depth(): number {
    return this.#deadlines.size;
  }

  /** Lanes in which somebody waits. */
  get lanes(): Iterable<Lane> {
    return this.#lanes;
  }

  add(waiter: Waiter): void {
    waiter.lane.add(waiter);
    waiter.client.waiting++;
    this.#lanes.add(waiter.lane);
    this.#deadlines.push(waiter);
  }

  remove(waiter: Waiter): void {
    waiter.lane.remove(waiter);
    waiter.client.waiting--;
    if (waiter.lane.depth === 0) this.#lanes.delete(waiter.lane);
    this.#deadlines.remove(waiter);
  }

  /**
   * The waiter whose turn it is among those who may leave now. Whoever needs slots of several windows at once would see them
   * taken one by one by those who need one of them; when it is its turn, slots are kept for it.
   */
  next(now: number): Waiter | undefined {
    let best: Candidate | undefined;
    const torn: Candidate[] = [];
    for (const lane of this.#lanes) {
      const isOpen = lane.isOpen(now);
      if (!isOpen && !lane.isTorn(now)) continue;
      const candidate = candidateOf(lane);
      if (!candidate) continue;
      if (!isOpen) torn.push(candidate);
      else if (!best || goesBefore(candidate, best)) best = candidate;
    }
    if (!best || !torn.some((candidate) => goesBefore(candidate, best))) return best?.waiter;
    return this.#nextBeside(now);
  }

  /** Whether a newcomer may leave past everybody who waits: its lane is open, and what is kept for others stays kept. */
  mayPass(lane: Lane, level: Level, now: number): boolean {
    if (!lane.isOpen(now)) return false;
    const kept = new KeptSlots(now);
    for (const candidate of this.#ranked(now)) {
      if (candidate.level <= level) kept.keep(candidate.waiter.lane);
    }
    return kept.spares(lane);
  }

  #nextBeside(now: number): Waiter | undefined {
    const kept = new KeptSlots(now);
    for (const candidate of this.#ranked(now)) {
      const { lane } = candidate.waiter;
      if (lane.isOpen(now) && kept.spares(lane)) return candidate.waiter;
      kept.keep(lane);
    }
    return undefined;
  }

  /** The first of each lane that has a free slot to want, in order of turn. */
  #ranked(now: number): Candidate[] {
    const candidates: Candidate[] = [];
    for (const lane of this.#lanes) {
      const candidate = lane.isOpen(now) || lane.isTorn(now) ? candidateOf(lane) : undefined;
      if (candidate) candidates.push(candidate);
    }
    return candidates.sort((a, b) => (goesBefore(a, b) ? -1 : 1));
  }

  /** The next waiter of Sluice's own requests about limits, which nothing but a full window holds up. */
  nextControl(now: number): Waiter | undefined {
    for (const lane of this.#lanes) {
      const head = lane.peek();
      if (head?.level === 0 && lane.isOpen(now)) return head.waiter;
    }
    return undefined;
  }

  /** The waiter whose patience ends first. */
  mostImpatient(): Waiter | undefined {
    return this.#deadlines.peek();
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
    for (const lane of this.#lanes) {
      for (const level of [1, 2] as const) {
        const seat = lane.seatOf(client, level);
        const waiter = seat && (seat.batch.last ?? seat.interactive.last);
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

function candidateOf(lane: Lane): Candidate | undefined {
  const head = lane.peek();
  if (!head) return undefined;
  let lead = Number.NEGATIVE_INFINITY;
  for (const { turns } of lane.windows) lead = Math.max(lead, turns.lead(head.waiter.client));
  return { ...head, lead };
}

function goesBefore(a: Candidate, b: Candidate): boolean {
  if (a.level !== b.level) return a.level < b.level;
  return a.lead !== b.lead ? a.lead < b.lead : a.waiter.order < b.waiter.order;
}
