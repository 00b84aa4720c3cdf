import type { PublishedLimit } from './published/limit.ts';
import type { LimitTarget } from './windows/limit-pattern.ts';

/** How urgent a request is: inside a client interactive goes before batch; background goes after everybody's. */
export type Priority = 'interactive' | 'batch' | 'background';

/** A request that wants to leave for a region. */
export interface SlotRequest extends LimitTarget {
  readonly method: string;
  /** The service it is for; left out: `compute`. */
  readonly service?: string | undefined;
  /** The limits that GET /limits publishes are not about it (version documents). */
  readonly isUnpublished?: boolean | undefined;
  /** Configured name of the caller; whoever has none shares one name. */
  readonly client: string;
  readonly priority: Priority;
  /** Longest wait, ms; 0: refuse rather than wait. The settings' `maxWaitMs` caps it. */
  readonly maxWaitMs: number;
  /** Aborted when the caller leaves: the request leaves the queue and its promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** The upstream refused it before it was executed: it goes back to the head of its client's queue. */
  readonly again?: boolean;
}

/** A limit that a request is charged to, as it stands now. */
export interface Charge {
  readonly limit: PublishedLimit;
  readonly remaining: number;
  /** Seconds until the next slot comes free; 0 when nothing is taken. */
  readonly resetSeconds: number;
}

/** Permission to send one request. Exactly one of `answered`, `lost` and `cancel` must follow. */
export interface Permit {
  readonly refused?: undefined;
  readonly waitedMs: number;
  /** The limits this request is charged to, as they stand now: for RateLimit headers. */
  readonly charges: readonly Charge[];
  /**
   * The answer's head is here, or the exchange ended without one: the slots come free a unit and a margin from now. A 413,
   * 429 or 503 that says when to come back also stops what it concerns until then.
   * @param nowWall ms since the epoch; the clock's own when left out
   */
  answered(
    status?: number,
    headers?: Readonly<Record<string, string | string[] | undefined>>,
    nowWall?: number,
  ): void;
  /** It waits for a connection: as long as it does, the region cannot have counted it. */
  queued(): void;
  /** It has got one after `queued`, and goes out now. */
  sent(): void;
  /** The caller left before there was an answer: the request may still be on its way, and be counted later than now. */
  lost(): void;
  /** It was never sent: the slots are free at once. */
  cancel(): void;
}

/** Why a request may not leave. */
export const REFUSAL_REASONS = [
  /** It would wait longer than it may. */
  'wait',
  /** A limit per HOUR or DAY is used up. */
  'spent',
  /** A limit of value 0. */
  'forbidden',
  /** Too many wait already. */
  'queue-full',
  /** Too many of this client's wait already. */
  'client-queue-full',
  /** Sluice is shutting down. */
  'closed',
] as const;

export type RefusalReason = (typeof REFUSAL_REASONS)[number];

export interface Refusal {
  readonly refused: true;
  readonly reason: RefusalReason;
  /** When it would pass, in whole seconds from now; at least 1. */
  readonly retryAfterSeconds: number;
  /** The limit that stands in the way; undefined when the region itself asked for a pause. */
  readonly limit: PublishedLimit | undefined;
}
