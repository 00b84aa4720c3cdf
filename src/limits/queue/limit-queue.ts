import type { Client } from '../client.ts';
import type { LimitSet } from '../windows/limit-set.ts';
import type { Window } from '../windows/window.ts';
import { type HeapItem, IndexedHeap } from './indexed-heap.ts';
import { LEVELS, type Level, levelOf } from './level.ts';
import { type Waiter, WaiterList } from './waiter.ts';

/** One client's waiters on one level of a queue. */
export interface ClientQueue extends HeapItem {
  readonly client: Client;
  readonly interactive: WaiterList;
  readonly batch: WaiterList;
  /** The client's tag when it was last placed; tags only grow, so a client is never too late in the heap. */
  tag: number;
}

/**
 * Requests that are charged to the same windows wait in one queue, so that a full window holds up only those who need it.
 * Inside a queue whose turn it is follows the tags of the window that is its bottleneck.
 */
export class LimitQueue {
  readonly limitSet: LimitSet;
  depth = 0;
  readonly #levels: readonly Map<Client, ClientQueue>[] = LEVELS.map(() => new Map());
  readonly #heaps = LEVELS.map(() => new IndexedHeap<ClientQueue>(goesBefore));
  /** The window by whose tags the heaps are in order. */
  #orderedBy: Window | undefined;

  constructor(limitSet: LimitSet) {
    this.limitSet = limitSet;
    this.#orderedBy = limitSet.bottleneck;
  }

  /** The clients that wait on a level. */
  clients(level: Level): Iterable<ClientQueue> {
    return this.#levels[level]!.values();
  }

  clientCount(level: Level): number {
    return this.#levels[level]!.size;
  }

  queueOf(client: Client, level: Level): ClientQueue | undefined {
    return this.#levels[level]!.get(client);
  }

  add(waiter: Waiter): void {
    const { request, client } = waiter;
    for (const window of this.limitSet.windows) window.fairClock.join(client);
    const queue = this.#open(client, levelOf(request));
    const list = request.priority === 'batch' ? queue.batch : queue.interactive;
    if (request.again) list.unshift(waiter);
    else list.push(waiter);
    this.depth++;
  }

  remove(waiter: Waiter): void {
    const { request, client } = waiter;
    for (const window of this.limitSet.windows) window.fairClock.leave(client);
    waiter.list?.remove(waiter);
    this.depth--;
    const level = levelOf(request);
    const queue = this.#levels[level]!.get(client);
    if (!queue || queue.interactive.length + queue.batch.length > 0) return;
    this.#levels[level]!.delete(client);
    this.#heaps[level]!.remove(queue);
  }

  /** Who goes next in this queue. */
  peek(): { waiter: Waiter; level: Level } | undefined {
    for (const level of LEVELS) {
      const queue = this.#first(level);
      const waiter = queue && (queue.interactive.first ?? queue.batch.first);
      if (waiter) return { waiter, level };
    }
    return undefined;
  }

  /** Everybody who waits, in no particular order between clients. */
  *waiters(): Generator<Waiter> {
    for (const level of this.#levels) {
      for (const queue of [...level.values()]) {
        for (const list of [queue.interactive, queue.batch]) yield* membersOf(list);
      }
    }
  }

  /** Puts every client in its place: whose turn it is has changed for many at once. */
  reorder(): void {
    this.#orderedBy = this.limitSet.bottleneck;
    for (const heap of this.#heaps) {
      for (const queue of heap.values()) queue.tag = this.#tag(queue.client);
      heap.rebuild();
    }
  }

  #open(client: Client, level: Level): ClientQueue {
    const known = this.#levels[level]!.get(client);
    if (known) return known;
    this.#keepOrder();
    const queue: ClientQueue = {
      client,
      interactive: new WaiterList(),
      batch: new WaiterList(),
      tag: this.#tag(client),
      heapIndex: -1,
    };
    this.#levels[level]!.set(client, queue);
    this.#heaps[level]!.push(queue);
    return queue;
  }

  /** The first client whose tag is up to date: those that were served elsewhere since are put back first. */
  #first(level: Level): ClientQueue | undefined {
    this.#keepOrder();
    const heap = this.#heaps[level]!;
    for (;;) {
      const queue = heap.peek();
      if (!queue || queue.tag === this.#tag(queue.client)) return queue;
      queue.tag = this.#tag(queue.client);
      heap.moved(queue);
    }
  }

  /** Another window has become the bottleneck, so that other tags decide. */
  #keepOrder(): void {
    if (this.#orderedBy !== this.limitSet.bottleneck) this.reorder();
  }

  #tag(client: Client): number {
    return this.#orderedBy?.fairClock.tag(client) ?? 0;
  }
}

function goesBefore(a: ClientQueue, b: ClientQueue): boolean {
  return a.tag !== b.tag ? a.tag < b.tag : a.client.index < b.client.index;
}

function* membersOf(list: WaiterList): Generator<Waiter> {
  for (let waiter = list.first; waiter; ) {
    const next: Waiter | undefined = waiter.after;
    yield waiter;
    waiter = next;
  }
}
