import type { Client } from '../client.ts';
import type { Permit, Refusal, SlotRequest } from '../slot-request.ts';
import type { LimitSet } from '../windows/limit-set.ts';
import type { HeapItem } from './indexed-heap.ts';

/** One request that waits. */
export interface Waiter extends HeapItem {
  readonly request: SlotRequest;
  readonly client: Client;
  readonly arrivedAt: number;
  /** Monotonic ms at which it is refused if it still waits; its place in the heap of deadlines. */
  deadline: number;
  /** Arrival number: ties go to who came first. */
  readonly order: number;
  settle(outcome: Permit | Refusal): void;
  /** What it is charged to; changes when the limits change. */
  limitSet: LimitSet;
  list: WaiterList | undefined;
  before: Waiter | undefined;
  after: Waiter | undefined;
}

/** A doubly linked list of waiters, so that a caller who leaves is out in O(1). */
export class WaiterList {
  first: Waiter | undefined;
  last: Waiter | undefined;
  length = 0;

  push(waiter: Waiter): void {
    this.#adopt(waiter);
    waiter.before = this.last;
    if (this.last) this.last.after = waiter;
    else this.first = waiter;
    this.last = waiter;
  }

  unshift(waiter: Waiter): void {
    this.#adopt(waiter);
    waiter.after = this.first;
    if (this.first) this.first.before = waiter;
    else this.last = waiter;
    this.first = waiter;
  }

  remove(waiter: Waiter): void {
    if (waiter.before) waiter.before.after = waiter.after;
    else this.first = waiter.after;
    if (waiter.after) waiter.after.before = waiter.before;
    else this.last = waiter.before;
    waiter.before = undefined;
    waiter.after = undefined;
    waiter.list = undefined;
    this.length--;
  }

  #adopt(waiter: Waiter): void {
    waiter.list = this;
    this.length++;
  }
}
