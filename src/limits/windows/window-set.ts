import { isLongUnit, limitKey, type PublishedLimit, UNIT_MS } from '../published/limit.ts';
import type { LimitsSettings } from '../settings.ts';
import type { SlotRequest } from '../slot-request.ts';
import { InFlightList, type InFlightRequest } from './in-flight.ts';
import type { LimitSet } from './limit-set.ts';
import { Matcher } from './matcher.ts';
import { UnpublishedLimits } from './unpublished.ts';
import { Window } from './window.ts';

/**
 * A request is counted when it reaches the upstream, long before its answer when the region is slow. Whoever has not been
 * answered after this long is taken to have been counted, so that a slow region is not slowed down further by us.
 */
export const TRANSIT_MS = 1_000;

/** When GET /limits was asked and answered, monotonic ms. */
export interface AskedSpan {
  readonly askedAt: number;
  readonly answeredAt: number;
  /** Wall time of the answer, for the dates in it, ms since the epoch. */
  readonly answeredAtWall?: number;
  /** The question itself: it was charged before it was answered, so `remaining` knows it, and so do we. */
  readonly question?: SlotRequest;
}

/** The windows of one account and region and the requests that are in them. */
export class WindowSet {
  windows: readonly Window[] = [];
  #matcher = new Matcher([]);
  readonly #unpublished = new UnpublishedLimits();
  readonly #sent = new InFlightList();
  /** Requests that wait for a connection to the region. */
  readonly #queued = new InFlightList();
  readonly #settings: Pick<LimitsSettings, 'marginMs'>;
  readonly #restore: (window: Window) => void;
  readonly #problem: (line: string) => void;
  /** What was said of the limits in force: each is said once, however often they are published. */
  #told = new Set<string>();
  #latencyMs = 0;
  /** Requests answered while GET /limits is on its way: its numbers may not know them. Undefined when none is. */
  #answeredSince: { request: SlotRequest; at: number }[] | undefined;

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

  /** How long answers take, smoothed, ms. */
  get latencyMs(): number {
    return this.#latencyMs;
  }

  /** The settings may be others now. */
  reload(): void {
    for (const window of this.windows) window.setMargin(this.#settings.marginMs);
  }

  /** Whether nothing is left to remember: no window holds a slot. */
  isEmpty(now: number): boolean {
    if (!this.#unpublished.isEmpty(now)) return false;
    return this.windows.every(
      (window) => window.own(now) + window.strangers(now) === 0 && now >= window.blockedUntil,
    );
  }

  limitSetOf(request: SlotRequest, now: number): LimitSet {
    return this.#unpublished.extend(this.#matcher.find(request.method, request), request, now);
  }

  /** It leaves. */
  add(inFlight: InFlightRequest): void {
    for (const window of inFlight.windows) window.take(inFlight.client.index);
    this.#sent.push(inFlight);
  }

  /** It waits for a connection: its slots stay taken for as long as it does, or all that wait would leave in one burst. */
  queued(inFlight: InFlightRequest): void {
    if (inFlight.state !== 'sent') return;
    this.#sent.remove(inFlight);
    this.#queued.push(inFlight);
    inFlight.state = 'queued';
  }

  /** It has got one. */
  sent(inFlight: InFlightRequest, now: number): void {
    if (inFlight.state !== 'queued') return;
    this.#queued.remove(inFlight);
    inFlight.sentAt = now;
    this.#sent.push(inFlight);
    inFlight.state = 'sent';
  }

  /** The answer is here; false when it was over already. */
  answered(inFlight: InFlightRequest, now: number): boolean {
    this.sent(inFlight, now);
    if (inFlight.state === 'done' || inFlight.state === 'lost') return false;
    this.#latencyMs += (now - inFlight.sentAt - this.#latencyMs) / 8;
    this.#answeredSince?.push({ request: inFlight.request, at: now });
    if (inFlight.state === 'sent') {
      for (const window of inFlight.windows) window.answered(now);
      this.#sent.remove(inFlight);
    }
    inFlight.state = 'done';
    return true;
  }

  /** Nobody waits for its answer any more: it is taken for counted when it would be overdue. */
  lost(inFlight: InFlightRequest): void {
    if (inFlight.state === 'queued') this.cancel(inFlight);
    else if (inFlight.state === 'sent') inFlight.state = 'lost';
    else if (inFlight.state === 'overdue') inFlight.state = 'done';
  }

  /** It never left. What is overdue has been counted for good. */
  cancel(inFlight: InFlightRequest): boolean {
    if (inFlight.state === 'lost') return false;
    if (inFlight.state === 'sent' || inFlight.state === 'queued') {
      for (const window of inFlight.windows) window.giveBack(inFlight.client.index);
      (inFlight.state === 'queued' ? this.#queued : this.#sent).remove(inFlight);
    }
    const wasOn = inFlight.state !== 'done';
    inFlight.state = 'done';
    return wasOn;
  }

  /** Takes what has no answer for counted once it has been on its way for TRANSIT_MS. */
  settleOverdue(now: number): void {
    for (let inFlight = this.#sent.first; inFlight; inFlight = this.#sent.first) {
      if (inFlight.sentAt + TRANSIT_MS > now) return;
      for (const window of inFlight.windows) window.answered(inFlight.sentAt + TRANSIT_MS);
      inFlight.state = inFlight.state === 'lost' ? 'done' : 'overdue';
      this.#sent.remove(inFlight);
    }
  }

  /** When the oldest request under way will be taken for counted; Infinity when none is on its way. */
  get nextOverdueAt(): number {
    const first = this.#sent.first;
    return first ? first.sentAt + TRANSIT_MS : Number.POSITIVE_INFINITY;
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
    this.#answeredSince ??= [];
  }

  /** It failed. */
  endSpan(): void {
    this.#answeredSince = undefined;
  }

  /**
   * Takes over a list of limits. Windows that stay keep what is in them; new ones take over what is on its way. `span` says
   * when the list was asked for, so that its `remaining` can be set against what we know of ourselves.
   */
  adopt(limits: readonly PublishedLimit[], now: number, span?: AskedSpan): void {
    const known = new Map(this.windows.map((window) => [window.key, window]));
    const fresh = new Set<Window>();
    this.windows = limits.map((limit) => {
      const window = known.get(limitKey(limit));
      if (window) window.limit = limit;
      else fresh.add(new Window(limit, this.#settings.marginMs));
      return window ?? [...fresh].at(-1)!;
    });
    this.#match();
    for (const window of fresh) this.#restore(window);
    this.#carryOver(fresh, now);
    if (span) this.#seed(span);
    this.#answeredSince = undefined;
  }

  /**
   * The region refused a request for a rate: stops the windows that can have said no. A window ends within its unit, so of
   * those of the request it was the shortest unit that the wait fits into. When it fits none, no limit that is known about
   * said no: requests of this kind alone are held back, for as long as the region says; or, when no limit that it publishes
   * takes so long, the number means nothing, for as long as the longest limit about the request.
   */
  block(request: SlotRequest, now: number, waitMs: number): void {
    const windows = [...this.#publishedAbout(request)].sort((a, b) => a.holdMs - b.holdMs);
    // Dates are rounded up by a second: a SECOND limit may ask for two.
    const suspect = windows.find((window) => window.holdMs + 1_000 >= waitMs);
    if (suspect) {
      for (const window of windows)
        if (window.limit.unit === suspect.limit.unit) window.block(now + Math.min(waitMs, window.holdMs));
      return;
    }
    const longest = this.longestMs;
    this.#unpublished.block(request, now, waitMs <= longest ? waitMs : (windows.at(-1)?.holdMs ?? longest));
  }

  /** How long a slot of the longest published limit is held, ms, a minute at least: no wait that is asked for is longer. */
  get longestMs(): number {
    return Math.max(UNIT_MS.MINUTE, ...this.windows.map(({ holdMs }) => holdMs));
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

  #seed(span: AskedSpan): void {
    const charged = span.question ? this.#publishedAbout(span.question) : [];
    for (const window of this.windows) seed(window, span, charged.includes(window) ? 1 : 0, this.#latencyMs);
  }

  #publishedAbout(request: SlotRequest): readonly Window[] {
    return this.#matcher.find(request.method, request).windows;
  }

  #carryOver(fresh: ReadonlySet<Window>, now: number): void {
    if (fresh.size === 0) return;
    for (const list of [this.#sent, this.#queued]) {
      for (let inFlight = list.first; inFlight; inFlight = inFlight.after) {
        const added = this.#publishedAbout(inFlight.request).filter((window) => fresh.has(window));
        for (const window of added) window.take(inFlight.client.index);
        inFlight.windows = [...inFlight.windows, ...added];
      }
    }
    for (const { request, at } of this.#answeredSince ?? []) {
      for (const window of this.#publishedAbout(request)) {
        if (fresh.has(window)) window.log.push(Math.min(at, now) + window.holdMs);
      }
    }
  }
}

/**
 * Sets what others have used: what the region counted less what we are sure it counted of ours. Ours are surely counted when
 * they were answered before GET /limits left, and after the region's window began; the latter with room for how long an
 * answer takes. What is uncertain is taken for foreign, which is safe and passes within a unit.
 *
 *     Sluice                                    the region
 *     POST /servers (a)      ---->              counts a
 *                            <----              answers a
 *     GET /limits            ---->
 *     POST /servers (b)      ---->              may count b before it looks, or after
 *                            <----              "2 used"
 *                            <----              answers b
 *
 * a is ours for sure; of the 2 the other may be b or a stranger's, and is taken for a stranger's beside b.
 */
function seed(
  window: Window,
  { askedAt, answeredAt, answeredAtWall }: AskedSpan,
  questions: number,
  latencyMs: number,
): void {
  const { value, remaining, unit } = window.limit;
  if (remaining === undefined) return;
  const unitMs = UNIT_MS[unit];
  const uncertainMs = Math.min(unitMs / 10, 2 * latencyMs + 2 * (window.holdMs - unitMs) + 50);
  const surelyOurs = window.log.countBetween(answeredAt + uncertainMs, askedAt + window.holdMs);
  const used = Math.max(0, value - remaining);
  const until = answeredAt + window.holdMs;
  window.learnUsed(used, surelyOurs + questions, until, promisedAt(window.limit, answeredAt, answeredAtWall));
}

/** Dates are cut to the second, and clocks differ. */
const NEXT_AVAILABLE_MARGIN_MS = 2_000;

/**
 * When the region promises the next slot of a limit of which none remains (while some do, the date means nothing). Only long
 * limits are worth it: the others pass sooner than clocks can be trusted.
 */
function promisedAt(
  { remaining, nextAvailableMs, unit }: PublishedLimit,
  answeredAt: number,
  answeredAtWall: number | undefined,
): number {
  if (remaining !== 0 || nextAvailableMs === undefined || answeredAtWall === undefined || !isLongUnit(unit))
    return Number.POSITIVE_INFINITY;
  return answeredAt + Math.max(0, nextAvailableMs - answeredAtWall) + NEXT_AVAILABLE_MARGIN_MS;
}
