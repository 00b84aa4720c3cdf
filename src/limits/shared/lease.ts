import type { Clock, Timer } from '../../clock.ts';
import type { PublishedLimit } from '../published/limit.ts';
import { historyOf } from '../windows/history.ts';
import type { Window } from '../windows/window.ts';
import { TRANSIT_MS } from '../windows/window-set.ts';
import {
  type BudgetStore,
  type ExchangeAnswer,
  HEARTBEAT_MS,
  LEASE_MS,
  type LimitReport,
  LONGEST_SILENCE_MS,
} from './store.ts';

/** Exchanges beside the heartbeat that every admitted request pays for, and how many may be saved up. */
const EXCHANGES_PER_ADMISSION = 0.06;
const SAVED_EXCHANGES = 5;
/** An instance gives its grants up this long before the store thinks it is gone. */
const FENCE_MS = 100;
const HISTORY_STEPS = 48;
/** How long a store that has never answered is waited for, and how often it is tried meanwhile. */
const FIRST_CONTACT_MS = 2_000;
const RETRY_MS = 50;

/** What a lease needs of its shaper. */
export interface LeaseHolder {
  readonly windows: readonly Window[];
  /** Requests that wait for a slot of the window. */
  demandOn(window: Window): number;
  /** There may be more room. */
  recheck(): void;
  /** What others keep to; heeded until the region has been asked. */
  learn(limits: readonly PublishedLimit[]): void;
}

export type LeaseState = 'shared' | 'alone' | 'unreached';

export interface LeaseOptions {
  readonly clock: Clock;
  readonly store: BudgetStore;
  readonly holder: LeaseHolder;
  /** User and region. */
  readonly budget: string;
  /** How many instances there are taken to be until the store has said. */
  readonly instances: () => number;
  /** Hears how many instances there are, from the store. */
  readonly onInstances?: ((count: number) => void) | undefined;
  /** Hears when the store has been away for a lease (ever since the start: `unreached`), and when it is back. */
  readonly onState: (state: LeaseState) => void;
}

/** What the store has said of one window. */
interface Part {
  /** Undefined: the store has not answered about the window yet. */
  granted: number | undefined;
  promised: number;
  /** How many slots had been taken ever at the last report. */
  takenBefore: number;
  /** Slots of the dead and of strangers. */
  gone: number;
  /** The limit's value that all this is a part of. */
  value: number;
}

/**
 * One instance's part of a shared budget: asks the store for slots a few at a time, gives back what it does not use, and goes
 * on alone while the store is away, first with what it holds and was promised, then with an equal part of the limit.
 */
export class BudgetLease {
  readonly #options: LeaseOptions;
  readonly #parts = new Map<Window, Part>();
  /** Undefined until the store has said. */
  #heardOf: number | undefined;
  /** Undefined until the store has been heard: what does not divide evenly is then nobody's. */
  #rank: number | undefined;
  /** When the last exchange that succeeded was sent; before the first, since when the store has been tried. */
  #heardAt: number;
  #wasHeard = false;
  #sentAt = Number.NEGATIVE_INFINITY;
  #isAlone = false;
  #isAloneTold = false;
  #isClosed = false;
  #running: Promise<void> | undefined;
  #isWantedAgain = false;
  #savedExchanges = SAVED_EXCHANGES;
  #takenBefore = 0;
  /** The store's clock less ours. */
  #storeOffsetMs = 0;
  #heartbeat: Timer | undefined;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#heardAt = options.clock.monotonic();
    this.#beat();
  }

  /** The windows changed: new ones have nothing until the store has given it. */
  adopted(): void {
    const { windows } = this.#options.holder;
    for (const window of this.#parts.keys()) if (!windows.includes(window)) this.#parts.delete(window);
    for (const window of windows) {
      const part = this.#parts.get(window);
      if (part) shrinkTo(window, part);
      else this.#addPart(window);
    }
    if (this.#isAlone && !this.#running) this.#goOnAlone();
    this.#exchangeSoon();
  }

  #addPart(window: Window): void {
    const { taken, limit } = window;
    const { value } = limit;
    this.#parts.set(window, { granted: undefined, promised: 0, takenBefore: taken, gone: 0, value });
    window.share({ allotment: 0, othersUsed: 0 });
  }

  /** Somebody waits for a slot that this instance has not got. */
  requestMore(): void {
    if (this.#isAlone || this.#isClosed || !this.#isShort()) return;
    const taken = this.#taken();
    const earned = (taken - this.#takenBefore) * EXCHANGES_PER_ADMISSION;
    this.#takenBefore = taken;
    this.#savedExchanges = Math.min(SAVED_EXCHANGES, this.#savedExchanges + earned);
    if (this.#running || this.#savedExchanges < 1) return;
    this.#savedExchanges--;
    this.#exchangeSoon();
  }

  /** Gives everything back. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#heartbeat?.cancel();
    await this.#running;
    await this.#options.store.exchange(this.#report(true)).catch(() => undefined);
  }

  #beat(): void {
    this.#heartbeat = this.#options.clock.setTimer(() => {
      this.#beat();
      // Before the report: what is taken after it, the store does not hear of.
      if (this.#isAlone && !this.#running) this.#goOnAlone();
      if (this.#options.clock.monotonic() - this.#sentAt > HEARTBEAT_MS / 2) this.#exchangeSoon();
    }, HEARTBEAT_MS);
  }

  #exchangeSoon(): void {
    if (this.#isClosed) return;
    if (this.#running) {
      this.#isWantedAgain = true;
      return;
    }
    this.#running = this.#exchange().finally(() => {
      this.#running = undefined;
      const again = this.#isWantedAgain;
      this.#isWantedAgain = false;
      // A store that is away is asked again by the heartbeat, not in a loop.
      if (again && !this.#isAlone) this.#exchangeSoon();
    });
  }

  async #exchange(): Promise<void> {
    if (this.#parts.size === 0) return;
    const sentAt = this.#options.clock.monotonic();
    this.#sentAt = sentAt;
    try {
      this.#accept(await this.#options.store.exchange(this.#report(false)), sentAt);
    } catch {
      if (this.#mayStillConnect(sentAt)) this.#retrySoon();
      else this.#goOnAlone();
    }
  }

  /** At the start a connection takes a moment: taking the whole limit for ours at once would be a guess. */
  #mayStillConnect(now: number): boolean {
    return !this.#wasHeard && now < this.#heardAt + FIRST_CONTACT_MS;
  }

  #retrySoon(): void {
    this.#options.clock.setTimer(() => this.#exchangeSoon(), RETRY_MS);
  }

  #report(isLeaving: boolean) {
    const now = this.#options.clock.monotonic();
    const limits = [...this.#parts].map(([window, part]) => this.#reportOf(window, part, now));
    // Who has neither heard of others nor gone on alone beside them need not be waited for.
    const instances = this.#wasHeard || this.#isAlone ? this.#instances : 1;
    return { budget: this.#options.budget, instances, isLeaving, limits };
  }

  #reportOf(window: Window, part: Part, now: number): LimitReport {
    const used = window.own(now);
    const wanted = this.#options.holder.demandOn(window);
    const taken = window.taken - part.takenBefore;
    part.takenBefore = window.taken;
    part.value = window.limit.value;
    const ahead = taken > 0 || wanted > 0 ? Math.ceil(taken * 1.5) + 1 : 0;
    if (!this.#isAlone) {
      // What is not needed before the next report goes back with this one.
      window.allotment = Math.min(window.allotment, used + wanted + ahead);
      if (part.granted !== undefined) part.granted = Math.min(part.granted, window.allotment);
    }
    const report = {
      key: window.key,
      value: window.limit.value,
      holdMs: Math.ceil(window.holdMs),
      used,
      held: Math.max(used, window.allotment),
      promised: part.promised,
      wanted,
      ahead,
      gone: part.gone,
      history: window.isLong && this.#wasHeard ? historyOf(window, HISTORY_STEPS, this.#storeOffsetMs) : [],
    };
    const seen = window.takeSeen();
    const { verb, uri, regex, value, unit } = window.limit;
    const limit = part.granted === undefined ? { verb, uri, regex, value, unit } : undefined;
    return seen === undefined && limit === undefined ? report : { ...report, seen, limit };
  }

  #accept(answer: ExchangeAnswer, sentAt: number): void {
    if (this.#heardOf !== answer.instances) this.#options.onInstances?.(answer.instances);
    this.#heardOf = answer.instances;
    this.#rank = answer.rank;
    this.#heardAt = sentAt;
    this.#wasHeard = true;
    // Measured from the sending, the store's times come out later than they are: a slot is rather freed late.
    this.#storeOffsetMs = answer.now - sentAt;
    if (this.#isAloneTold) this.#options.onState('shared');
    this.#isAlone = false;
    this.#isAloneTold = false;
    const grants = new Map(answer.limits.map((grant) => [grant.key, grant]));
    for (const [window, part] of this.#parts) {
      const grant = grants.get(window.key);
      if (!grant) continue;
      part.granted = grant.granted;
      part.promised = grant.promised;
      part.gone = grant.gone;
      window.share({ allotment: grant.granted, othersUsed: grant.othersUsed });
      shrinkTo(window, part);
    }
    if (answer.known) this.#options.holder.learn(answer.known);
    this.#options.holder.recheck();
  }

  /**
   * The store does not answer. What was granted and promised stays ours, and nobody else's, until the lease ends; then an
   * instance that holds more than an equal part sheds it, and one that holds less may take it once what the others shed has
   * left the windows.
   */
  #goOnAlone(): void {
    this.#isAlone = true;
    const now = this.#options.clock.monotonic();
    this.#tellOutage(now);
    const leaseEndsAt = this.#heardAt + LEASE_MS - FENCE_MS;
    for (const [window, part] of this.#parts) {
      const { value } = window.limit;
      // Until the store has said what others use, only the region has.
      const equal = this.#equalPart(value - (this.#wasHeard ? 0 : window.strangers(now)));
      const shedBy = this.#heardAt + LONGEST_SILENCE_MS + LEASE_MS + window.holdMs + TRANSIT_MS;
      // Of a window the store has not been told of, others may have been granted all there is.
      const unheard = this.#wasHeard && now < leaseEndsAt ? 0 : equal;
      const own = part.granted === undefined ? unheard : part.granted + part.promised;
      const allotment = now < leaseEndsAt ? own : now < shedBy ? Math.min(own, equal) : equal;
      window.share({ allotment, othersUsed: Math.max(0, value - Math.max(equal, allotment)) });
    }
    this.#options.holder.recheck();
  }

  /** A store that was late once, with the next answer in time, is no news. */
  #tellOutage(now: number): void {
    if (this.#isAloneTold || now < this.#heardAt + LEASE_MS) return;
    this.#isAloneTold = true;
    this.#options.onState(this.#wasHeard ? 'alone' : 'unreached');
  }

  /** As many as there are said to be: who has just started may have been the first to be heard of. */
  get #instances(): number {
    return Math.max(this.#heardOf ?? 1, this.#options.instances());
  }

  #equalPart(value: number): number {
    if (value <= 0) return 0;
    const rank = this.#rank ?? (this.#instances === 1 ? 0 : this.#instances);
    return Math.floor(value / this.#instances) + (rank < value % this.#instances ? 1 : 0);
  }

  /** Whether there is anything to be had at all: with the whole limit in hand only time helps. */
  #isShort(): boolean {
    for (const window of this.#parts.keys()) if (window.allotment < window.limit.value) return true;
    return false;
  }

  #taken(): number {
    let most = 0;
    for (const window of this.#parts.keys()) most = Math.max(most, window.taken);
    return most;
  }
}

/**
 * The limit was lowered since the store was told of it. Everybody's part shrinks by as much, so that together they are no
 * more than the new value even before the store has been asked, or while it cannot be.
 */
function shrinkTo(window: Window, part: Part): void {
  const { value } = window.limit;
  if (value >= part.value) return;
  const shrunk = (slots: number) => Math.floor((slots * value) / part.value);
  if (part.granted !== undefined) part.granted = shrunk(part.granted);
  part.promised = shrunk(part.promised);
  window.allotment = shrunk(window.allotment);
  part.value = value;
}
