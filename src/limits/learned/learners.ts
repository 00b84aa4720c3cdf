import type { Window } from '../windows/window.ts';
import type { Findings } from './findings.ts';
import { type LearnedLimit, Learner, type LearnerSurroundings } from './learner.ts';

/** How much less likely a limit on one method is than one on all, before anything is known. */
const PRIOR = 1 / 16;
/** Methods that are told apart; the others go together. */
const MOST_METHODS = 16;

/**
 * Whatever limits of one service and region are found out. One on all requests is supposed until the refusals are of one
 * method alone although others are let through in plenty: then it is one on that method, and the others are free of it.
 */
export class Learners {
  readonly #all: Learner;
  readonly #byMethod = new Map<string, Learner>();
  /** Methods whose limits are their own. */
  readonly #apart = new Set<Learner>();
  readonly #surroundings: LearnerSurroundings;
  #suspect: string | undefined;
  /** How likely refusals of the suspect alone are if the limit is on all, by how much of what was let through is its own. */
  #likelihood = 1;

  constructor(surroundings: LearnerSurroundings) {
    this.#surroundings = surroundings;
    this.#all = new Learner('ALL', surroundings);
  }

  get windows(): Window[] {
    return [this.#all, ...this.#apart].flatMap(({ windows }) => windows);
  }

  /** Those of limits that are known, which is more than being looked into. */
  get shared(): Window[] {
    return [this.#all, ...this.#apart].flatMap(({ shared }) => shared);
  }

  /** Whether anything was let through lately. */
  isActive(now: number): boolean {
    return this.#all.evidence.underWay + this.#all.evidence.count('MINUTE', now) > 0;
  }

  /** What is known, for others who share the limits. */
  findings(now: number): Findings {
    const learners = [this.#all, ...this.#apart];
    return {
      estimates: learners.flatMap(({ estimates }) => estimates),
      letThrough: learners.flatMap((learner) => learner.letThrough(now)),
    };
  }

  /**
   * What others who share the limits have found out.
   * @returns whether there are other windows than before
   */
  hear({ estimates, letThrough }: Findings, now: number): boolean {
    let isOther = false;
    const counts = new Map(letThrough);
    for (const learner of [this.#all, ...this.#apart]) learner.hearLetThrough(counts, now);
    for (const estimate of estimates) {
      const learner = estimate.verb === 'ALL' ? this.#all : this.#of(estimate.verb);
      isOther = learner.hear(estimate, now) || isOther;
      if (learner !== this.#all && learner.windows.length > 0) this.#apart.add(learner);
    }
    return isOther;
  }

  /** Whether anything has been found out about requests of this method. */
  knows(method: string): boolean {
    return this.#concerned(method).windows.length > 0;
  }

  /** What is known, to be remembered. */
  get known(): LearnedLimit[] {
    return [this.#all, ...this.#apart].flatMap(({ known }) => known);
  }

  /** What is known already, from before a restart. */
  adopt(limits: readonly LearnedLimit[], now: number): void {
    for (const { verb, unit, value } of limits) {
      const learner = verb === 'ALL' ? this.#all : this.#of(verb);
      learner.adopt(unit, value, now);
      if (learner !== this.#all) this.#apart.add(learner);
    }
  }

  /** When something may be looked for beyond a full window, monotonic ms; Infinity: nothing to look for. */
  nextProbeAt(now: number): number {
    let next = this.#all.nextProbeAt(now);
    for (const learner of this.#apart) next = Math.min(next, learner.nextProbeAt(now));
    return next;
  }

  /** Looks beyond windows that are full, when it is time to; answers whether one has more room now. */
  probe(now: number): boolean {
    let isRaised = this.#all.probe(now);
    for (const learner of this.#apart) isRaised = learner.probe(now) || isRaised;
    return isRaised;
  }

  /** A request leaves. Others may know of limits by now, should it be the first for long. */
  taken(method: string, now: number): void {
    if (!this.isActive(now)) this.#surroundings.changed();
    this.#all.taken(now);
    this.#of(method).taken(now);
  }

  /** Its answer is here, or it was not sent after all. */
  returned(method: string): void {
    this.#all.returned();
    this.#of(method).returned();
  }

  /** A request was let through. */
  accepted(method: string, sentAt: number, now: number): void {
    this.#all.accepted(sentAt, now);
    this.#of(method).accepted(sentAt, now);
  }

  /**
   * A request was refused for a rate that nobody tells.
   * @param waitMs how long the region asks to wait; undefined: it did not say
   * @returns whether there are other windows than before
   */
  refused(method: string, sentAt: number, now: number, waitMs: number | undefined): boolean {
    const own = this.#of(method);
    if (!this.#apart.has(own)) {
      if (!this.#isOfOne(method, own, now)) return this.#all.refused(sentAt, now, waitMs);
      this.#apart.add(own);
      this.#all.clear();
      own.refused(sentAt, now, waitMs);
      return true;
    }
    return own.refused(sentAt, now, waitMs);
  }

  #isOfOne(method: string, own: Learner, now: number): boolean {
    const all = this.#all.evidence.count('MINUTE', now);
    if (method !== this.#suspect) this.#likelihood = 1;
    this.#suspect = method;
    if (all > 0) this.#likelihood *= Math.min(1, (own.evidence.count('MINUTE', now) + 1) / (all + 1));
    return this.#likelihood < PRIOR;
  }

  #concerned(method: string): Learner {
    const own = this.#of(method);
    return this.#apart.has(own) ? own : this.#all;
  }

  #of(method: string): Learner {
    const name = this.#byMethod.has(method) || this.#byMethod.size < MOST_METHODS ? method : 'OTHER';
    const known = this.#byMethod.get(name);
    if (known) return known;
    const learner = new Learner(name, this.#surroundings);
    this.#byMethod.set(name, learner);
    return learner;
  }
}
