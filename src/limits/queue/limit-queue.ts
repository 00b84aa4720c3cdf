import { type Client, isControl } from '../client.ts';
import type { SlotRequest } from '../slot-request.ts';
import type { Window } from '../windows/window.ts';
import { type HeapItem, IndexedHeap } from './indexed-heap.ts';
import { type Waiter, WaiterList } from './waiter.ts';

/** 0: what keeps the shaper itself informed (GET /limits). 1: callers. 2: background work. */
export type Level = 0 | 1 | 2;
const LEVELS: readonly Level[] = [0, 1, 2];

/** One client's waiters on one level of a lane. */
export interface Seat extends HeapItem {
  readonly client: Client;
  readonly interactive: WaiterList;
  readonly batch: WaiterList;
  /** The client's tag when the seat was last placed; tags only grow, so a seat is never too late in the heap. */
  tag: number;
}

/** The level a request waits on. */
export function levelOf(ask: SlotRequest): Level {
  if (isControl(ask.client)) return 0;
  return ask.priority === 'background' ? 2 : 1;
}

/**
 * Requests that are charged to the same windows wait in one lane, so that a full window holds up only those who need it.
 * Inside a lane whose turn it is follows the tags of the window that is its bottleneck.
 */
export class Lane {
  readonly windows: readonly Window[];
  readonly forbidden: Window | undefined;
  depth = 0;
  readonly #levels: readonly Map<Client, Seat>[] = LEVELS.map(() => new Map());
  readonly #heaps = LEVELS.map(() => new IndexedHeap<Seat>(goesBefore));
  #bottleneck: Window | undefined;

  constructor(windows: readonly Window[]) {
    this.windows = windows;
    this.forbidden = windows.find((window) => window.limit.value === 0);
    this.#bottleneck = windows[0];
  }

  /** The window that was full last, whose order decides. */
  get bottleneck(): Window | undefined {
    return this.#bottleneck;
  }

  /** Whether a request of this lane may leave now; otherwise what is full becomes the bottleneck. */
  isOpen(now: number): boolean {
    let full: Window | undefined;
    for (const window of this.windows) {
      if (window.free(now) >= 1) continue;
      if (window === this.#bottleneck) return false;
      full ??= window;
    }
    if (!full) return true;
    this.#bottleneck = full;
    this.reorder();
    return false;
  }

  /** Whether some of the windows have room and others have not. */
  isTorn(now: number): boolean {
    if (this.windows.length < 2) return false;
    let open = 0;
    for (const window of this.windows) if (window.free(now) >= 1) open++;
    return open > 0 && open < this.windows.length;
  }

  /** The clients that wait on a level. */
  seats(level: Level): Iterable<Seat> {
    return this.#levels[level]!.values();
  }

  seatCount(level: Level): number {
    return this.#levels[level]!.size;
  }

  seatOf(client: Client, level: Level): Seat | undefined {
    return this.#levels[level]!.get(client);
  }

  add(waiter: Waiter): void {
    for (const window of this.windows) window.turns.join(waiter.client);
    const seat = this.#seat(waiter.client, levelOf(waiter.ask));
    const list = waiter.ask.priority === 'batch' ? seat.batch : seat.interactive;
    if (waiter.ask.again) list.unshift(waiter);
    else list.push(waiter);
    this.depth++;
  }

  remove(waiter: Waiter): void {
    for (const window of this.windows) window.turns.leave(waiter.client);
    waiter.list?.remove(waiter);
    this.depth--;
    const level = levelOf(waiter.ask);
    const seat = this.#levels[level]!.get(waiter.client);
    if (!seat || seat.interactive.length + seat.batch.length > 0) return;
    this.#levels[level]!.delete(waiter.client);
    this.#heaps[level]!.remove(seat);
  }

  /** Who goes next in this lane. */
  peek(): { waiter: Waiter; level: Level } | undefined {
    for (const level of LEVELS) {
      const seat = this.#first(level);
      const waiter = seat && (seat.interactive.first ?? seat.batch.first);
      if (waiter) return { waiter, level };
    }
    return undefined;
  }

  /** Everybody who waits, in no particular order between clients. */
  *waiters(): Generator<Waiter> {
    for (const level of this.#levels) {
      for (const seat of [...level.values()]) {
        for (const list of [seat.interactive, seat.batch]) yield* membersOf(list);
      }
    }
  }

  #seat(client: Client, level: Level): Seat {
    const known = this.#levels[level]!.get(client);
    if (known) return known;
    const seat: Seat = {
      client,
      interactive: new WaiterList(),
      batch: new WaiterList(),
      tag: this.#tag(client),
      heapIndex: -1,
    };
    this.#levels[level]!.set(client, seat);
    this.#heaps[level]!.push(seat);
    return seat;
  }

  /** The first seat whose tag is up to date: those that were served elsewhere since are put back first. */
  #first(level: Level): Seat | undefined {
    const heap = this.#heaps[level]!;
    for (;;) {
      const seat = heap.peek();
      if (!seat || seat.tag === this.#tag(seat.client)) return seat;
      seat.tag = this.#tag(seat.client);
      heap.moved(seat);
    }
  }

  /** Puts every seat in its place: whose turn it is has changed for many at once. */
  reorder(): void {
    for (const heap of this.#heaps) {
      for (const seat of heap.values()) seat.tag = this.#tag(seat.client);
      heap.rebuild();
    }
  }

  #tag(client: Client): number {
    return this.#bottleneck?.turns.tag(client) ?? 0;
  }
}

function goesBefore(a: Seat, b: Seat): boolean {
  return a.tag !== b.tag ? a.tag < b.tag : a.client.index < b.client.index;
}

function* membersOf(list: WaiterList): Generator<Waiter> {
  for (let waiter = list.first; waiter; ) {
    const next: Waiter | undefined = waiter.after;
    yield waiter;
    waiter = next;
  }
}
