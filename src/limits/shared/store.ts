import type { Findings } from '../learned/findings.ts';
import type { PublishedLimit } from '../published/limit.ts';

/** What an instance says about one limit when it asks for slots. */
export interface LimitReport {
  readonly key: string;
  readonly value: number;
  /** How long a slot is held after its answer, ms. */
  readonly holdMs: number;
  /** Slots taken now. */
  readonly used: number;
  /** Slots it may be holding: its allotment, or what is taken if that is more. */
  readonly held: number;
  /** What it was promised for when the store is gone. */
  readonly promised: number;
  /** Requests that wait for a slot. */
  readonly wanted: number;
  /** Slots it will want before it asks again. */
  readonly ahead: number;
  /** Slots of the dead and of strangers, as last heard: should the store have lost everything, it learns of them again. */
  readonly gone: number;
  /** For HOUR and DAY: when taken slots come free, [ms of the store's clock, count]. */
  readonly history: readonly (readonly [untilMs: number, count: number])[];
  /** What the region says is used of it, if it was asked since. */
  readonly seen?: number | undefined;
  /** The limit itself, the first time: who joins learns of it before it asks the region, which is charged. */
  readonly limit?: PublishedLimit | undefined;
}

/** What an instance is given of one limit. */
export interface LimitGrant {
  readonly key: string;
  /** Slots it may have taken at once from now on. */
  readonly granted: number;
  /** Slots it may take on top should the store not answer. */
  readonly promised: number;
  /** Slots others have taken, as far as the store knows. */
  readonly othersUsed: number;
  /** When the first of those comes free, for HOUR and DAY, ms of the store's clock; left out when that is not known. */
  readonly othersFreeAt?: number | undefined;
  /** How many of those were taken by instances that are dead, and by strangers. */
  readonly gone: number;
}

export interface ExchangeReport {
  /** Budget: user and region. */
  readonly budget: string;
  /** How many instances it last knew of, itself included. */
  readonly instances: number;
  /** It goes away and takes nothing more. */
  readonly isLeaving: boolean;
  readonly limits: readonly LimitReport[];
  /** Limits that nobody publishes. */
  readonly findings: Findings;
}

export interface ExchangeAnswer {
  /** The store's clock, ms since the epoch. */
  readonly now: number;
  readonly instances: number;
  /** Place among the instances, from 0. */
  readonly rank: number;
  readonly limits: readonly LimitGrant[];
  /** For who is new: the limits that the others keep. */
  readonly known?: readonly PublishedLimit[] | undefined;
  /** What is known of limits that nobody publishes, whoever has found it out, and what of others was let through. */
  readonly findings: Findings;
}

/** Where instances share their budgets. One exchange reports and receives everything of one budget, atomically. */
export interface BudgetStore {
  /** Rejects when the store cannot be reached; it may have heard the report nevertheless. */
  exchange(report: ExchangeReport): Promise<ExchangeAnswer>;
}

/** Without a word for this long an instance counts as gone, ms; it stops using its grants by itself before. */
export const LEASE_MS = 2_000;
/** How often an instance reports at least, ms; one that has just reported for another reason leaves a beat out. */
export const HEARTBEAT_MS = 500;
/** The longest a healthy instance is silent, ms. */
export const LONGEST_SILENCE_MS = 2 * HEARTBEAT_MS;
