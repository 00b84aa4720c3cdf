import { Window } from '../windows/window.ts';
import { Estimate, type EstimateState } from './estimate.ts';
import { Evidence, LEARNED_UNITS, type LearnedUnit } from './evidence.ts';
import { isLater, learnedKey, learnedLimit, type SharedEstimate } from './findings.ts';
import { Streak } from './streak.ts';

/** How much of a window must be taken for it to be what was refused. */
const FULL = 0.85;
/** A limit that was found out, as it is remembered. */
export interface LearnedLimit {
  /** A method, or `ALL`. */
  readonly verb: string;
  readonly unit: LearnedUnit;
  /** Requests per unit. */
  readonly value: number;
}

/** What is found out for. */
export interface LearnerSurroundings {
  /** How much longer than its unit a slot is held, ms. */
  readonly marginMs: () => number;
  /** Until all who share the limit have heard of a change, ms; Infinity: they cannot hear of it now. */
  readonly hearingMs: () => number;
  /** Hears that something of which others have to hear is taken to be another. */
  readonly changed: () => void;
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
  /** Limits that there are not after all, by the version that says so. */
  readonly #gone = new Map<LearnedUnit, number>();
  readonly #surroundings: LearnerSurroundings;
  #streak: Streak | undefined;
  /** How often a window was added or left. */
  #changes = 0;

  constructor(verb: string, surroundings: LearnerSurroundings) {
    this.verb = verb;
    this.#surroundings = surroundings;
  }

  get windows(): Window[] {
    return LEARNED_UNITS.flatMap((unit) => this.#found.get(unit)?.window ?? []);
  }

  /** Those of limits that are known, which is more than being looked into. */
  get shared(): Window[] {
    return this.#known.map(({ window }) => window);
  }

  /** When something may be looked for beyond a full window; Infinity: nothing to look for. */
  nextProbeAt(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { estimate, window } of this.#found.values())
      if (window.filled(now) >= window.limit.value)
        next = Math.min(next, Math.max(estimate.nextAt(now), window.blockedUntil));
    return next;
  }

  /** There is no such limit. */
  clear(): void {
    for (const { estimate } of this.#known) this.#gone.set(estimate.unit, estimate.version + 1);
    this.#found.clear();
    this.#streak = undefined;
    this.#changes++;
    this.#surroundings.changed();
  }

  /** A request left. */
  taken(now: number): void {
    this.evidence.underWay++;
    for (const found of this.#found.values())
      if (found.estimate.taken(found.window.filled(now), now)) this.#show(found, now);
  }

  /** Its answer is here, or it was not sent after all. */
  returned(): void {
    if (this.evidence.underWay > 0) this.evidence.underWay--;
  }

  /** A request was let through. */
  accepted(sentAt: number, now: number): void {
    this.evidence.accepted(now);
    if (this.#streak && sentAt >= this.#streak.since) this.#endStreak();
  }

  /** Something was let through: the refusals were of what they were taken for. */
  #endStreak(): void {
    this.#streak = undefined;
    const isKnown = ![...this.#found.values()].some(({ isNew }) => isNew);
    for (const found of this.#found.values()) {
      found.isNew = false;
      found.before = undefined;
      found.window.isTrial = false;
    }
    if (!isKnown) this.#surroundings.changed();
  }

  /** Looks beyond windows that are full, when it is time to; answers whether one has more room now. */
  probe(now: number): boolean {
    let isRaised = false;
    for (const found of this.#found.values()) {
      const { estimate, window } = found;
      if (now < window.blockedUntil || window.filled(now) < window.limit.value) continue;
      const isDue = window.limit.value < estimate.usable(now);
      if (!isDue && !estimate.full(now)) continue;
      this.#show(found, now);
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
    const isSilent = streak.isSilentFor(this.#surroundings.hearingMs(), now);
    const letThrough = isSilent ? this.#letThrough(streak.unit, now) : Number.POSITIVE_INFINITY;
    const unit = streak.unitOf(letThrough, sentAt, waitMs);
    if (unit !== streak.unit) this.#escalate(streak, unit, now);
    const found = this.#found.get(unit) ?? this.#add(unit, now);
    if (!found.isNew) found.before ??= found.estimate.state;
    const known = this.#letThrough(unit, now) + this.evidence.underWay;
    if (found.estimate.refused(sentAt, known, now)) this.#show(found, now);
    streak.pause(found.window, sentAt, now, waitMs);
    return this.#changes !== before;
  }

  #continue(sentAt: number, now: number): Streak {
    this.#streak?.add(sentAt);
    if (this.#streak) return this.#streak;
    const evidence = { SECOND: 0, MINUTE: 0, HOUR: 0 };
    for (const unit of LEARNED_UNITS) evidence[unit] = this.#letThrough(unit, now);
    const unit = this.#fullest(now);
    this.#streak = new Streak(unit, now, evidence);
    return this.#streak;
  }

  /** Of the limits that are known of the one that can have said no: one that is being raised, or the shortest that is full. */
  #fullest(now: number): LearnedUnit {
    const all = [...this.#found.values()];
    const isFull = ({ window, estimate: { good } }: Found) => window.filled(now) >= FULL * good;
    const found =
      all.find((one) => one.estimate.isProbing && one.window.filled(now) > one.estimate.good) ??
      all.find(isFull);
    return found?.estimate.unit ?? 'SECOND';
  }

  /** The refusals were about a longer unit: what they have made of the shorter ones is undone. */
  #escalate(streak: Streak, unit: LearnedUnit, now: number): void {
    const found = this.#found.get(streak.unit);
    if (found?.before) {
      found.estimate.restore(found.before, now);
      this.#show(found, now);
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
    return this.#known.map(({ estimate: { unit, good } }) => ({ verb: this.verb, unit, value: good }));
  }

  /** How many of this process were let through in each last unit, by the limit's key; of a second, with those on their way. */
  letThrough(now: number): [key: string, count: number][] {
    return LEARNED_UNITS.map((unit): [string, number] => [
      learnedKey(this.verb, unit),
      this.evidence.count(unit, now) + (unit === 'SECOND' ? this.evidence.underWay : 0),
    ]).filter(([, count]) => count > 0);
  }

  /** The same of all others. */
  hearLetThrough(counts: ReadonlyMap<string, number>, now: number): void {
    const before = this.evidence.others('HOUR', now);
    for (const unit of LEARNED_UNITS)
      this.evidence.hear(unit, counts.get(learnedKey(this.verb, unit)) ?? 0, now);
    const isMore = this.evidence.others('HOUR', now) > before;
    if (this.#streak?.heard(now, isMore)) this.#endStreak();
  }

  /** What is known, for others who share the limits, with what there is not after all. */
  get estimates(): SharedEstimate[] {
    const { verb } = this;
    const none = { value: 0, good: 0, step: 1, failures: 0 };
    return [
      ...this.#known.map(({ estimate: { unit, state } }) => ({ verb, unit, ...state })),
      ...[...this.#gone].map(([unit, version]) => ({ verb, unit, version, ...none })),
    ];
  }

  /**
   * Others who share the limit take it to be this.
   * @returns whether there is another window than before
   */
  hear(state: SharedEstimate, now: number): boolean {
    const { unit, version, value } = state;
    const known = this.#found.get(unit);
    const own = known?.estimate.state;
    if (own ? !isLater(state, own) : version <= (this.#gone.get(unit) ?? -1)) return false;
    if (value === 0) {
      this.#gone.set(unit, version);
      return this.#found.delete(unit);
    }
    const found = known ?? this.#add(unit, now, value);
    found.isNew = false;
    found.estimate.hear(state, now);
    this.#show(found, now);
    return known === undefined;
  }

  get #known(): Found[] {
    return [...this.#found.values()].filter(({ isNew }) => !isNew);
  }

  /** How many were let through in the last unit, those of others among them. */
  #letThrough(unit: LearnedUnit, now: number): number {
    return this.evidence.count(unit, now) + this.evidence.others(unit, now);
  }

  #show({ estimate, window }: Found, now: number): void {
    window.limit = { ...window.limit, value: estimate.usable(now) };
    this.#surroundings.changed();
  }

  #add(unit: LearnedUnit, now: number, value = this.#letThrough(unit, now) + this.evidence.underWay): Found {
    const limit = learnedLimit(this.verb, unit, Math.max(1, value));
    const { marginMs, hearingMs } = this.#surroundings;
    const window = new Window(limit, marginMs());
    window.log.replace([...this.evidence.entries(unit, now)]);
    const estimate = new Estimate(unit, limit.value, now, hearingMs);
    estimate.version = (this.#gone.get(unit) ?? -1) + 1;
    const found = { window, estimate, isNew: true, before: undefined };
    this.#gone.delete(unit);
    this.#found.set(unit, found);
    this.#changes++;
    return found;
  }
}
