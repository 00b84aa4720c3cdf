import { isLongUnit, type PublishedLimit, UNIT_MS } from '../published/limit.ts';
import type { SlotRequest } from '../slot-request.ts';
import type { Window } from './window.ts';

/** When GET /limits was asked and answered, monotonic ms. */
export interface AskedSpan {
  readonly askedAt: number;
  readonly answeredAt: number;
  /** Wall time of the answer, for the dates in it, ms since the epoch. */
  readonly answeredAtWall?: number;
  /** The question itself: it was charged before it was answered, so `remaining` knows it, and so do we. */
  readonly question?: SlotRequest;
}

/** What is known of one window when GET /limits has been answered. */
export interface Reconciliation {
  readonly window: Window;
  readonly span: AskedSpan;
  /** Of our slots in the log, how many had their answer before GET /limits was sent. */
  readonly answeredBefore: number;
  /** Of those, how many were overdue then: taken for counted without an answer, which may be wrong. */
  readonly overdueBefore: number;
  /** Slots that the question itself takes: 1 or 0. */
  readonly questions: number;
  /** How long answers take, ms. */
  readonly latencyMs: number;
  /** An attempt without an answer that ended less than this before the question may still be counted after it, ms. */
  readonly transitMs: number;
}

/**
 * Brings a window in line with what the region says is used, in both directions.
 *
 * Downwards: what the region counted beyond what is surely ours was used by others. Ours is surely counted when it was
 * answered before GET /limits left, and has not begun to leave the region's window; what is uncertain is taken for others',
 * until the region is asked next.
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
 *
 * Upwards: what the region did not count of what was settled before it was asked, it never will, so that it is not charged.
 * Attempts without an answer are let go first, then the oldest. b stays: it may be counted after the look.
 *
 * Others' slots that are known keep their times: the end of a window does not move when the region is asked again.
 */
export function reconcile(reconciliation: Reconciliation): void {
  const { window, span, questions } = reconciliation;
  const { value, remaining } = window.limit;
  if (remaining === undefined) return;
  const used = Math.max(0, value - remaining);
  if (window.isShared) window.sawUsed(used);
  const counted = Math.max(0, used - questions);
  followDown(reconciliation, counted);
  followUp(reconciliation, counted);
  window.doubts.settle(span.askedAt - reconciliation.transitMs);
}

function followDown({ window, span, answeredBefore, latencyMs }: Reconciliation, counted: number): void {
  const { answeredAt } = span;
  const unitMs = UNIT_MS[window.limit.unit];
  const uncertainMs = Math.min(unitMs / 10, 2 * latencyMs + 2 * (window.holdMs - unitMs) + 50);
  const surelyOurs = Math.max(0, answeredBefore - window.log.countUntil(answeredAt + uncertainMs));
  const strangers = Math.max(0, counted - surelyOurs);
  const known = window.strangers(answeredAt);
  if (strangers < known) window.strangersLog.dropFirst(known - strangers);
  else if (strangers > known) window.strangersLog.push(answeredAt + window.holdMs, strangers - known);
  if (strangers > 0) bringForward(window, promisedAt(window.limit, span));
}

/** The region promises a slot by then: the first of the others' comes free no later. */
function bringForward(window: Window, promisedMs: number): void {
  const [first, ...rest] = window.strangersLog.entries();
  if (!first || first.expiryMs <= promisedMs) return;
  window.strangersLog.replace([
    { expiryMs: promisedMs, count: 1 },
    { ...first, count: first.count - 1 },
    ...rest,
  ]);
}

function followUp(
  { window, span, answeredBefore, overdueBefore, transitMs }: Reconciliation,
  counted: number,
): void {
  const settledBy = span.askedAt - transitMs;
  const doubts = window.doubts.expiriesOf(settledBy);
  const young = window.doubts.count(span.answeredAt) - doubts.length;
  const settled = answeredBefore - overdueBefore - young;
  // With a shared budget others' slots are in what the region counted, and only they know which of theirs are sure.
  const others = window.isShared ? window.othersUsed : 0;
  const excess = Math.min(settled, settled + others - counted);
  if (excess <= 0) return;
  window.log.drop(doubts.slice(0, excess));
  if (!window.isShared) window.log.dropFirst(Math.max(0, excess - doubts.length));
}

/** Dates are cut to the second, and clocks differ. */
const NEXT_AVAILABLE_MARGIN_MS = 2_000;

/**
 * When the region promises the next slot of a limit of which none remains (while some do, the date means nothing). Only long
 * limits are worth it: the others pass sooner than clocks can be trusted.
 */
function promisedAt(
  { remaining, nextAvailableMs, unit }: PublishedLimit,
  { answeredAt, answeredAtWall }: AskedSpan,
): number {
  if (remaining !== 0 || nextAvailableMs === undefined || answeredAtWall === undefined || !isLongUnit(unit))
    return Number.POSITIVE_INFINITY;
  return answeredAt + Math.max(0, nextAvailableMs - answeredAtWall) + NEXT_AVAILABLE_MARGIN_MS;
}
