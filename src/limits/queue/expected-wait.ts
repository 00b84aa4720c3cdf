import type { Client } from '../client.ts';
import type { Window } from '../windows/window.ts';
import type { Lane, Level, Seat } from './limit-queue.ts';

/** Above this many clients on one level their parts are estimated together instead of one by one. */
const MOST_SEATS_COUNTED = 64;

/** When a request would leave, and what it would wait for. */
export interface Expectation {
  /** Monotonic ms; Infinity: never. */
  readonly at: number;
  readonly window: Window | undefined;
}

/** A request that thinks of joining the queue. */
export interface Newcomer {
  readonly lane: Lane;
  readonly client: Client;
  readonly level: Level;
  readonly isBatch: boolean;
}

/** When a newcomer would leave, from the windows and from who would go before it. */
export function expectTurn(
  newcomer: Newcomer,
  lanes: Iterable<Lane>,
  now: number,
  latencyMs: number,
): Expectation {
  const active = [...lanes].map((lane) => ({ lane, ahead: aheadInLane(newcomer, lane) }));
  let at = now;
  let latest: Window | undefined;
  for (const window of newcomer.lane.windows) {
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
 * take any of this one and are left out, except those of the newcomer's own lane.
 */
function countAhead(newcomer: Newcomer, window: Window, lanes: readonly LaneAhead[]): number {
  let sum = 0;
  for (const { lane, ahead } of lanes) {
    if (!lane.windows.includes(window)) continue;
    if (lane === newcomer.lane || lane.bottleneck === window) sum += ahead;
  }
  return sum;
}

/** A lane, and how many of it go before the newcomer. */
interface LaneAhead {
  readonly lane: Lane;
  readonly ahead: number;
}

function aheadInLane(newcomer: Newcomer, lane: Lane): number {
  let ahead = 0;
  for (let level = 0; level < newcomer.level; level++) ahead += total(lane.seats(level as Level));
  const own = lane.seatOf(newcomer.client, newcomer.level);
  const mine = own ? own.interactive.length + (newcomer.isBatch ? own.batch.length : 0) : 0;
  return ahead + mine + othersAhead(newcomer, lane, mine);
}

/** Of the others each gets its share of slots while the newcomer's client gets `mine` and one more. */
function othersAhead(newcomer: Newcomer, lane: Lane, mine: number): number {
  const turns = (mine + 1) / newcomer.client.share;
  let counted = 0;
  let ahead = 0;
  for (const seat of lane.seats(newcomer.level)) {
    if (seat.client === newcomer.client) continue;
    ahead += Math.min(lengthOf(seat), Math.ceil(turns * seat.client.share));
    if (++counted === MOST_SEATS_COUNTED)
      return Math.round((ahead * lane.seatCount(newcomer.level)) / counted);
  }
  return ahead;
}

function total(seats: Iterable<Seat>): number {
  let sum = 0;
  for (const seat of seats) sum += lengthOf(seat);
  return sum;
}

function lengthOf(seat: Seat): number {
  return seat.interactive.length + seat.batch.length;
}
