import { type PublishedLimit, UNIT_MS } from '../published/limit.ts';
import { Window } from '../windows/window.ts';
import { Estimate, type EstimateState } from './estimate.ts';
import { Evidence, LEARNED_UNITS, type LearnedUnit } from './evidence.ts';

/** Refusals in a row, with nothing let through between, after which nothing leaves for a while. */
const MOST_IN_A_ROW = 3;
/** How much of what was let through in a unit must have passed for a refusal to be about a longer one. */
const CONTRADICTED = 0.2;
/** How much of a window must be taken for it to be what was refused. */
const FULL = 0.85;
/** The first pause is a second and a bit, so that what then follows tells a limit per SECOND from a longer one. */
const PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS: Readonly<Record<LearnedUnit, number>> = {
  SECOND: 2_000,
  MINUTE: 60_000,
  HOUR: 600_000,
};

/** A limit that was found out, as it is remembered. */
export interface LearnedLimit {
  /** A method, or `ALL`. */
  readonly verb: string;
  readonly unit: LearnedUnit;
  /** Requests per unit. */
  readonly value: number;
}

/** A limit that is being found out: what it is taken to be, and the window that keeps to it. */
interface Found {
  readonly estimate: Estimate;
  readonly window: Window;
  /** It came of the refusals that are being looked into. */
  isNew: boolean;
  /** As it was before them. */
  before: EstimateState | undefined;
}

/** Refusals with nothing let through between. */
interface Streak {
  unit: LearnedUnit;
  /** How many. */
  count: number;
  /** When the first was heard of, monotonic ms. */
  readonly since: number;
  /** What had been let through in each unit then. */
  readonly evidence: Readonly<Record<LearnedUnit, number>>;
  /** How long nothing leaves after the next refusal. */
  pauseMs: number;
  pausedUntil: number;
}

/**
 * Finds out the limit that a region enforces on one kind of requests and nobody publishes. The unit is told by what follows a
 * refusal: a limit per SECOND lets something through again within a second or so; when nothing is although nothing was sent,
 * it was about a MINUTE, and after that about an HOUR. What was taken for a shorter limit meanwhile is then as it was.
 */
export class Learner {
  /** Method of the requests, or `ALL`. */
  readonly verb: string;
  readonly evidence = new Evidence();
  readonly #found = new Map<LearnedUnit, Found>();
  readonly #marginMs: () => number;
  #streak: Streak | undefined;
  /** How often a window was added or left. */
  #changes = 0;

  constructor(verb: string, marginMs: () => number) {
    this.verb = verb;
    this.#marginMs = marginMs;
  }

  get windows(): Window[] {
    return LEARNED_UNITS.flatMap((unit) => this.#found.get(unit)?.window ?? []);
  }

  /** When something may be looked for beyond a full window; Infinity: nothing to look for. */
  nextProbeAt(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { estimate, window } of this.#found.values())
      if (!estimate.isProbing && window.own(now) === estimate.value)
        next = Math.min(next, Math.max(estimate.probeAt, window.blockedUntil));
    return next;
  }

  /** Nothing is known. */
  clear(): void {
    this.#found.clear();
    this.#streak = undefined;
    this.#changes++;
  }

  /** A request left. */
  taken(now: number): void {
    this.evidence.underWay++;
    for (const { estimate, window } of this.#found.values())
      if (estimate.taken(window.own(now), now)) show(window, estimate.value);
  }

  /** Its answer is here, or it was not sent after all. */
  returned(): void {
    if (this.evidence.underWay > 0) this.evidence.underWay--;
  }

  /** A request was let through. */
  accepted(sentAt: number, now: number): void {
    this.evidence.accepted(now);
    const streak = this.#streak;
    if (!streak || sentAt < streak.since) return;
    this.#streak = undefined;
    for (const found of this.#found.values()) {
      found.isNew = false;
      found.before = undefined;
      found.window.isTrial = false;
    }
  }

  /** Looks beyond windows that are full, when it is time to; answers whether one has more room now. */
  probe(now: number): boolean {
    let isRaised = false;
    for (const { estimate, window } of this.#found.values()) {
      const isFull = window.own(now) === estimate.value && now >= window.blockedUntil;
      if (!isFull || !estimate.full(now)) continue;
      show(window, estimate.value);
      isRaised = true;
    }
    return isRaised;
  }

  /**
   * A request was refused for a rate.
   * @param waitMs how long the region asks to wait; undefined: it did not say
   * @returns whether there is another window than before
   */
  refused(sentAt: number, now: number, waitMs: number | undefined): boolean {
    const before = this.#changes;
    const streak = this.#continue(sentAt, now);
    const unit = this.#unitOf(streak, sentAt, now, waitMs);
    if (unit !== streak.unit) this.#escalate(streak, unit, now);
    const found = this.#found.get(unit) ?? this.#add(unit, now);
    if (!found.isNew) found.before ??= found.estimate.state;
    const known = this.evidence.count(unit, now) + this.evidence.underWay;
    if (found.estimate.refused(sentAt, known, now)) show(found.window, found.estimate.value);
    this.#pause(streak, found, sentAt, now, waitMs);
    return this.#changes !== before;
  }

  #continue(sentAt: number, now: number): Streak {
    const streak = this.#streak;
    // What left before a pause says nothing about what follows it.
    if (streak && sentAt >= streak.since) streak.count++;
    if (streak) return streak;
    const evidence = { SECOND: 0, MINUTE: 0, HOUR: 0 };
    for (const unit of LEARNED_UNITS) evidence[unit] = this.evidence.count(unit, now);
    const unit = this.#fullest(now);
    this.#streak = { unit, count: 1, since: now, evidence, pauseMs: PAUSE_MS, pausedUntil: now };
    return this.#streak;
  }

  /** Of the limits that are known of the one that can have said no: one that is being raised, or the shortest that is full. */
  #fullest(now: number): LearnedUnit {
    const all = [...this.#found.values()];
    const isFull = ({ window, estimate: { good } }: Found) => window.own(now) >= FULL * good;
    const found =
      all.find((one) => one.estimate.isProbing && one.window.own(now) > one.estimate.good) ??
      all.find(isFull);
    return found?.estimate.unit ?? 'SECOND';
  }

  #unitOf(streak: Streak, sentAt: number, now: number, waitMs: number | undefined): LearnedUnit {
    const at = LEARNED_UNITS.indexOf(streak.unit);
    let least = at;
    // A date is rounded up by a second.
    if (waitMs !== undefined) while (least < 2 && waitMs > UNIT_MS[LEARNED_UNITS[least]!] + 1_000) least++;
    const passed = this.evidence.count(streak.unit, now) <= CONTRADICTED * streak.evidence[streak.unit];
    if (least === at && at < 2 && streak.count > 1 && sentAt > streak.since && passed) least++;
    return LEARNED_UNITS[least]!;
  }

  /** The refusals were about a longer unit: what they have made of the shorter ones is undone. */
  #escalate(streak: Streak, unit: LearnedUnit, now: number): void {
    const found = this.#found.get(streak.unit);
    if (found?.before) {
      found.estimate.restore(found.before, now);
      show(found.window, found.estimate.value);
      found.window.blockedUntil = Number.NEGATIVE_INFINITY;
      found.window.isTrial = false;
      found.before = undefined;
    } else if (this.#found.delete(streak.unit)) this.#changes++;
    streak.unit = unit;
  }

  /** What is known of it already, from before a restart. */
  adopt(unit: LearnedUnit, value: number, now: number): void {
    this.#add(unit, now, value).isNew = false;
  }

  /** What is known, to be remembered. */
  get known(): LearnedLimit[] {
    return [...this.#found.values()]
      .filter(({ isNew }) => !isNew)
      .map(({ estimate }) => ({ verb: this.verb, unit: estimate.unit, value: estimate.good }));
  }

  #add(
    unit: LearnedUnit,
    now: number,
    value = this.evidence.count(unit, now) + this.evidence.underWay,
  ): Found {
    const limit: PublishedLimit = {
      verb: this.verb,
      uri: '*',
      value: Math.max(1, value),
      unit,
      origin: 'learned',
    };
    const window = new Window(limit, this.#marginMs());
    window.log.replace([...this.evidence.entries(unit, now)]);
    const found = { window, estimate: new Estimate(unit, limit.value, now), isNew: true, before: undefined };
    this.#found.set(unit, found);
    this.#changes++;
    return found;
  }

  /** Nothing leaves for as long as the region says, or for a while when it refuses one after another; then one goes ahead. */
  #pause(streak: Streak, { window }: Found, sentAt: number, now: number, waitMs: number | undefined): void {
    if (waitMs !== undefined) window.block(now + Math.min(waitMs, window.holdMs));
    if (streak.count < MOST_IN_A_ROW || sentAt < streak.pausedUntil) return;
    streak.pausedUntil = now + streak.pauseMs + window.holdMs - UNIT_MS[window.limit.unit];
    streak.pauseMs = Math.min(streak.pauseMs * 2, LONGEST_PAUSE_MS[streak.unit]);
    window.block(streak.pausedUntil);
    window.isTrial = true;
  }
}

function show(window: Window, value: number): void {
  window.limit = { ...window.limit, value };
}
