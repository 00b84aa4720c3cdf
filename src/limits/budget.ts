import type { Clock } from '../clock.ts';
import type { JsonValue } from '../json.ts';
import type { Ledger } from './ledger.ts';
import type { PublishedLimit } from './published/limit.ts';
import { LimitsRefresher } from './published/refresher.ts';
import { createShaper } from './queue/shaper.ts';
import type { Shaper, ShaperObserver } from './queue/shaper-contract.ts';
import type { LimitScope, LimitsSettings } from './settings.ts';
import { BudgetLease, type LeaseHolder, type LeaseState } from './shared/lease.ts';
import type { BudgetStore } from './shared/store.ts';
import type { Permit } from './slot-request.ts';
import {
  COMPUTE,
  initialLimits,
  type StatedLimits,
  statedLimits,
  usualScope,
  withPublished,
} from './stated.ts';

/** Where a request goes, as far as limits care. */
export interface LimitPlace {
  readonly account: {
    readonly name: string;
    /** The user whose limits are spent; left out, that of the account of this name. */
    readonly spender?: string | undefined;
  };
  /** `basePath`: version and tenant, no trailing slash. */
  readonly endpoint: { readonly region: string; readonly basePath: string };
}

/** What limits need of the rest of the gateway. Settings, users and shares are read anew after each `reload`. */
export interface LimitsOptions<P extends LimitPlace> {
  readonly settings: LimitsSettings;
  readonly clock: Clock;
  /** The upstream user behind an account: two accounts of one user share their budgets. Undefined: no such account. */
  readonly userOf: (account: string) => string | undefined;
  /** The project of an account in a region, once that is known; accounts of one project share its budgets. */
  readonly projectOf?: ((account: string, region: string) => string | undefined) | undefined;
  /** Whose requests limits count together that do not say so; left out: the user's. */
  readonly scopeOf?: ((account: string) => LimitScope) | undefined;
  /** Sends GET /limits with a permit given for it, and answers its parsed body; rejects when there is none. */
  readonly fetchLimits: (place: P, permit: Permit) => Promise<JsonValue>;
  /** Weight of a client in the fair queue. */
  readonly shares: (client: string) => number;
  /** Hears what happens in one budget. */
  readonly observe: (account: string, region: string, name: BudgetName) => ShaperObserver;
  readonly warn: (line: string) => void;
  /** Where several instances share their budgets; left out, this process has them to itself. */
  readonly store?: BudgetStore | undefined;
}

/** What is counted together. */
export interface BudgetName {
  readonly service: string;
  readonly scope: LimitScope;
  /** The user, project or account. */
  readonly owner: string;
}

/** Whose requests are counted together in a scope; undefined: there is no such account any more. */
export function ownerOf<P extends LimitPlace>(
  options: LimitsOptions<P>,
  { account: { name, spender }, endpoint: { region } }: P,
  scope: LimitScope,
): string | undefined {
  const user = spender ?? options.userOf(name);
  if (user === undefined || spender !== undefined || scope === 'user') return user;
  return scope === 'account' ? `account ${name}` : (options.projectOf?.(name, region) ?? user);
}

/**
 * What one user, project or account may ask of one service in one region, whichever of its accounts asks. It is orphaned while
 * no account in force is its own, and is remembered for as long as its windows hold anything: the region remembers, too.
 */
export class Budget<P extends LimitPlace> {
  readonly name: BudgetName;
  readonly shaper: Shaper;
  readonly #options: LimitsOptions<P>;
  readonly #ledger: Ledger | undefined;
  /** The place in whose name GET /limits is asked; its account is the label in logs and metrics. */
  #place: P;
  #observer: ShaperObserver;
  #refresher: LimitsRefresher | undefined;
  #isOrphaned = false;
  /** How many instances share it, as the store last said; undefined until it has. */
  instances: number | undefined;
  #sharing: LeaseState = 'shared';
  /** The stated limits in force, to tell whether a reload changed them. */
  #isStated = '';

  /** Opens the budget of a place and begins to learn its limits. */
  constructor(name: BudgetName, place: P, options: LimitsOptions<P>, ledger: Ledger | undefined) {
    this.name = name;
    this.#place = place;
    this.#options = options;
    this.#ledger = ledger;
    this.#observer = options.observe(this.account, this.region, name);
    this.shaper = this.#openShaper();
    if (!options.store) ledger?.track(this.#key, () => this.shaper.windows);
    if (!this.isCallers) ledger?.trackLearned(this.#key, () => this.shaper.learned);
    this.#learn();
  }

  get account(): string {
    return this.#place.account.name;
  }

  get region(): string {
    return this.#place.endpoint.region;
  }

  /** Undefined while no account in force is the user's. */
  get refresher(): LimitsRefresher | undefined {
    return this.#refresher;
  }

  /** Requests of this place are counted here from now on. */
  serve(place: P): void {
    if (!this.#isOrphaned && this.#owner === this.name.owner) return;
    this.#place = place;
    this.#observer = this.#options.observe(this.account, this.region, this.name);
    this.#isOrphaned = false;
    this.#learn();
  }

  /** Puts changed settings in force. False when nobody needs the budget any more. */
  reload(): boolean {
    this.#isOrphaned = this.#owner !== this.name.owner || this.isCallers;
    if (this.#isOrphaned) {
      this.#refresher?.close();
      if (this.shaper.isEmpty) return false;
    }
    this.shaper.reload();
    this.#learn();
    return true;
  }

  /** Forgets what the region has said of waiting, and asks it how its limits stand; answers why that failed, if it did. */
  async resync(): Promise<string | undefined> {
    this.shaper.unblock();
    return this.#refresher?.resync();
  }

  /** It is that of a caller with a token of its own, and no account's. */
  get isCallers(): boolean {
    return this.#place.account.spender !== undefined;
  }

  /** How it stands with the shared budget; `shared` as well where this process has it to itself. */
  get sharing(): LeaseState {
    return this.#sharing;
  }

  get isOrphaned(): boolean {
    return this.#isOrphaned;
  }

  close(): Promise<void> {
    this.#refresher?.close();
    return this.shaper.close();
  }

  get #key(): string {
    const { owner, service } = this.name;
    return service === COMPUTE ? `${owner}|${this.region}` : `${owner}|${this.region}|${service}`;
  }

  /** Whose the account is, by the scope of the budget. */
  get #owner(): string | undefined {
    return ownerOf(this.#options, this.#place, this.name.scope);
  }

  /** Limits of its kind are published, if anybody publishes them. */
  get #isPublished(): boolean {
    const { service, scope } = this.name;
    return service === COMPUTE && scope === this.#usualScope && this.#options.settings.source === 'published';
  }

  get #usualScope(): LimitScope {
    return usualScope(this.name.service, this.#options.scopeOf?.(this.account) ?? 'user');
  }

  get #stated(): StatedLimits {
    const { service, scope } = this.name;
    return statedLimits(this.#options.settings, service, scope, this.#usualScope);
  }

  #openShaper(): Shaper {
    const { clock, settings, shares, store } = this.#options;
    const ledger = this.#ledger;
    return createShaper({
      clock,
      settings,
      shares,
      // A shared budget remembers by itself.
      onDoubt: () => this.#refresher?.settle(),
      learned: this.isCallers ? [] : ledger?.learnedOf(this.#key),
      restore: ledger && !store ? (window) => ledger.restore(this.#key, window) : undefined,
      lease: store && ((holder) => this.#openLease(holder, store)),
      observe: {
        waited: (waitMs, client) => this.#observer.waited(waitMs, client),
        refused: (reason, client) => this.#observer.refused(reason, client),
        problem: (line) => this.#observer.problem(line),
        overLimit: () => {
          this.#observer.overLimit();
          this.#refresher?.correct();
        },
      },
    });
  }

  #openLease(holder: LeaseHolder, store: BudgetStore): BudgetLease {
    const { clock } = this.#options;
    return new BudgetLease({
      clock,
      store,
      holder,
      budget: this.#key,
      instances: () => this.#instances(),
      onInstances: (count) => {
        this.instances = count;
        this.#ledger?.sawInstances(this.#key, count);
      },
      onState: (state) => {
        this.#sharing = state;
        this.#warn(this.#describe(state));
      },
    });
  }

  /** How many instances there are when the shared budget cannot say. */
  #instances(): number {
    return Math.max(this.#options.settings.instances, this.#ledger?.instancesOf(this.#key) ?? 1);
  }

  #describe(state: LeaseState): string {
    if (state === 'shared') return 'the shared budget is back';
    if (state === 'alone')
      return 'the shared budget cannot be reached; this instance goes on with its part of the limits';
    const count = this.#instances();
    const part = count === 1 ? 'takes all of the limits' : `takes 1/${count} of the limits`;
    return `Redis has not been reached since the start: this instance ${part}. Set limits.instances to how many instances share the account, or together they may exceed its limits.`;
  }

  /** Begins, goes on or stops to ask the region for its limits, as the settings say. */
  #learn(): void {
    const { service, scope } = this.name;
    const isPublished = this.#isPublished;
    if (isPublished) this.#restate();
    else this.#state(initialLimits(this.#stated, false));
    if (this.#isOrphaned || service !== COMPUTE || scope !== this.#usualScope) return;
    if (this.#refresher?.isReader === !isPublished) this.#refresher.reopen();
    else {
      this.#refresher?.close();
      this.#refresher = this.#makeRefresher(!isPublished);
    }
  }

  #makeRefresher(isReader: boolean): LimitsRefresher {
    const refresher = new LimitsRefresher({
      clock: this.#options.clock,
      shaper: this.shaper,
      initial: initialLimits(this.#stated, true),
      complete: (published) => withPublished(this.#stated, published),
      fullPath: () => `${this.#place.endpoint.basePath}/limits`,
      fetch: (permit) => this.#options.fetchLimits(this.#place, permit),
      warn: (line) => this.#warn(line),
      isReader,
    });
    refresher.start();
    return refresher;
  }

  /** What is stated beside what is published may be other than before. */
  #restate(): void {
    const stated = JSON.stringify(this.#stated);
    const isOther = this.#isStated !== '' && this.#isStated !== stated;
    this.#isStated = stated;
    if (isOther) this.#refresher?.restate();
  }

  #state(limits: readonly PublishedLimit[]): void {
    const stated = JSON.stringify(limits);
    if (stated === this.#isStated) return;
    this.#isStated = stated;
    this.shaper.setLimits(limits);
  }

  /** Of a caller's own budget nobody who reads the log can mend anything: its token has ended, mostly. */
  #warn(line: string): void {
    if (!this.isCallers) this.#options.warn(`${this.account} ${this.region}: ${line}`);
  }
}
