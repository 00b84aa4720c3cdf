import type { IncomingHttpHeaders } from 'node:http';
import { type Clock, sleep } from '../clock.ts';
import type { Fault } from '../faults/faults.ts';
import type { Endpoint } from '../identity/catalog.ts';
import type { Token } from '../identity/token.ts';
import type { Charge, Permit, Refusal } from '../limits/slot-request.ts';
import type { Cancellation } from './cancellation.ts';
import { ExchangeError, type ExchangeWatch, exchange, type UpstreamAnswer } from './exchange.ts';
import { failureFault } from './failure.ts';
import type { Pools } from './pools.ts';
import { decideRetry, NO_RETRY, type Outcome } from './retry.ts';

/** Where tokens come from; the narrow part of a token source that sending needs. */
export interface Tokens {
  peek(): Token | undefined;
  get(signal?: AbortSignal): Promise<Token>;
  refused(token: Token, signal?: AbortSignal): Promise<Token>;
  accepted(token: Token): void;
}

/** One request on its way to a region. */
export interface Sending {
  method: string;
  endpoint: Endpoint;
  /** Path and query below the origin. */
  path: string;
  tokens: Tokens;
  headers(token: Token): Record<string, string>;
  body: Buffer | string | undefined;
  cancellation: Cancellation | undefined;
  /** What is wrong with a whole answer's body, if anything; it then counts as no answer. */
  check(answer: UpstreamAnswer): ExchangeError | undefined;
  /**
   * Asks for a rate-limit slot.
   *
   * @param waitedMs what the request has waited already
   * @param again the region refused it for a rate: it goes to the head of its queue
   */
  admit(waitedMs: number, again: boolean): Permit | Refusal | Promise<Permit | Refusal>;
  /** True when an answer is a rate limit's refusal, which is waited out; the windows are then corrected. */
  overLimit(answer: UpstreamAnswer): boolean;
  refusal(refusal: Refusal): Fault;
  observe: SendObserver;
}

/** What happened on the way; the caller of `send` counts it. */
export interface SendObserver {
  attempt(status: number | 'error', durationMs: number): void;
  retry(reason: string): void;
}

/** An answer with what it cost. */
export interface Sent {
  answer: UpstreamAnswer;
  /** Time spent waiting for slots, ms. */
  waitedMs: number;
  /** Time from sending to the whole answer, all attempts, ms. */
  upstreamMs: number;
  /** The limits the last attempt was charged to. */
  charges: readonly Charge[];
}

/** How often a rate limit's 413 is waited out before it goes to the caller after all. */
const MAX_OVERLIMIT_WAITS = 5;

export interface Sender {
  /**
   * Sends until there is an answer worth having: waits for slots, renews a refused token once, repeats what is safe.
   *
   * @throws {Fault} over limit, no token, no answer
   */
  send(sending: Sending): Promise<Sent>;
}

export function createSender(options: { pools: Pools; clock: Clock; retries: number }): Sender {
  return { send: (sending) => new Journey(options.pools, options.clock, options.retries, sending).run() };
}

/** Send again at once. */
const AT_ONCE = -1;

/** The attempts of one request. On the usual way, of one attempt, there is one thing to wait for: the answer. */
class Journey implements ExchangeWatch {
  readonly #pools: Pools;
  readonly #clock: Clock;
  readonly #retries: number;
  readonly #sending: Sending;
  #attempts = 0;
  #renewed = false;
  #secondChance = false;
  #overLimits = 0;
  #waitedMs = 0;
  #upstreamMs = 0;
  /** Of the current attempt. */
  #permit: Permit | undefined;
  /** The head of the current attempt's answer is here: its permit is used up. */
  #hasHead = false;

  constructor(pools: Pools, clock: Clock, retries: number, sending: Sending) {
    this.#pools = pools;
    this.#clock = clock;
    this.#retries = retries;
    this.#sending = sending;
  }

  async run(): Promise<Sent> {
    const sending = this.#sending;
    const { tokens, cancellation } = sending;
    for (;;) {
      const token = tokens.peek() ?? (await tokens.get(cancellation?.signal));
      const asked = sending.admit(this.#waitedMs, this.#overLimits > 0);
      const permit = asked instanceof Promise ? await asked : asked;
      if (permit.refused) throw sending.refusal(permit);
      this.#waitedMs += permit.waitedMs;
      const started = this.#clock.monotonic();
      const result = this.#counted(await this.#attempt(token, permit), permit, started);
      let pauseMs: number | undefined;
      if (result instanceof ExchangeError) pauseMs = this.#pauseAfterFailure(result);
      else if (result.status === 401 && !this.#renewed) {
        await this.#renew(token);
        continue;
      } else {
        if (this.#secondChance && result.status !== 401) tokens.accepted(token);
        pauseMs = this.#pauseAfter(result);
        if (pauseMs === undefined) return this.#sent(result, permit);
      }
      if (pauseMs !== AT_ONCE) await sleep(this.#clock, pauseMs, cancellation?.signal);
    }
  }

  #sent(answer: UpstreamAnswer, { charges }: Permit): Sent {
    return { answer, waitedMs: this.#waitedMs, upstreamMs: this.#upstreamMs, charges };
  }

  /**
   * A fresh token is given a second chance first (identity replicates), so the same one may come back once.
   */
  async #renew(token: Token): Promise<void> {
    const { tokens, cancellation, observe } = this.#sending;
    observe.retry('unauthorized');
    const next = await tokens.refused(token, cancellation?.signal);
    this.#renewed = next.id !== token.id || this.#secondChance;
    this.#secondChance = true;
  }

  /** One exchange. */
  #attempt(token: Token, permit: Permit): Promise<UpstreamAnswer | ExchangeError> {
    const { method, endpoint, path, body, cancellation } = this.#sending;
    this.#attempts++;
    this.#hasHead = false;
    const request = { method, path, headers: this.#sending.headers(token), body };
    this.#permit = permit;
    return exchange(this.#pools.get(endpoint.origin), request, cancellation, this);
  }

  queued(): void {
    this.#permit?.queued();
  }

  sent(): void {
    this.#permit?.sent();
  }

  head(status: number, headers: IncomingHttpHeaders): void {
    this.#hasHead = true;
    this.#permit?.answered(status, headers);
  }

  /** Counts what came of an attempt; an answer that is none is a failure from here on. */
  #counted(
    outcome: UpstreamAnswer | ExchangeError,
    permit: Permit,
    started: number,
  ): UpstreamAnswer | ExchangeError {
    const tookMs = this.#clock.monotonic() - started;
    this.#upstreamMs += tookMs;
    if (outcome instanceof ExchangeError) {
      if (!this.#hasHead) {
        if (outcome.kind === 'aborted' && outcome.sent) permit.lost();
        else if (outcome.sent) permit.answered();
        else permit.cancel();
      }
      this.#sending.observe.attempt('error', tookMs);
      return outcome;
    }
    this.#sending.observe.attempt(outcome.status, tookMs);
    return this.#sending.check(outcome) ?? outcome;
  }

  /** How long to wait before sending again, ms or `AT_ONCE`; undefined: the answer is final. */
  #pauseAfter(answer: UpstreamAnswer): number | undefined {
    const { method, observe } = this.#sending;
    if (this.#sending.overLimit(answer) && this.#overLimits++ < MAX_OVERLIMIT_WAITS) {
      observe.retry('overlimit');
      return AT_ONCE;
    }
    // Far most answers are no reason to decide anything.
    if (answer.status < 500) return undefined;
    const outcome: Outcome = { kind: 'status', status: answer.status };
    const verdict = decideRetry(method, outcome, this.#attempts, this.#retries, Math.random());
    if (!verdict.retry) return undefined;
    observe.retry(verdict.reason);
    return verdict.delayMs;
  }

  /**
   * How long to wait before sending again, ms.
   *
   * @throws {Fault} it is not sent again
   */
  #pauseAfterFailure(error: ExchangeError): number {
    const { method, endpoint, cancellation, observe } = this.#sending;
    const verdict = cancellation?.gone
      ? NO_RETRY
      : decideRetry(method, { kind: 'error', error }, this.#attempts, this.#retries, Math.random());
    if (!verdict.retry) throw failureFault(error, method, endpoint.region);
    observe.retry(verdict.reason);
    return verdict.delayMs;
  }
}
