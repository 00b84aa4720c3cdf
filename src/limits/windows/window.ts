import { isLongUnit, limitKey, type PublishedLimit, periodOf } from '../published/limit.ts';
import { Doubts } from './doubts.ts';
import { ExpiryLog } from './expiry-log.ts';
import { FairClock } from './fair-clock.ts';

/** Two clocks' rates may differ by 500 ppm (the most NTP slews): over a DAY that is 43 s. */
const CLOCK_DRIFT = 0.0005;

/** A process's part of a window that several share. */
export interface WindowPart {
  /** Slots it may have taken at once. */
  readonly allotment: number;
  /** Slots that others have taken. */
  readonly othersUsed: number;
  /** When the first of those comes free, as far as that is known. */
  readonly othersFreeAt?: number;
  /** It wanted more than there was. */
  readonly isExhausted?: boolean;
  /** How much it will have at least when all want it. */
  readonly fairPart?: number;
}

/**
 * The strict sliding window of one limit. A slot is taken when a request leaves and comes free one unit plus a margin after
 * its answer's head: wherever in between the upstream counted it, no unit holds more than `value` of them. That is enough for
 * sliding logs, fixed windows with any start and leaky buckets alike, and idle time earns no burst.
 * All times are monotonic ms of one clock.
 */
export class Window {
  readonly key: string;
  /** How long a slot stays taken after the answer. */
  holdMs: number;
  readonly isLong: boolean;
  /** Slots of this process that were answered less than a unit ago. */
  readonly log: ExpiryLog;
  /** Slots that others used (another consumer of the account), as the region said. */
  readonly strangersLog: ExpiryLog;
  /** Of those in the log, slots of requests that got no answer: nobody knows yet whether the region counted them. */
  readonly doubts = new Doubts();
  readonly fairClock = new FairClock();
  /** Slots taken so far by each client, at the client's index. */
  readonly usedBy: number[] = [];
  limit: PublishedLimit;
  /** How many of the limit's slots this process may use: all of them, or what the shared budget lets it have. */
  allotment = Number.POSITIVE_INFINITY;
  inFlight = 0;
  /** Slots taken so far, ever. */
  taken = 0;
  /** Nothing leaves before this: an upstream said no although we thought there was room. */
  blockedUntil = Number.NEGATIVE_INFINITY;
  /** One request goes ahead, and no other leaves until it is answered. */
  isTrial = false;
  /** Requests that have been on their way for so long that they are in the log, and have no answer yet. */
  overdue = 0;
  #othersUsed = 0;
  /** With a shared budget: there was no more for us than our part when it was last asked. */
  #isExhausted = false;
  #fairPart = 0;
  #othersFreeAt = Number.POSITIVE_INFINITY;
  #isShared = false;
  /** With a shared budget: what the region said is used, until the budget has heard of it. */
  #seen: number | undefined;

  constructor(limit: PublishedLimit, marginMs: number) {
    this.limit = limit;
    this.key = limitKey(limit);
    this.holdMs = holdMsOf(limit, marginMs);
    this.isLong = isLongUnit(limit.unit);
    this.log = new ExpiryLog(this.holdMs);
    this.strangersLog = new ExpiryLog(this.holdMs);
  }

  /** The most slots that may be taken at once. */
  get capacity(): number {
    return Math.min(this.limit.value, this.allotment);
  }

  /** Slots this process has taken: on their way, or answered less than a unit ago. */
  own(now: number): number {
    this.log.expire(now);
    return this.inFlight + this.log.held;
  }

  /** Slots taken in the name of others; those of a shared budget are kept out of the allotment instead. */
  foreign(now: number): number {
    return this.#isShared ? 0 : this.strangers(now);
  }

  /** Slots that were used by nobody we know of, as the region said. */
  strangers(now: number): number {
    this.strangersLog.expire(now);
    return this.strangersLog.held;
  }

  /** From the next answer on slots are held this much longer than their unit, ms. */
  setMargin(marginMs: number): void {
    this.holdMs = holdMsOf(this.limit, marginMs);
  }

  /** Slots free now; zero or less when nothing may leave. */
  free(now: number): number {
    if (now < this.blockedUntil || (this.isTrial && this.inFlight > 0)) return 0;
    return this.capacity - this.own(now) - this.foreign(now);
  }

  /** Whether nothing is left for one more when `waiting` others come first: not of our part of the limit, of the limit. */
  isSpent(now: number, waiting: number): boolean {
    if (now < this.blockedUntil) return true;
    return this.limit.value - this.own(now) - this.foreign(now) - this.#othersUsed - waiting < 1;
  }

  /** Whether it would not be spent if nothing were charged that had no answer. */
  isSpentInDoubt(now: number): boolean {
    return now >= this.blockedUntil && !this.isSpent(now, -this.doubtful(now));
  }

  /** What a reader is told is left of the limit. */
  remaining(now: number): number {
    if (now < this.blockedUntil) return 0;
    return Math.max(0, this.limit.value - this.own(now) - this.foreign(now) - this.#othersUsed);
  }

  /** A request leaves. */
  take(clientIndex: number): void {
    this.inFlight++;
    this.taken++;
    this.usedBy[clientIndex] = (this.usedBy[clientIndex] ?? 0) + 1;
  }

  /** A request did not leave after all. */
  giveBack(clientIndex: number): void {
    this.inFlight--;
    this.usedBy[clientIndex]!--;
  }

  /** A request's answer is here: its slot is held for a unit from now. */
  answered(now: number): void {
    this.inFlight--;
    this.log.push(now + this.holdMs);
  }

  /** Slots that may be free all the same: what GET /limits, which would tell, need not wait for. */
  doubtful(now: number): number {
    return this.doubts.count(now);
  }

  /** The window is part of a shared budget: this much of it is ours. */
  share(part: WindowPart): void {
    this.#isShared = true;
    this.allotment = part.allotment;
    this.#othersUsed = part.othersUsed;
    this.#isExhausted = part.isExhausted ?? false;
    this.#fairPart = part.fairPart ?? 0;
    this.#othersFreeAt = part.othersFreeAt ?? Number.POSITIVE_INFINITY;
  }

  /** What the region said is used since this was last called: a shared budget sets it against all instances' use. */
  takeSeen(): number | undefined {
    const seen = this.#seen;
    this.#seen = undefined;
    return seen;
  }

  /** With a shared budget: what the region says is used goes there with the next report. */
  sawUsed(used: number): void {
    this.#seen = used;
  }

  get isShared(): boolean {
    return this.#isShared;
  }

  /** With a shared budget: slots that other instances (and strangers) have taken, as last heard. */
  get othersUsed(): number {
    return this.#othersUsed;
  }

  /** Slots of the limit that are taken, whosever they are; where a shared budget has no more for us, all that are not ours. */
  filled(now: number): number {
    return this.own(now) + (this.#isExhausted ? this.limit.value - this.allotment : this.#othersUsed);
  }

  /** Nothing leaves until then. */
  block(untilMs: number): void {
    this.blockedUntil = Math.max(this.blockedUntil, untilMs);
  }

  /**
   * When `count` slots will be free, if each slot that comes free is used at once: beyond what is held now the slots come
   * round again a window and an answer (`latencyMs`) later. Infinity for a limit of value 0.
   */
  availableAt(count: number, now: number, latencyMs: number): number {
    const capacity = this.#expectedCapacity;
    if (capacity <= 0) return Number.POSITIVE_INFINITY;
    if (capacity === Number.POSITIVE_INFINITY) return Math.max(this.blockedUntil, now);
    if (this.#isShared && count === 1 && this.isLong && this.isSpent(now, 0))
      return this.#sharedFreeAt(now, latencyMs);
    const turns = Math.floor((count - 1) / capacity);
    const first = this.#firstTurn(count - turns * capacity, capacity, now, latencyMs);
    return Math.max(first, this.blockedUntil, now) + turns * (this.holdMs + latencyMs);
  }

  /**
   * When the window has room for `count` as far as is known: what is on its way is not, so Infinity when it waits for
   * answers.
   */
  nextFreeAt(now: number, count = 1): number {
    const missing = count - (this.capacity - this.own(now) - this.foreign(now));
    const at = missing <= 0 ? now : this.#timeOf(missing, now);
    return Math.max(at, this.blockedUntil);
  }

  /** Slots that will be free then if no more are taken, as far as is known. */
  freeAt(at: number, now: number): number {
    if (at < this.blockedUntil) return 0;
    const own = this.own(now) - this.log.countBetween(now, at);
    const foreign = this.foreign(now);
    return this.capacity - own - (foreign === 0 ? 0 : foreign - this.strangersLog.countBetween(now, at));
  }

  /** When the next taken slot comes free; Infinity when only what is on its way holds slots, `now` when nothing does. */
  nextReleaseAt(now: number): number {
    const isUnused = this.own(now) + this.foreign(now) + this.#othersUsed === 0;
    const at = isUnused ? now : Math.min(this.#timeOf(1, now), this.#othersFreeAt);
    return Math.max(at, this.blockedUntil);
  }

  /** When the first slot of a shared limit that is spent comes free, whosever it is. */
  #sharedFreeAt(now: number, latencyMs: number): number {
    const first = Math.min(this.log.timeOf(1), this.#othersFreeAt, now + latencyMs + this.holdMs);
    return Math.max(first, this.blockedUntil, now);
  }

  /** When so many more will have come free, as far as is known. */
  #timeOf(count: number, now: number): number {
    return this.foreign(now) === 0 ? this.log.timeOf(count) : this.log.timeOf(count, this.strangersLog);
  }

  /** What may be counted on: an allotment of a shared budget grows when it is wanted and others leave room. */
  get #expectedCapacity(): number {
    if (!this.#isShared) return this.capacity;
    const { value } = this.limit;
    return Math.min(value, Math.max(this.allotment, value - this.#othersUsed, this.#fairPart, 1));
  }

  #firstTurn(count: number, capacity: number, now: number, latencyMs: number): number {
    const missing = count - (capacity - this.own(now) - this.foreign(now));
    if (missing <= 0) return now;
    return Math.min(this.#timeOf(missing, now), now + latencyMs + this.holdMs);
  }
}

function holdMsOf(limit: PublishedLimit, marginMs: number): number {
  return periodOf(limit) * (1 + CLOCK_DRIFT) + marginMs;
}
