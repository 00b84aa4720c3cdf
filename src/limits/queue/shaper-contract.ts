import type { Clock } from '../../clock.ts';
import type { LearnedLimit } from '../learned/learner.ts';
import type { PublishedLimit } from '../published/limit.ts';
import type { OverLimit } from '../published/over-limit.ts';
import type { LimitsSettings } from '../settings.ts';
import type { BudgetLease, LeaseHolder } from '../shared/lease.ts';
import type { Permit, Refusal, RefusalReason, SlotRequest } from '../slot-request.ts';
import type { ShaperSnapshot } from '../snapshot.ts';
import type { AskedSpan } from '../windows/reconcile.ts';
import type { Window } from '../windows/window.ts';

/**
 * The shaper of one user and region: lets through what the limits allow, in a fair order, and refuses at once what would wait
 * too long. Decisions are synchronous and take the clock's time; the only thing it starts is one timer, for the next slot.
 */
export interface Shaper {
  /** A permit at once when there is room (no promise is made then), a refusal at once, or a promise of one of them. */
  acquire(request: SlotRequest): Permit | Refusal | Promise<Permit | Refusal>;
  /**
   * A permit of what nobody else wants: at once if nobody waits here and more than this part of every limit is free; undefined
   * otherwise, which counts as no refusal.
   * @param leastFree 0 to 1
   */
  spare(request: SlotRequest, leastFree: number): Permit | undefined;
  /** A permit whatever the limits say, charged like any other: an operator wants the region asked. */
  force(request: SlotRequest): Permit;
  /** Takes over a list of limits; `span` when they come from GET /limits with `remaining`. */
  setLimits(limits: readonly PublishedLimit[], span?: AskedSpan): void;
  /** Nothing but GET /limits leaves until `release` (or the next `setLimits`): the limits are not known yet. */
  hold(): void;
  release(): void;
  /** GET /limits leaves; what is answered from now on is remembered until `setLimits` or `askFailed`. */
  askBegins(): void;
  askFailed(): void;
  /** The region wants to be left alone until this monotonic ms. */
  pause(untilMs: number): void;
  /** Forgets what the region has said of waiting: an operator knows better. */
  unblock(): void;
  /** Applies what an answer's body said to the windows of its request, beyond what `answered` saw in its headers. */
  refusedUpstream(request: SlotRequest, verdict: OverLimit): void;
  /** Settings and the shares of clients may be others now; those who wait are served by them from here on. */
  reload(): void;
  /** Room may have appeared without an answer: look again. */
  recheck(): void;
  /**
   * The process ends soon: whoever would still wait at this monotonic ms is sent away now, with the reason `closed`, and so is
   * whoever comes and would wait that long.
   */
  drain(untilMs: number): void;
  snapshot(): ShaperSnapshot;
  /** Refuses everybody who waits and everybody who comes; resolves when a shared budget has its slots back. */
  close(): Promise<void>;
  readonly queueDepth: number;
  /** Nobody waits and no slot is held: a shaper made anew would do the same. */
  readonly isEmpty: boolean;
  /** Attempts without an answer are charged to limits per HOUR or DAY. */
  readonly hasDoubts: boolean;
  readonly windows: readonly Window[];
  /** Limits that were found out, to be remembered. */
  readonly learned: readonly LearnedLimit[];
}

export interface ShaperOptions {
  readonly clock: Clock;
  readonly settings: Pick<LimitsSettings, 'maxWaitMs' | 'maxQueue' | 'maxQueuePerClient' | 'marginMs'>;
  /** Weight of a client in the fair queue. */
  readonly shares: (client: string) => number;
  readonly observe: ShaperObserver;
  /** Puts what is remembered from before a restart into a new window. */
  readonly restore?: ((window: Window) => void) | undefined;
  /** Limits that were found out before a restart. */
  readonly learned?: readonly LearnedLimit[] | undefined;
  /** Hears when an attempt has ended without an answer that is charged to a limit per HOUR or DAY: GET /limits would tell. */
  readonly onDoubt?: (() => void) | undefined;
  /** Makes this instance's part of a budget that several share; left out, all of it is this process's. */
  readonly lease?: ((holder: LeaseHolder) => BudgetLease) | undefined;
}

/** What a shaper reports as it happens; how things stand (depth, remaining, used) is in its snapshot, read when asked. */
export interface ShaperObserver {
  /** A request left after waiting. */
  waited(waitMs: number, client: string): void;
  /** A request was refused by Sluice. */
  refused(reason: RefusalReason, client: string): void;
  /** The upstream refused a request for a rate limit although we thought there was room. */
  overLimit(): void;
  /** A published expression could not be used; a line for the log. */
  problem(line: string): void;
}

/** An observer that hears nothing. */
export const silentObserver: ShaperObserver = {
  waited() {},
  refused() {},
  overLimit() {},
  problem() {},
};
