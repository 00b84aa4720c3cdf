import type { Timer } from '../clock.ts';
import type { Fault } from '../faults/faults.ts';
import type { JsonObject } from '../json.ts';
import { Budget, type LimitPlace, type LimitsOptions } from './budget.ts';
import { type Ledger, openLedger } from './ledger.ts';
import { limitsDocument } from './published/document.ts';
import { type LimitedAnswer, triageOverLimit } from './published/over-limit.ts';
import { rateLimitHeaders } from './rate-limit-headers.ts';
import { refusalFault } from './refusal.ts';
import type { Charge, Permit, Refusal, SlotRequest } from './slot-request.ts';
import type { ShaperSnapshot } from './snapshot.ts';

export type { LimitPlace, LimitsOptions } from './budget.ts';

/** How one budget stands. */
export interface RegionStanding {
  /** The first account that used the budget. */
  readonly account: string;
  readonly region: string;
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

/** The limits of every account and region: one shaper per user name and region, made on first use. */
export interface RegionLimits<P extends LimitPlace = LimitPlace> {
  /** Whether anything is counted here at all; otherwise only the region knows its limits. */
  readonly isEnabled: boolean;
  /** A permit that costs nothing: for what no limit is about. */
  readonly free: Permit;
  /** A permit or refusal at once, or a promise of one. */
  acquire(place: P, request: SlotRequest): Permit | Refusal | Promise<Permit | Refusal>;
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
  standings(): RegionStanding[];
  /** Asks regions anew how their limits stand and takes it for true, whatever was counted or refused before. */
  resync(which?: ResyncFilter): Promise<Resynced[]>;
  /** See `Shaper.drain`: nobody waits for a slot beyond this monotonic ms. */
  drain(untilMs: number): void;
  /** Settings, accounts and shares may be others now; what is counted stays counted. */
  reload(): void;
  close(): Promise<void>;
}

/** How often budgets that no account uses any more are looked at, ms. */
const SWEEP_MS = 60_000;

/** Budgets of callers' own users, each in a region. */
const MOST_CALLERS = 1024;

const FREE_PERMIT: Permit = {
  waitedMs: 0,
  charges: [],
  queued() {},
  sent() {},
  answered() {},
  lost() {},
  cancel() {},
};

export function createLimits<P extends LimitPlace>(options: LimitsOptions<P>): RegionLimits<P> {
  return new BudgetTable(options);
}

class BudgetTable<P extends LimitPlace> implements RegionLimits<P> {
  readonly free = FREE_PERMIT;
  readonly #options: LimitsOptions<P>;
  /** By user and region: what is counted together. */
  readonly #budgets = new Map<string, Budget<P>>();
  readonly #ledger: Ledger | undefined;
  /** By account and region: how a request finds its budget without building a key. */
  readonly #byPlace = new Map<string, Map<string, Budget<P>>>();
  #sweep: Timer | undefined;
  /** When the process ends, once that is known, monotonic ms. */
  #endsAt: number | undefined;

  constructor(options: LimitsOptions<P>) {
    this.#options = options;
    const { settings, clock, warn } = options;
    if (settings.enabled && settings.ledger !== null)
      this.#ledger = openLedger({ path: settings.ledger, clock, warn });
  }

  get isEnabled(): boolean {
    return this.#options.settings.enabled;
  }

  acquire(place: P, request: SlotRequest): Permit | Refusal | Promise<Permit | Refusal> {
    return this.isEnabled ? this.#budget(place).shaper.acquire(request) : FREE_PERMIT;
  }

  refusal(refused: Refusal): Fault {
    const { settings, clock } = this.#options;
    return refusalFault(refused, { overLimitStatus: settings.overLimitStatus, nowWall: clock.now() });
  }

  headers(charges: readonly Charge[]): [string, string][] {
    return rateLimitHeaders(charges);
  }

  overLimit(place: P, request: SlotRequest, answer: LimitedAnswer): boolean {
    if (answer.status !== 413 && answer.status !== 429) return false;
    const verdict = triageOverLimit(answer, this.#options.clock.now());
    if (verdict.kind !== 'rate' || !this.isEnabled) return false;
    // What its headers say was applied when the permit was answered.
    const seen = triageOverLimit(
      { status: answer.status, headers: answer.headers },
      this.#options.clock.now(),
    );
    if (seen.kind !== 'rate') this.#budget(place).shaper.refusedUpstream(request, verdict);
    return true;
  }

  async document(place: P): Promise<JsonObject> {
    const { shaper, refresher } = this.#budget(place);
    const absolute = (await refresher?.absolute()) ?? {};
    return limitsDocument(shaper.snapshot().limits, absolute, this.#options.clock.now());
  }

  shareHeaders(place: P, client: string): [string, string][] {
    const { waiting } = this.#budget(place).shaper.snapshot();
    return [
      ['X-Sluice-Client', client],
      ['X-Sluice-Share', `${this.#options.shares(client)}`],
      ['X-Sluice-Waiting', `${waiting.get(client) ?? 0}`],
    ];
  }

  warm(place: P): void {
    if (this.isEnabled) this.#budget(place);
  }

  standings(): RegionStanding[] {
    return [...this.#budgets.values()]
      .filter(({ isOrphaned, isCallers }) => !isOrphaned && !isCallers)
      .map(({ account, region, shaper, sharing }) => ({
        account,
        region,
        snapshot: shaper.snapshot(),
        isAlone: sharing !== 'shared',
      }));
  }

  async resync({ account, region }: ResyncFilter = {}): Promise<Resynced[]> {
    const chosen = [...this.#budgets.values()].filter(
      (budget) =>
        !budget.isOrphaned &&
        !budget.isCallers &&
        (account === undefined || budget.account === account) &&
        (region === undefined || budget.region.toUpperCase() === region.toUpperCase()),
    );
    return Promise.all(
      chosen.map(async (budget) => {
        const problem = await budget.resync();
        const asked = { account: budget.account, region: budget.region };
        return problem === undefined ? asked : { ...asked, problem };
      }),
    );
  }

  reload(): void {
    // A request under way for an account that is gone still finds where it is counted.
    for (const [name, regions] of this.#byPlace) {
      const isCallers = [...regions.values()].every((budget) => budget.isCallers);
      if (isCallers || this.#options.userOf(name) !== undefined) this.#byPlace.delete(name);
    }
    for (const [key, budget] of this.#budgets) if (!budget.reload()) this.#drop(key, budget);
    this.#sweepLater();
  }

  drain(untilMs: number): void {
    this.#endsAt = untilMs;
    for (const { shaper } of this.#budgets.values()) shaper.drain(untilMs);
  }

  async close(): Promise<void> {
    this.#sweep?.cancel();
    const closing = [...this.#budgets.values()].map((budget) => budget.close());
    await this.#ledger?.close();
    await Promise.allSettled(closing);
  }

  #sweepLater(): void {
    this.#sweep?.cancel();
    this.#sweep = undefined;
    const mayEnd = () => [...this.#budgets.values()].some((budget) => budget.isOrphaned || budget.isCallers);
    if (mayEnd()) this.#sweep = this.#options.clock.setTimer(() => this.#sweepNow(), SWEEP_MS);
  }

  #sweepNow(): void {
    for (const [key, budget] of this.#budgets)
      if ((budget.isOrphaned || budget.isCallers) && budget.shaper.isEmpty) this.#drop(key, budget);
    this.#sweepLater();
  }

  #drop(key: string, budget: Budget<P>): void {
    this.#budgets.delete(key);
    for (const [name, regions] of this.#byPlace) {
      if (regions.get(budget.region) !== budget) continue;
      regions.delete(budget.region);
      if (regions.size === 0) this.#byPlace.delete(name);
    }
    void budget.close();
  }

  #budget(place: P): Budget<P> {
    const { name, spender = name } = place.account;
    return this.#byPlace.get(spender)?.get(place.endpoint.region) ?? this.#addPlace(place);
  }

  #addPlace(place: P): Budget<P> {
    const { name, spender } = place.account;
    const { region } = place.endpoint;
    const user = spender ?? this.#options.userOf(name) ?? name;
    const key = `${user}\n${region}`;
    const known = this.#budgets.get(key);
    const budget = known ?? new Budget(user, place, this.#options, this.#ledger);
    if (known === undefined && this.#endsAt !== undefined) budget.shaper.drain(this.#endsAt);
    this.#budgets.set(key, budget);
    budget.serve(place);
    const regions = this.#byPlace.get(spender ?? name) ?? new Map<string, Budget<P>>();
    this.#byPlace.set(spender ?? name, regions.set(region, budget));
    if (budget.isCallers) this.#boundCallers(budget);
    return budget;
  }

  /** Callers' own users are as many as the identity service knows: those that were met first make room, idle ones before others. */
  #boundCallers(latest: Budget<P>): void {
    if (this.#sweep === undefined) this.#sweepLater();
    const all = [...this.#budgets].filter(([, budget]) => budget.isCallers && budget !== latest);
    if (all.length < MOST_CALLERS) return;
    const [key, budget] = all.find(([, { shaper }]) => shaper.isEmpty) ?? all[0]!;
    this.#drop(key, budget);
  }
}
