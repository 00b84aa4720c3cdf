/** How much may be repeated. */
export interface RetryBudgetOptions {
  /** Repeats for each request, over the span: 0.2 lets one in five be repeated once. */
  readonly share: number;
  /** Repeats in a span that are always allowed, however few requests there are. */
  readonly least: number;
  /** How long a request and a repeat are remembered, ms. */
  readonly spanMs: number;
}

/** A fifth as Envoy's and Finagle's budgets have it, and enough for whoever asks seldom. */
export const RETRY_BUDGET: RetryBudgetOptions = { share: 0.2, least: 10, spanMs: 10_000 };

const STEPS = 10;

/**
 * A budget of repeats: a share of the requests of the last seconds. A single failure is repeated at once; an outage, in which
 * everything fails, is not met with three times the load, nor charged three times to the account's limits. One for each region.
 * Times are monotonic ms of one clock.
 */
export class RetryBudget {
  readonly #options: RetryBudgetOptions;
  readonly #requests = new Float64Array(STEPS);
  readonly #repeats = new Float64Array(STEPS);
  #step = 0;

  constructor(options: RetryBudgetOptions = RETRY_BUDGET) {
    this.#options = options;
  }

  /** A request is sent for the first time. */
  requested(now: number): void {
    this.#turnTo(now);
    this.#requests[this.#step % STEPS]!++;
  }

  /** Whether one may be repeated now. */
  allows(now: number): boolean {
    return this.left(now) >= 1;
  }

  /** How many may be repeated now. */
  left(now: number): number {
    this.#turnTo(now);
    const allowed = Math.max(this.#options.least, this.#options.share * sum(this.#requests));
    return Math.max(0, Math.floor(allowed - sum(this.#repeats)));
  }

  /** One is repeated. */
  repeated(now: number): void {
    this.#turnTo(now);
    this.#repeats[this.#step % STEPS]!++;
  }

  /** Forgets what is older than the span. */
  #turnTo(now: number): void {
    const step = Math.floor((now * STEPS) / this.#options.spanMs);
    if (step <= this.#step) return;
    for (let next = Math.max(this.#step + 1, step - STEPS + 1); next <= step; next++) {
      this.#requests[next % STEPS] = 0;
      this.#repeats[next % STEPS] = 0;
    }
    this.#step = step;
  }
}

function sum(counts: Float64Array): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}

/** The budgets of all origins there are: as many as the catalogs have. */
export class RetryBudgets {
  readonly #budgets = new Map<string, RetryBudget>();

  /** @param origin `https://dfw.example.com` */
  of(origin: string): RetryBudget {
    let budget = this.#budgets.get(origin);
    if (budget === undefined) {
      budget = new RetryBudget();
      this.#budgets.set(origin, budget);
    }
    return budget;
  }
}
