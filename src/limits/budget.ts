import type { Clock } from '../clock.ts';
import type { JsonValue } from '../json.ts';
import type { Permit } from './ask.ts';
import { BudgetLease } from './budget-lease.ts';
import type { BudgetStore } from './budget-store.ts';
import type { Ledger } from './ledger.ts';
import { LimitsKeeper } from './limits-keeper.ts';
import { DEFAULT_LIMITS, type PublishedLimit } from './published-limit.ts';
import type { LimitsSettings } from './settings.ts';
import { createShaper, type Shaper } from './shaper.ts';
import type { ShaperObserver } from './shaper-observer.ts';

/** Where a request goes, as far as limits care. */
export interface LimitPlace {
  readonly account: { readonly name: string };
  /** `basePath`: version and tenant, no trailing slash. */
  readonly endpoint: { readonly region: string; readonly basePath: string };
}

/** What limits need of the rest of the gateway. */
export interface LimitsOptions<P extends LimitPlace> {
  readonly settings: LimitsSettings;
  readonly clock: Clock;
  /** The upstream user behind an account: two accounts of one user share their budgets. */
  readonly userOf: (account: string) => string;
  /** Sends GET /limits with a permit given for it, and answers its parsed body; rejects when there is none. */
  readonly fetchLimits: (place: P, permit: Permit) => Promise<JsonValue>;
  /** Weight of a client in the fair queue. */
  readonly shares: (client: string) => number;
  /** Hears what happens in one budget. */
  readonly observe: (account: string, region: string) => ShaperObserver;
  readonly warn: (line: string) => void;
  /** Where several instances share their budgets; left out, this process has them to itself. */
  readonly store?: BudgetStore | undefined;
}

/** What one user may do in one region, whichever of the user's accounts asks. */
export interface Budget {
  /** The first account that used it; its label in logs and metrics. */
  readonly account: string;
  readonly region: string;
  readonly shaper: Shaper;
  /** Undefined where limits are static. */
  readonly keeper: LimitsKeeper | undefined;
}

const STATES = {
  alone: 'the shared budget cannot be reached; this instance goes on with its part of the limits',
  shared: 'the shared budget is back',
};

/** Opens the budget of a place and begins to learn its limits. */
export function openBudget<P extends LimitPlace>(
  options: LimitsOptions<P>,
  place: P,
  ledger: Ledger | undefined,
): Budget {
  const { settings, clock, store } = options;
  const { name } = place.account;
  const { region } = place.endpoint;
  const key = `${options.userOf(name)}|${region}`;
  const warn = (line: string) => options.warn(`${name} ${region}: ${line}`);
  const onState = (state: keyof typeof STATES) => warn(STATES[state]);
  let keeper: LimitsKeeper | undefined;
  const shaper = createShaper({
    clock,
    settings,
    shares: options.shares,
    restore: ledger && ((window) => ledger.restore(key, window)),
    lease:
      store &&
      ((holder) =>
        new BudgetLease({ clock, store, holder, budget: key, instances: settings.instances, onState })),
    observe: heardBy(options.observe(name, region), () => keeper?.correct()),
  });
  ledger?.track(key, () => shaper.windows);
  const initial = initialLimits(settings);
  if (settings.source === 'published') {
    const fullPath = `${place.endpoint.basePath}/limits`;
    const fetch = (permit: Permit) => options.fetchLimits(place, permit);
    keeper = new LimitsKeeper({ clock, shaper, initial, fullPath, fetch, warn });
    keeper.start();
  } else shaper.setLimits(initial);
  return { account: name, region, shaper, keeper };
}

/** What holds before a region has said otherwise. */
function initialLimits(settings: LimitsSettings): readonly PublishedLimit[] {
  if (settings.source === 'published' && settings.static.length === 0) return DEFAULT_LIMITS;
  return settings.static.map((limit) => ({ ...limit, verb: limit.verb.toUpperCase() }));
}

/** The observer, and whoever has to do something about an unforeseen refusal. */
function heardBy(observer: ShaperObserver, correct: () => void): ShaperObserver {
  return {
    waited: (waitMs, client) => observer.waited(waitMs, client),
    refused: (reason, client) => observer.refused(reason, client),
    problem: (line) => observer.problem(line),
    overLimit() {
      observer.overLimit();
      correct();
    },
  };
}
