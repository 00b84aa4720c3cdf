import { historyOf } from '../windows/history.ts';
import { TRANSIT_MS } from '../windows/under-way.ts';
import type { Window } from '../windows/window.ts';
import { type ExchangeAnswer, LEASE_MS, type LimitReport, LONGEST_SILENCE_MS } from './store.ts';

/** An instance gives its grants up this long before the store thinks it is gone. */
const FENCE_MS = 100;
/** Steps in which the store is told when slots come free. */
const HISTORY_STEPS = 48;

/** What the store has said of one window. */
interface Share {
  /** Undefined: the store has not answered about the window yet. */
  granted: number | undefined;
  promised: number;
  /** How many slots had been taken ever at the last report. */
  takenBefore: number;
  /** Slots of the dead and of strangers. */
  gone: number;
  /** The limit's value that all this is a part of. */
  value: number;
  /** Slots that were taken and wanted at the last report. */
  asked: number;
}

/** How a report is to be made. */
export interface Reporting {
  readonly now: number;
  /** Requests that wait for a slot of the window. */
  readonly demandOn: (window: Window) => number;
  /** Without the store nothing is given back: it would not hear of it. */
  readonly isAlone: boolean;
  /** The store's clock less ours, ms; undefined while it has not been heard. */
  readonly storeOffsetMs: number | undefined;
}

/** What is known of the others while the store does not answer. */
export interface Outage {
  readonly now: number;
  /** When the last exchange that succeeded was sent; before the first, since when the store has been tried. */
  readonly heardAt: number;
  readonly wasHeard: boolean;
  readonly instances: number;
  /** Place among the instances; undefined: what does not divide evenly is nobody's. */
  readonly rank: number | undefined;
}

/** One instance's share of every window: what it may take, what it tells the store of it, and what it makes of the answer. */
export class Shares {
  readonly #shares = new Map<Window, Share>();

  get isEmpty(): boolean {
    return this.#shares.size === 0;
  }

  /** The windows changed: new ones have nothing until the store has given it. */
  adopt(windows: readonly Window[]): void {
    for (const window of this.#shares.keys()) if (!windows.includes(window)) this.#shares.delete(window);
    for (const window of windows) {
      const share = this.#shares.get(window);
      if (share) shrink(window, share);
      else this.#add(window);
    }
  }

  #add(window: Window): void {
    const { taken, limit } = window;
    const { value } = limit;
    const share = { granted: undefined, promised: 0, takenBefore: taken, gone: 0, value, asked: 0 };
    this.#shares.set(window, share);
    window.share({ allotment: 0, othersUsed: 0 });
  }

  /** Whether there is anything to be had at all: with the whole limit in hand only time helps. */
  get isShort(): boolean {
    for (const window of this.#shares.keys()) if (window.allotment < window.limit.value) return true;
    return false;
  }

  /** Requests admitted so far, ever: slots taken of the window of which most were. */
  get admitted(): number {
    let most = 0;
    for (const window of this.#shares.keys()) most = Math.max(most, window.taken);
    return most;
  }

  report(reporting: Reporting): LimitReport[] {
    return [...this.#shares].map(([window, share]) => this.#reportOf(window, share, reporting));
  }

  /**
   * What is not needed before the next report goes back with this one, and must not be taken from here on:
   *
   *     this instance               the store                another instance
   *     keeps 4 of its 10
   *     reports "holds 4"   ---->   6 are free
   *                                 grants 6        ---->    takes 6
   *     takes up to 4
   *                         <----   the answer
   *
   * Had it kept all 10 until the answer, 16 might have been taken of 10.
   */
  #reportOf(window: Window, share: Share, { now, demandOn, isAlone, storeOffsetMs }: Reporting): LimitReport {
    const used = window.own(now);
    const wanted = demandOn(window);
    const taken = window.taken - share.takenBefore;
    share.takenBefore = window.taken;
    share.value = window.limit.value;
    share.asked = used + wanted;
    const ahead = taken > 0 || wanted > 0 ? Math.ceil(taken * 1.5) + 1 : 0;
    if (!isAlone) {
      window.allotment = Math.min(window.allotment, used + wanted + ahead);
      if (share.granted !== undefined) share.granted = Math.min(share.granted, window.allotment);
    }
    const isRemembered = window.isLong && storeOffsetMs !== undefined;
    const report = {
      key: window.key,
      value: window.limit.value,
      holdMs: Math.ceil(window.holdMs),
      used,
      held: Math.max(used, window.allotment),
      promised: share.promised,
      wanted,
      ahead,
      gone: share.gone,
      history: isRemembered ? historyOf(window, HISTORY_STEPS, storeOffsetMs, false) : [],
    };
    const seen = window.takeSeen();
    const { verb, uri, regex, value, unit } = window.limit;
    // What was found out is told otherwise.
    const isTold = share.granted === undefined && window.limit.origin !== 'learned';
    const limit = isTold ? { verb, uri, regex, value, unit } : undefined;
    return seen === undefined && limit === undefined ? report : { ...report, seen, limit };
  }

  /**
   * Takes what the store has given.
   * @param storeOffsetMs the store's clock less ours
   */
  accept({ limits, instances }: ExchangeAnswer, storeOffsetMs: number): void {
    const grants = new Map(limits.map((grant) => [grant.key, grant]));
    for (const [window, share] of this.#shares) {
      const grant = grants.get(window.key);
      if (!grant) continue;
      share.granted = grant.granted;
      share.promised = grant.promised;
      share.gone = grant.gone;
      const { granted: allotment, othersFreeAt = Number.POSITIVE_INFINITY } = grant;
      window.share({
        allotment,
        othersUsed: grant.othersUsed,
        othersFreeAt: othersFreeAt - storeOffsetMs,
        isExhausted: allotment < share.asked,
        fairPart: Math.floor(window.limit.value / instances),
      });
      shrink(window, share);
    }
  }

  /**
   * The store does not answer. What was granted and promised stays ours, and nobody else's, until the lease ends:
   *
   *     this instance                                 the store
   *     0.0 s  reports, heardAt = 0.0 s     ---->     0.1 s  counts the lease from here
   *            (nothing gets through any more)
   *     1.9 s  gives its grants up
   *                                                   2.1 s  takes it for dead, gives its slots to others
   *
   * Then one that holds more than an equal part sheds it, and one that holds less may take it once what the others shed has
   * left the windows.
   */
  goOnAlone({ now, heardAt, wasHeard, instances, rank }: Outage): void {
    const leaseEndsAt = heardAt + LEASE_MS - FENCE_MS;
    for (const [window, share] of this.#shares) {
      const { value } = window.limit;
      // Until the store has said what others use, only the region has.
      const equal = equalPart(value - (wasHeard ? 0 : window.strangers(now)), instances, rank);
      const shedBy = heardAt + LONGEST_SILENCE_MS + LEASE_MS + window.holdMs + TRANSIT_MS;
      // Of a window the store has not been told of, others may have been granted all there is.
      const unheard = wasHeard && now < leaseEndsAt ? 0 : equal;
      const own = share.granted === undefined ? unheard : share.granted + share.promised;
      const allotment = now < leaseEndsAt ? own : now < shedBy ? Math.min(own, equal) : equal;
      window.share({ allotment, othersUsed: Math.max(0, value - Math.max(equal, allotment)) });
    }
  }
}

function equalPart(value: number, instances: number, heardRank: number | undefined): number {
  if (value <= 0) return 0;
  const rank = heardRank ?? (instances === 1 ? 0 : instances);
  return Math.floor(value / instances) + (rank < value % instances ? 1 : 0);
}

/**
 * The limit was lowered since the store was told of it. Everybody's part shrinks by as much, so that together they are no
 * more than the new value even before the store has been asked, or while it cannot be.
 */
function shrink(window: Window, share: Share): void {
  const { value } = window.limit;
  if (value >= share.value) return;
  const shrunk = (slots: number) => Math.floor((slots * value) / share.value);
  if (share.granted !== undefined) share.granted = shrunk(share.granted);
  share.promised = shrunk(share.promised);
  window.allotment = shrunk(window.allotment);
  share.value = value;
}
