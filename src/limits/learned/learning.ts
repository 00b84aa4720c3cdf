import type { OverLimit } from '../published/over-limit.ts';
import type { SlotRequest } from '../slot-request.ts';
import type { InFlightRequest } from '../windows/in-flight.ts';
import type { Window } from '../windows/window.ts';
import type { WindowSet } from '../windows/window-set.ts';
import type { Findings } from './findings.ts';
import { HeaderLimits } from './header-limits.ts';
import type { LearnedLimit, LearnerSurroundings } from './learner.ts';
import { Learners } from './learners.ts';

/** So many refusals within a minute, of requests for which every limit that is told of has room, are about another limit. */
const MOST_UNEXPLAINED = 3;
const UNEXPLAINED_MS = 60_000;
/** How much of a limit must be taken for a refusal to be explained by it. */
const FULL = 0.85;

/**
 * What a shaper makes of refusals: limits that somebody has told of are stopped, others are found out. Only what is wrong
 * with the former, time and again, is taken for one of the latter.
 */
export class Learning {
  readonly #windowSet: WindowSet;
  readonly #learners: Learners;
  readonly #headers: HeaderLimits;
  /** Hears that there are other windows than before. */
  readonly #changed: () => void;
  #unexplained: number[] = [];

  constructor(windowSet: WindowSet, surroundings: LearnerSurroundings, changed: () => void) {
    this.#windowSet = windowSet;
    this.#learners = new Learners(surroundings);
    this.#headers = new HeaderLimits(surroundings.marginMs);
    this.#changed = changed;
  }

  /** The windows of limits that were found out, for a budget that several share. */
  get shared(): Window[] {
    return this.#learners.shared;
  }

  /** What is known of them, for the others. */
  findings(now: number): Findings {
    return this.#learners.findings(now);
  }

  /** Whether the region was asked lately. */
  isActive(now: number): boolean {
    return this.#learners.isActive(now);
  }

  /** What others who share the budget have found out. */
  hear(findings: Findings, now: number): void {
    if (this.#learners.hear(findings, now)) this.#replace();
  }

  /** What was found out, to be remembered. */
  get known(): LearnedLimit[] {
    return this.#learners.known;
  }

  /** What was found out before a restart; before the first request. */
  adopt(limits: readonly LearnedLimit[], now: number): void {
    if (limits.length === 0) return;
    this.#learners.adopt(limits, now);
    this.#replace();
  }

  /** When something may be looked for beyond a full window, monotonic ms; Infinity: nothing to look for. */
  probeAt(now: number): number {
    return this.#learners.nextProbeAt(now);
  }

  /** Looks beyond windows that are full, when it is time to. */
  probe(now: number): void {
    this.#learners.probe(now);
  }

  /** A request leaves. */
  sent({ request }: InFlightRequest, now: number): void {
    this.#learners.taken(request.method, now);
  }

  /** It was not sent after all, or nobody waits for its answer any more. */
  forgotten({ request }: InFlightRequest): void {
    this.#learners.returned(request.method);
  }

  /**
   * Its answer is here.
   * @param isAccepted the region has let it through
   */
  answered({ request, sentAt }: InFlightRequest, now: number, isAccepted: boolean): void {
    this.#learners.returned(request.method);
    if (isAccepted) this.#learners.accepted(request.method, sentAt, now);
  }

  /**
   * The region refused a request for a rate.
   * @param sentAt when it left, monotonic ms
   */
  refused(request: SlotRequest, sentAt: number, now: number, verdict: OverLimit & { kind: 'rate' }): void {
    const told = this.#windowSet.toldAbout(request);
    const tells = this.#windowSet.told.length + told.length > 0;
    if (tells) this.#windowSet.block(request, now, verdict.retryAfterMs);
    // Of a region that publishes limits, what it says of one that it does not is enough.
    if (tells && told.length === 0 && !verdict.isUnsaid) return;
    if (tells && this.#isExplained(told, now)) return;
    const waitMs = verdict.isUnsaid ? undefined : Math.min(verdict.retryAfterMs, this.#windowSet.longestMs);
    if (this.#learners.refused(request.method, sentAt, now, waitMs)) this.#replace();
  }

  /** What an answer's headers say of limits. */
  heard(
    headers: Readonly<Record<string, string | string[] | undefined>>,
    now: number,
    nowWall: number,
  ): void {
    if (this.#headers.heard(headers, now, nowWall)) this.#replace();
  }

  #replace(): void {
    this.#windowSet.setLearned([...this.#headers.windows, ...this.#learners.windows]);
    this.#changed();
  }

  #isExplained(told: readonly Window[], now: number): boolean {
    if (told.some((window) => window.own(now) + window.foreign(now) >= FULL * window.capacity)) return true;
    this.#unexplained = this.#unexplained.filter((at) => at > now - UNEXPLAINED_MS).slice(-MOST_UNEXPLAINED);
    this.#unexplained.push(now);
    return this.#unexplained.length < MOST_UNEXPLAINED;
  }
}
