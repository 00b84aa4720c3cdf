import type { Client } from '../client.ts';
import type { LimitSet } from '../windows/limit-set.ts';
import type { Window } from '../windows/window.ts';
import type { Level } from './level.ts';
import type { ClientQueue, LimitQueue } from './limit-queue.ts';

/** Above this many clients on one level their parts are estimated together instead of one by one. */
const MOST_CLIENTS_COUNTED = 64;

/** When a request would leave, and what it would wait for. */
export interface Expectation {
  /** Monotonic ms; Infinity: never. */
  readonly at: number;
  readonly window: Window | undefined;
}

/** A request that thinks of joining the queue. */
export interface Newcomer {
  readonly limitSet: LimitSet;
  readonly client: Client;
  readonly level: Level;
  readonly isBatch: boolean;
}

/** When a newcomer would leave, from the windows and from who would go before it. */
export function expectTurn(
  newcomer: Newcomer,
  queues: Iterable<LimitQueue>,
  now: number,
  latencyMs: number,
): Expectation {
  const active = [...queues].map((queue) => ({ queue, ahead: aheadInQueue(newcomer, queue) }));
  let at = now;
  let latest: Window | undefined;
  for (const window of newcomer.limitSet.windows) {
    const ahead = countAhead(newcomer, window, active);
    const free = window.availableAt(ahead + 1, now, latencyMs);
    if (free <= at && latest) continue;
    at = free;
    latest = window;
  }
  return { at, window: latest };
}

/**
 * How many waiters get a slot of this window before the newcomer. Those who are held up by another, narrower window hardly
 * take any of this one and are left out, except those of the newcomer's own queue.
 */
function countAhead(newcomer: Newcomer, window: Window, queues: readonly QueueAhead[]): number {
  let sum = 0;
  for (const { queue, ahead } of queues) {
    if (!queue.limitSet.windows.includes(window)) continue;
    if (queue.limitSet === newcomer.limitSet || queue.limitSet.bottleneck === window) sum += ahead;
  }
  return sum;
}

/** A queue, and how many of it go before the newcomer. */
interface QueueAhead {
  readonly queue: LimitQueue;
  readonly ahead: number;
}

function aheadInQueue(newcomer: Newcomer, queue: LimitQueue): number {
  let ahead = 0;
  for (let level = 0; level < newcomer.level; level++) ahead += total(queue.clients(level as Level));
  const own = queue.queueOf(newcomer.client, newcomer.level);
  const mine = own ? own.interactive.length + (newcomer.isBatch ? own.batch.length : 0) : 0;
  return ahead + mine + othersAhead(newcomer, queue, mine);
}

/** Of the others each gets its share of slots while the newcomer's client gets `mine` and one more. */
function othersAhead(newcomer: Newcomer, queue: LimitQueue, mine: number): number {
  const turns = (mine + 1) / newcomer.client.share;
  let counted = 0;
  let ahead = 0;
  for (const other of queue.clients(newcomer.level)) {
    if (other.client === newcomer.client) continue;
    ahead += Math.min(lengthOf(other), Math.ceil(turns * other.client.share));
    if (++counted === MOST_CLIENTS_COUNTED)
      return Math.round((ahead * queue.clientCount(newcomer.level)) / counted);
  }
  return ahead;
}

function total(queues: Iterable<ClientQueue>): number {
  let sum = 0;
  for (const queue of queues) sum += lengthOf(queue);
  return sum;
}

function lengthOf(queue: ClientQueue): number {
  return queue.interactive.length + queue.batch.length;
}
