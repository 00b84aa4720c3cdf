/** When a circuit opens, and for how long. */
export interface CircuitOptions {
  /** Attempts in a row without an answer that open it; 0: never. */
  readonly failures: number;
  /** Part of the attempts of the last seconds without an answer that opens it, 0 to 1. */
  readonly rate: number;
  /** Attempts that there have to be for `rate` to count. */
  readonly least: number;
  /** How far back `rate` looks, ms. */
  readonly spanMs: number;
  /** How long it stays open the first time, ms; twice as long after each probe that failed. */
  readonly openMs: number;
  readonly mostOpenMs: number;
  /** Most attempts under way at once. */
  readonly mostInFlight: number;
}

/** How cockatiel's and Envoy's breakers are usually set: late enough that a single bad moment opens nothing. */
export const CIRCUIT: Omit<CircuitOptions, 'failures' | 'openMs' | 'mostInFlight'> = {
  rate: 0.5,
  least: 40,
  spanMs: 10_000,
  mostOpenMs: 60_000,
};

export type CircuitState = 'closed' | 'open' | 'half-open';

/** Why an attempt may not be made, and for how long, ms. */
export interface CircuitRefusal {
  readonly why: 'open' | 'full';
  readonly retryAfterMs: number;
}

/** A permitted attempt: it says how it ended, once. */
export type CircuitPass = 'usual' | 'probe';

/** Hears of a change; `forgotten`: nothing has been heard, for nobody has asked. */
export type CircuitWatch = (state: CircuitState, before: CircuitState, why?: 'forgotten') => void;

/** How an attempt ended; `nothing`: its caller left, or it was not sent, so that it says nothing of the region. */
export type AttemptEnd = 'answer' | 'failure' | 'nothing';

const STEPS = 10;

/**
 * A circuit breaker: after enough attempts without an answer nobody has to wait for the next one to fail; one at a time is let
 * through later on, and its answer closes the circuit. Pure; times are monotonic ms of one clock.
 *
 *     closed ──failures──→ open ──openMs──→ half-open ──answer──→ closed
 *                            ↑──────────failure─────────┘
 *
 * One that nobody tries has no probe: what was found out long ago is forgotten, and the next failure opens it again.
 */
export class Circuit {
  readonly #options: CircuitOptions;
  readonly #onChange: CircuitWatch;
  readonly #attempts = new Float64Array(STEPS);
  readonly #failures = new Float64Array(STEPS);
  #step = 0;
  #inARow = 0;
  #inFlight = 0;
  #state: CircuitState = 'closed';
  /** How often it has opened without closing. */
  #openings = 0;
  #openUntil = 0;
  #isProbing = false;

  constructor(options: CircuitOptions, onChange: CircuitWatch) {
    this.#options = options;
    this.#onChange = onChange;
  }

  get state(): CircuitState {
    return this.#state;
  }

  /** Attempts under way. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether an attempt would be refused now. */
  refusal(now: number): CircuitRefusal | undefined {
    if (this.#state === 'open' && now < this.#openUntil)
      return { why: 'open', retryAfterMs: this.#openUntil - now };
    if (this.#state !== 'closed' && this.#isProbing)
      return { why: 'open', retryAfterMs: this.#options.openMs };
    return this.#inFlight >= this.#options.mostInFlight ? { why: 'full', retryAfterMs: 1000 } : undefined;
  }

  /** An attempt begins, unless it is refused; `ended` has to follow. */
  enter(now: number): CircuitPass | CircuitRefusal {
    const refused = this.refusal(now);
    if (refused !== undefined) return refused;
    this.#inFlight++;
    if (this.#state === 'closed') return 'usual';
    this.#turnTo('half-open');
    this.#isProbing = true;
    return 'probe';
  }

  ended(pass: CircuitPass, end: AttemptEnd, now: number): void {
    this.#inFlight--;
    if (pass === 'probe') this.#isProbing = false;
    if (end === 'nothing') return;
    if (pass === 'probe') {
      if (end === 'answer') this.#close();
      else this.#open(now);
      return;
    }
    if (this.#state === 'closed') this.#count(end, now);
  }

  /** Closes one that could have been tried for a while and was not: whoever looks would take it for a region that is away. */
  forget(now: number): void {
    const { failures, mostOpenMs } = this.#options;
    if (this.#state === 'closed' || this.#isProbing || now < this.#openUntil + mostOpenMs) return;
    this.#close('forgotten');
    this.#inARow = Math.max(0, failures - 1);
  }

  #count(end: AttemptEnd, now: number): void {
    this.#forget(now);
    const { failures, rate, least } = this.#options;
    this.#attempts[this.#step % STEPS]!++;
    if (end === 'answer') {
      this.#inARow = 0;
      return;
    }
    this.#failures[this.#step % STEPS]!++;
    this.#inARow++;
    if (failures === 0) return;
    const attempts = sum(this.#attempts);
    const isOften = attempts >= least && sum(this.#failures) >= rate * attempts;
    if (this.#inARow >= failures || isOften) this.#open(now);
  }

  #open(now: number): void {
    const { openMs, mostOpenMs } = this.#options;
    this.#openUntil = now + Math.min(openMs * 2 ** this.#openings, mostOpenMs);
    this.#openings++;
    this.#turnTo('open');
  }

  #close(why?: 'forgotten'): void {
    this.#openings = 0;
    this.#inARow = 0;
    this.#attempts.fill(0);
    this.#failures.fill(0);
    this.#turnTo('closed', why);
  }

  #turnTo(state: CircuitState, why?: 'forgotten'): void {
    const before = this.#state;
    if (state === before) return;
    this.#state = state;
    this.#onChange(state, before, why);
  }

  /** Forgets what is older than the span. */
  #forget(now: number): void {
    const step = Math.floor((now * STEPS) / this.#options.spanMs);
    for (let next = Math.max(this.#step + 1, step - STEPS + 1); next <= step; next++) {
      this.#attempts[next % STEPS] = 0;
      this.#failures[next % STEPS] = 0;
    }
    this.#step = Math.max(this.#step, step);
  }
}

function sum(counts: Float64Array): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}
