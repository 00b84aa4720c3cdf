import type { StepBudget } from '../expressions/search.ts';
import { type LimitOrigin, limitKey, type PublishedLimit, UNIT_MS } from '../published/limit.ts';
import type { LimitsSettings } from '../settings.ts';
import type { SlotRequest } from '../slot-request.ts';
import { LimitSet } from './limit-set.ts';
import { Matcher } from './matcher.ts';
import { type AskedSpan, reconcile } from './reconcile.ts';
import { Suspects } from './suspects.ts';
import { TRANSIT_MS, UnderWay } from './under-way.ts';
import { UnpublishedLimits } from './unpublished.ts';
import { Window } from './window.ts';

/** The limits of GET /limits, and what stands for them; whoever did not say counts as them. */
const PUBLISHED: ReadonlySet<LimitOrigin | undefined> = new Set(['published', 'default', undefined]);

/** The windows of one account and region, and the requests under way that are in them. */
export class WindowSet {
  /** All of them: those that somebody has told of, then those that were found out. */
  windows: readonly Window[] = [];
  /** Those that somebody has told of. */
  told: readonly Window[] = [];
  #learned: readonly Window[] = [];
  #matcher = new Matcher([]);
  readonly #unpublished = new UnpublishedLimits();
  /** What a request is charged to that the published limits are not about, by what it would be otherwise. */
  #unpublishedSets = new WeakMap<LimitSet, LimitSet>();
  readonly #suspects = new Suspects();
  readonly underWay = new UnderWay((request, at) => this.#span?.answered.push({ request, at }));
  readonly #settings: Pick<LimitsSettings, 'marginMs'>;
  readonly #restore: (window: Window) => void;
  readonly #problem: (line: string) => void;
  /** What was said of the limits in force: each is said once, however often they are published. */
  #told = new Set<string>();
  /** GET /limits is on its way. */
  #span: OpenSpan | undefined;

  /**
   * @param restore puts what is remembered from before a restart into a new window
   * @param problem hears of a published expression that cannot be used as it is, once
   */
  constructor(
    settings: Pick<LimitsSettings, 'marginMs'>,
    restore: (window: Window) => void = () => undefined,
    problem: (line: string) => void = () => undefined,
  ) {
    this.#settings = settings;
    this.#restore = restore;
    this.#problem = problem;
  }

  /** The settings may be others now. */
  reload(): void {
    for (const window of this.windows) window.setMargin(this.#settings.marginMs);
  }

  /** All windows, of which what has been on its way for too long is taken for counted. */
  settled(now: number): readonly Window[] {
    this.underWay.settleOverdue(now);
    return this.windows;
  }

  /** Whether nothing is left to remember: no window holds a slot. */
  isEmpty(now: number): boolean {
    if (!this.#unpublished.isEmpty(now)) return false;
    return this.settled(now).every(
      (window) => window.own(now) + window.strangers(now) === 0 && now >= window.blockedUntil,
    );
  }

  limitSetOf(request: SlotRequest, now: number, steps?: StepBudget): LimitSet {
    const limitSet = this.#matcher.find(request.method, request, steps);
    return this.#unpublished.extend(
      request.isUnpublished ? this.#withoutPublished(limitSet) : limitSet,
      request,
      now,
    );
  }

  /**
   * GET /limits leaves: from now on what is answered is remembered for its answer, which may name limits that were not known
   * when it was sent.
   *
   *     Sluice                                    the region
   *     GET /limits            ---->              counts its use of POST /servers: 4
   *     POST /servers          ---->              counts 5
   *                            <----              the answer to POST /servers: charged to what is known so far
   *                            <----              the answer to GET /limits: "POST /servers, 4 used"
   *
   * The new window has to hold the fifth, too.
   */
  beginSpan(): void {
    const before = this.windows.map((window): [Window, Before] => [
      window,
      { pushed: window.log.pushed, overdue: window.overdue },
    ]);
    this.#span = { before: new Map(before), answered: [] };
  }

  /** It failed. */
  endSpan(): void {
    this.#span = undefined;
  }

  /**
   * Takes over a list of limits. Windows that stay keep what is in them; new ones take over what is on its way. `span` says
   * when the list was asked for, so that its `remaining` can be set against what we know of ourselves.
   */
  adopt(limits: readonly PublishedLimit[], now: number, span?: AskedSpan): void {
    const known = new Map(this.told.map((window) => [window.key, window]));
    const fresh = new Set<Window>();
    this.told = limits.map((limit) => {
      const window = known.get(limitKey(limit));
      if (window) window.limit = limit;
      else fresh.add(new Window(limit, this.#settings.marginMs));
      return window ?? [...fresh].at(-1)!;
    });
    this.windows = [...this.told, ...this.#learned];
    this.#match();
    for (const window of fresh) {
      this.#restore(window);
      this.#span?.before.set(window, { pushed: window.log.pushed, overdue: 0 });
    }
    this.#carryOver(fresh, now);
    if (span) for (const window of this.told) this.#reconcile(window, span);
    if (span) this.#suspects.learned(span.askedAt, now);
    this.#span = undefined;
  }

  /** Other limits have been found out than before; new ones take over what is on its way. */
  setLearned(learned: readonly Window[]): void {
    const fresh = new Set(learned.filter((window) => !this.#learned.includes(window)));
    this.#learned = learned;
    this.windows = [...this.told, ...learned];
    this.#match();
    this.underWay.extend((request) => this.#publishedAbout(request).filter((window) => fresh.has(window)));
  }

  /**
   * The region refused a request for a rate: stops the windows that can have said no. A window ends within its unit, so of
   * those of the request it was the shortest unit that the wait fits into, and of that the one with least left. When it fits none, no limit that is known about
   * said no: requests of this kind alone are held back, for as long as the region says; or, when no limit that it publishes
   * takes so long, the number means nothing, for as long as the longest limit about the request.
   */
  block(request: SlotRequest, now: number, waitMs: number): void {
    const windows = this.toldAbout(request).sort((a, b) => a.holdMs - b.holdMs);
    // Dates are rounded up by a second: a SECOND limit may ask for two.
    const suspect = windows.find((window) => window.holdMs + 1_000 >= waitMs);
    if (suspect) {
      const candidates = windows.filter(({ limit }) => limit.unit === suspect.limit.unit);
      this.#suspects.stop(candidates, now, waitMs);
      return;
    }
    const longest = this.longestMs;
    this.#unpublished.block(request, now, waitMs <= longest ? waitMs : (windows.at(-1)?.holdMs ?? longest));
  }

  /** Nothing that the region refused holds anything back any more. */
  unblock(): void {
    for (const window of this.windows) window.blockedUntil = Number.NEGATIVE_INFINITY;
    this.#suspects.forget();
    this.#unpublished.clear();
  }

  /** How long a slot of the longest published limit is held, ms, a minute at least: no wait that is asked for is longer. */
  get longestMs(): number {
    return Math.max(UNIT_MS.MINUTE, ...this.told.map(({ holdMs }) => holdMs));
  }

  #match(): void {
    const before = this.#told;
    const told = new Set<string>();
    this.#told = told;
    this.#matcher = new Matcher(this.windows, (line) => {
      if (!before.has(line) && !told.has(line)) this.#problem(line);
      told.add(line);
    });
  }

  #reconcile(window: Window, span: AskedSpan): void {
    const { question } = span;
    const before = this.#span?.before.get(window);
    window.own(span.answeredAt);
    const since = before ? window.log.pushed - before.pushed : 0;
    reconcile({
      window,
      span,
      answeredBefore: Math.max(0, window.log.held - since),
      overdueBefore: before?.overdue ?? window.overdue,
      questions: question && this.#publishedAbout(question).includes(window) ? 1 : 0,
      latencyMs: this.underWay.latencyMs,
      transitMs: TRANSIT_MS,
    });
  }

  /** The limits about a request that somebody has told of. */
  toldAbout(request: SlotRequest): Window[] {
    return this.#publishedAbout(request).filter(({ limit }) => limit.origin !== 'learned');
  }

  #publishedAbout(request: SlotRequest): readonly Window[] {
    const limitSet = this.#matcher.find(request.method, request);
    return (request.isUnpublished ? this.#withoutPublished(limitSet) : limitSet).windows;
  }

  #withoutPublished(limitSet: LimitSet): LimitSet {
    const known = this.#unpublishedSets.get(limitSet);
    if (known) return known;
    const windows = limitSet.windows.filter(({ limit }) => !PUBLISHED.has(limit.origin));
    const made = windows.length === limitSet.windows.length ? limitSet : new LimitSet(windows);
    this.#unpublishedSets.set(limitSet, made);
    return made;
  }

  #carryOver(fresh: ReadonlySet<Window>, now: number): void {
    if (fresh.size === 0) return;
    const freshAbout = (request: SlotRequest) =>
      this.#publishedAbout(request).filter((window) => fresh.has(window));
    this.underWay.extend(freshAbout);
    for (const { request, at } of this.#span?.answered ?? []) {
      for (const window of freshAbout(request)) window.log.push(Math.min(at, now) + window.holdMs);
    }
  }
}

/** What is kept while GET /limits is on its way. */
interface OpenSpan {
  /** How each window stood when it left. */
  readonly before: Map<Window, Before>;
  /** Requests answered since: its numbers may not know them. */
  readonly answered: { request: SlotRequest; at: number }[];
}

interface Before {
  /** Slots pushed into its log ever. */
  readonly pushed: number;
  readonly overdue: number;
}
