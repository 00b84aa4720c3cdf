import type { Fault } from '../faults/faults.ts';
import type { JsonObject } from '../json.ts';
import type { LimitPlace } from './budget.ts';
import type { LimitedAnswer } from './published/over-limit.ts';
import type { LimitScope } from './settings.ts';
import type { Charge, Permit, Refusal, SlotRequest } from './slot-request.ts';
import type { ShaperSnapshot } from './snapshot.ts';

/** How one budget stands. */
export interface RegionStanding {
  /** The first account that used the budget. */
  readonly account: string;
  readonly region: string;
  readonly service: string;
  /** Whose requests are counted together. */
  readonly scope: LimitScope;
  readonly snapshot: ShaperSnapshot;
  /** The shared budget cannot be reached: this instance goes on with its part of it. */
  readonly isAlone?: boolean;
}

/** Which budgets are meant; nothing named means all. Regions are compared without case. */
export interface ResyncFilter {
  readonly account?: string;
  readonly region?: string;
}

/** What came of asking one region. */
export interface Resynced {
  readonly account: string;
  readonly region: string;
  /** Why it could not be asked; left out when it could. */
  readonly problem?: string;
}

/** The limits of every account, region and service: one shaper for whatever is counted together, made on first use. */
export interface RegionLimits<P extends LimitPlace = LimitPlace> {
  /** Whether anything is counted here at all; otherwise only the region knows its limits. */
  readonly isEnabled: boolean;
  /** How many instances share the budgets, this one included, as far as is known. */
  readonly instances: number;
  /** A permit that costs nothing: for what no limit is about. */
  readonly free: Permit;
  /** A permit or refusal at once, or a promise of one. */
  acquire(place: P, request: SlotRequest): Permit | Refusal | Promise<Permit | Refusal>;
  /**
   * The same for a request to an identity service.
   * @param account its name, and whom it is counted for if that is not its own user
   * @param request `region`: that the identity service is for; `global` when it is for all
   */
  acquireLogin(
    account: LimitPlace['account'],
    request: Pick<SlotRequest, 'method' | 'path'> & { readonly region: string },
    signal?: AbortSignal,
  ): Permit | Refusal | Promise<Permit | Refusal>;
  /** A permit of what nobody else wants, see `Shaper.spare`. */
  spare(place: P, request: SlotRequest, leastFree: number): Permit | undefined;
  /** What a caller is told of a refusal. */
  refusal(refused: Refusal): Fault;
  /** RateLimit headers for an answer. */
  headers(charges: readonly Charge[]): [name: string, value: string][];
  /**
   * True when an answer is a rate limit's refusal: the request was not executed, its windows are now stopped for as long as
   * the answer says, and it may be asked for again with `again: true`. Quotas and sizes are false and go to the caller.
   */
  overLimit(place: P, request: SlotRequest, answer: LimitedAnswer): boolean;
  /** A caller's GET /limits: rates from the model, absolute limits at most seconds old. */
  document(place: P): Promise<JsonObject>;
  /** A caller's own part of a region's budget, for GET /limits. */
  shareHeaders(place: P, client: string): [name: string, value: string][];
  /** Learns a place's limits before the first request asks for them. */
  warm(place: P): void;
  /** Whose requests to Compute are counted together in an account: a budget each. */
  scopesOf(account: string): readonly LimitScope[];
  standings(): RegionStanding[];
  /** Asks regions anew how their limits stand and takes it for true, whatever was counted or refused before. */
  resync(which?: ResyncFilter): Promise<Resynced[]>;
  /** See `Shaper.drain`: nobody waits for a slot beyond this monotonic ms. */
  drain(untilMs: number): void;
  /** Settings, accounts and shares may be others now; what is counted stays counted. */
  reload(): void;
  close(): Promise<void>;
}
