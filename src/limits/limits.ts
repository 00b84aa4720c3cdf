import type { Timer } from '../clock.ts';
import type { Fault } from '../faults/faults.ts';
import type { JsonObject } from '../json.ts';
import { Budget, type BudgetName, type LimitPlace, type LimitsOptions, ownerOf } from './budget.ts';
import { acquireJointly, spareJointly } from './joint-permit.ts';
import { type Ledger, openLedger } from './ledger.ts';
import { limitsDocument } from './published/document.ts';
import { type LimitedAnswer, triageOverLimit } from './published/over-limit.ts';
import { rateLimitHeaders } from './rate-limit-headers.ts';
import { refusalFault } from './refusal.ts';
import type { RegionLimits, RegionStanding, Resynced, ResyncFilter } from './region-limits.ts';
import type { LimitScope } from './settings.ts';
import type { Charge, Permit, Refusal, SlotRequest } from './slot-request.ts';
import { COMPUTE, IDENTITY, scopesOf, usualScope } from './stated.ts';

export type { LimitPlace, LimitsOptions } from './budget.ts';
export type { RegionLimits, RegionStanding, Resynced, ResyncFilter } from './region-limits.ts';

/** What is the same of all requests to identity services. */
const LOGIN = { service: IDENTITY, query: '', client: 'login', priority: 'interactive' } as const;

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
  /** By owner, region, service and scope: what is counted together. */
  readonly #budgets = new Map<string, Budget<P>>();
  readonly #ledger: Ledger | undefined;
  /** By account, region and service: how a request finds its budgets without building a key. */
  readonly #byPlace = new Map<string, Map<string, Map<string, readonly Budget<P>[]>>>();
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

  get instances(): number {
    const { store, settings } = this.#options;
    if (store === undefined) return 1;
    let most = 0;
    for (const budget of this.#budgets.values()) most = Math.max(most, budget.instances ?? 0);
    return most === 0 ? settings.instances : most;
  }

  acquire(place: P, request: SlotRequest): Permit | Refusal | Promise<Permit | Refusal> {
    if (!this.isEnabled) return FREE_PERMIT;
    const budgets = this.#budgetsOf(place, request.service ?? COMPUTE);
    if (budgets.length === 1) return budgets[0]!.shaper.acquire(request);
    return acquireJointly(
      budgets.map(({ shaper }) => shaper),
      request,
    );
  }

  spare(place: P, request: SlotRequest, leastFree: number): Permit | undefined {
    if (!this.isEnabled) return FREE_PERMIT;
    const shapers = this.#budgetsOf(place, request.service ?? COMPUTE).map(({ shaper }) => shaper);
    return spareJointly(shapers, request, leastFree);
  }

  acquireLogin(
    account: LimitPlace['account'],
    { method, path, region }: Pick<SlotRequest, 'method' | 'path'> & { readonly region: string },
    signal?: AbortSignal,
  ): ReturnType<RegionLimits['acquire']> {
    const place = { account, endpoint: { region, basePath: '' } } as P;
    const { maxWaitMs } = this.#options.settings;
    return this.acquire(place, { ...LOGIN, method, path, fullPath: path, maxWaitMs, signal });
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
    if (seen.kind !== 'rate') this.#budget(place, request.service).shaper.refusedUpstream(request, verdict);
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

  scopesOf(account: string, service = COMPUTE): readonly LimitScope[] {
    const usual = usualScope(service, this.#options.scopeOf?.(account) ?? 'user');
    return scopesOf(this.#options.settings, service, usual);
  }

  standings(): RegionStanding[] {
    return [...this.#budgets.values()]
      .filter(({ isOrphaned, isCallers }) => !isOrphaned && !isCallers)
      .map(({ account, region, name: { service, scope }, shaper, sharing }) => ({
        account,
        region,
        service,
        scope,
        snapshot: shaper.snapshot(),
        isAlone: sharing !== 'shared',
      }));
  }

  async resync({ account, region }: ResyncFilter = {}): Promise<Resynced[]> {
    const chosen = [...this.#budgets.values()].filter(
      (budget) =>
        !budget.isOrphaned &&
        !budget.isCallers &&
        budget.refresher !== undefined &&
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
      const all = [...regions.values()].flatMap((services) => [...services.values()].flat());
      const isCallers = all.every((budget) => budget.isCallers);
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
    for (const [name, regions] of this.#byPlace)
      for (const [region, services] of regions) {
        for (const [service, budgets] of services) if (budgets.includes(budget)) services.delete(service);
        if (services.size === 0) regions.delete(region);
        if (regions.size === 0) this.#byPlace.delete(name);
      }
    void budget.close();
  }

  /** The budget of a service in which limits are published and found out. */
  #budget(place: P, service = COMPUTE): Budget<P> {
    return this.#budgetsOf(place, service)[0]!;
  }

  #budgetsOf(place: P, service: string): readonly Budget<P>[] {
    const { name, spender = name } = place.account;
    const regions = this.#byPlace.get(spender);
    return regions?.get(place.endpoint.region)?.get(service) ?? this.#addPlace(place, service);
  }

  #addPlace(place: P, service: string): readonly Budget<P>[] {
    const { name, spender = name } = place.account;
    const { region } = place.endpoint;
    const budgets = this.scopesOf(name, service).map((scope) => {
      const owner = ownerOf(this.#options, place, scope) ?? name;
      return this.#open({ service, scope, owner }, place);
    });
    const regions = this.#byPlace.get(spender) ?? new Map<string, Map<string, readonly Budget<P>[]>>();
    const services = regions.get(region) ?? new Map<string, readonly Budget<P>[]>();
    this.#byPlace.set(spender, regions.set(region, services.set(service, budgets)));
    return budgets;
  }

  #open(name: BudgetName, place: P): Budget<P> {
    const key = [name.owner, place.endpoint.region, name.service, name.scope].join('\n');
    const known = this.#budgets.get(key);
    const budget = known ?? new Budget(name, place, this.#options, this.#ledger);
    if (known === undefined && this.#endsAt !== undefined) budget.shaper.drain(this.#endsAt);
    this.#budgets.set(key, budget);
    budget.serve(place);
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
