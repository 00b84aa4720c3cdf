import type { Clock, Timer } from '../../clock.ts';
import type { Learning } from '../learned/learning.ts';
import type { PublishedLimit } from '../published/limit.ts';
import type { Window } from '../windows/window.ts';
import { Shares } from './shares.ts';
import {
  type BudgetStore,
  type ExchangeAnswer,
  type ExchangeReport,
  HEARTBEAT_MS,
  LEASE_MS,
  LONGEST_SILENCE_MS,
} from './store.ts';

/** Exchanges beside the heartbeat that every admitted request pays for, and how many may be saved up. */
const EXCHANGES_PER_ADMISSION = 0.06;
const SAVED_EXCHANGES = 5;
/** How long a store that has never answered is waited for, and how often it is tried meanwhile. */
const FIRST_CONTACT_MS = 2_000;
const RETRY_MS = 50;

/** What a lease needs of its shaper. */
export interface LeaseHolder {
  /** The windows that are shared. */
  readonly shared: readonly Window[];
  /** Limits that are found out. */
  readonly learning: Pick<Learning, 'findings' | 'hear' | 'isActive'>;
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

/**
 * One instance's part of a shared budget: asks the store for slots a few at a time, gives back what it does not use, and goes
 * on alone while the store is away, first with what it holds and was promised, then with an equal part of the limit. When it
 * asks and whom it takes to be there is decided here; what its part of each window is, in `Shares`.
 */
export class BudgetLease {
  readonly #options: LeaseOptions;
  readonly #shares = new Shares();
  /** Instances as the store last said; undefined until it has. */
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
  #admittedBefore = 0;
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
    this.#shares.adopt(this.#options.holder.shared);
    if (this.#isAlone && !this.#running) this.#goOnAlone();
    this.#exchangeSoon();
  }

  /** Until all other instances have heard of what this one tells the store, ms; Infinity while they cannot. */
  get hearingMs(): number {
    if (this.#instances === 1) return 0;
    return this.#isAlone ? Number.POSITIVE_INFINITY : LONGEST_SILENCE_MS;
  }

  /** Somebody waits for a slot that this instance has not got. */
  requestMore(): void {
    if (this.#isAlone || this.#isClosed || !this.#shares.isShort) return;
    const { admitted } = this.#shares;
    const earned = (admitted - this.#admittedBefore) * EXCHANGES_PER_ADMISSION;
    this.#admittedBefore = admitted;
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

  /**
   * One exchange is under way at a time; one that is wanted meanwhile follows it:
   *
   *     this instance                                      the store
   *     reports "3 used, 0 wanted"                ---->
   *     the limits change: "wanted again"
   *                                               <----    grants 3, of the windows it was told of
   *     reports the new windows                   ---->    (without it they would have nothing until the next heartbeat)
   */
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
    const sentAt = this.#options.clock.monotonic();
    if (this.#isOfNoUse(sentAt)) return;
    this.#sentAt = sentAt;
    try {
      this.#accept(await this.#options.store.exchange(this.#report(false)), sentAt);
    } catch {
      if (this.#mayStillConnect(sentAt)) this.#retrySoon();
      else this.#goOnAlone();
    }
  }

  /** There are no limits, and nobody asks for anything of which others might know one. */
  #isOfNoUse(now: number): boolean {
    return this.#shares.isEmpty && this.#wasHeard && !this.#options.holder.learning.isActive(now);
  }

  /** At the start a connection takes a moment: taking the whole limit for ours at once would be a guess. */
  #mayStillConnect(now: number): boolean {
    return !this.#wasHeard && now < this.#heardAt + FIRST_CONTACT_MS;
  }

  #retrySoon(): void {
    this.#options.clock.setTimer(() => this.#exchangeSoon(), RETRY_MS);
  }

  #report(isLeaving: boolean): ExchangeReport {
    const limits = this.#shares.report({
      now: this.#options.clock.monotonic(),
      demandOn: (window) => this.#options.holder.demandOn(window),
      isAlone: this.#isAlone,
      storeOffsetMs: this.#wasHeard ? this.#storeOffsetMs : undefined,
    });
    // Who has neither heard of others nor gone on alone beside them need not be waited for.
    const instances = this.#wasHeard || this.#isAlone ? this.#instances : 1;
    const findings = this.#options.holder.learning.findings(this.#options.clock.monotonic());
    return { budget: this.#options.budget, instances, isLeaving, limits, findings };
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
    this.#options.holder.learning.hear(answer.findings, this.#options.clock.monotonic());
    this.#shares.accept(answer, this.#storeOffsetMs);
    if (answer.known) this.#options.holder.learn(answer.known);
    this.#options.holder.recheck();
  }

  #goOnAlone(): void {
    this.#isAlone = true;
    const now = this.#options.clock.monotonic();
    this.#tellOutage(now);
    this.#shares.goOnAlone({
      now,
      heardAt: this.#heardAt,
      wasHeard: this.#wasHeard,
      instances: this.#instances,
      rank: this.#rank,
    });
    this.#options.holder.recheck();
  }

  /** A store that was late once, with the next answer in time, is no news. */
  #tellOutage(now: number): void {
    if (this.#isAloneTold || this.#shares.isEmpty || now < this.#heardAt + LEASE_MS) return;
    this.#isAloneTold = true;
    this.#options.onState(this.#wasHeard ? 'alone' : 'unreached');
  }

  /** As many as there are said to be: who has just started may have been the first to be heard of. */
  get #instances(): number {
    return Math.max(this.#heardOf ?? 1, this.#options.instances());
  }
}
