import type { IncomingHttpHeaders } from 'node:http';
import { type Clock, sleep } from '../clock.ts';
import type { Fault } from '../faults/faults.ts';
import type { Endpoint } from '../identity/catalog.ts';
import type { Token } from '../identity/token.ts';
import type { Charge, Permit, Refusal } from '../limits/ask.ts';
import { ExchangeError, exchange, type UpstreamAnswer } from './exchange.ts';
import { failureFault } from './failure.ts';
import type { Leave } from './leave.ts';
import type { Pools } from './pools.ts';
import { decideRetry, type Outcome } from './retry.ts';

/** Where tokens come from; the narrow part of a token source that sending needs. */
export interface Tokens {
  peek(): Token | undefined;
  get(signal?: AbortSignal): Promise<Token>;
  refused(token: Token, signal?: AbortSignal): Promise<Token>;
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
  leave: Leave | undefined;
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

/** The attempts of one request. */
class Journey {
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

  constructor(pools: Pools, clock: Clock, retries: number, sending: Sending) {
    this.#pools = pools;
    this.#clock = clock;
    this.#retries = retries;
    this.#sending = sending;
  }

  async run(): Promise<Sent> {
    for (;;) {
      const { tokens, leave } = this.#sending;
      const token = tokens.peek() ?? (await tokens.get(leave?.signal));
      const permit = await this.#admit();
      const result = await this.#attempt(token, permit);
      if (result instanceof ExchangeError) {
        await this.#againAfter({ kind: 'error', error: result });
        continue;
      }
      if (result.status === 401 && !this.#renewed) {
        await this.#renew(token);
        continue;
      }
      if (await this.#done(result)) {
        return {
          answer: result,
          waitedMs: this.#waitedMs,
          upstreamMs: this.#upstreamMs,
          charges: permit.charges,
        };
      }
    }
  }

  /**
   * A fresh token is given a second chance first (identity replicates), so the same one may come back once.
   */
  async #renew(token: Token): Promise<void> {
    const { tokens, leave, observe } = this.#sending;
    observe.retry('unauthorized');
    const next = await tokens.refused(token, leave?.signal);
    this.#renewed = next.id !== token.id || this.#secondChance;
    this.#secondChance = true;
  }

  async #admit(): Promise<Permit> {
    const asked = this.#sending.admit(this.#waitedMs, this.#overLimits > 0);
    const given = asked instanceof Promise ? await asked : asked;
    if (given.refused) throw this.#sending.refusal(given);
    this.#waitedMs += given.waitedMs;
    return given;
  }

  async #attempt(token: Token, permit: Permit): Promise<UpstreamAnswer | ExchangeError> {
    const { method, endpoint, path, body, leave, observe } = this.#sending;
    const started = this.#clock.monotonic();
    let counted = false;
    const onHead = (status: number, headers: IncomingHttpHeaders) => {
      counted = true;
      permit.answered(status, headers);
    };
    this.#attempts++;
    try {
      const request = { method, path, headers: this.#sending.headers(token), body };
      const answer = await exchange(this.#pools.get(endpoint.origin), request, leave, onHead);
      observe.attempt(answer.status, this.#took(started));
      return this.#sending.check(answer) ?? answer;
    } catch (error) {
      const failure =
        error instanceof ExchangeError ? error : new ExchangeError('broken', true, String(error), error);
      if (!counted) {
        if (failure.kind === 'aborted' && failure.sent) permit.lost();
        else if (failure.sent) permit.answered();
        else permit.cancel();
      }
      observe.attempt('error', this.#took(started));
      return failure;
    }
  }

  #took(started: number): number {
    const took = this.#clock.monotonic() - started;
    this.#upstreamMs += took;
    return took;
  }

  /** True: the answer is final. False: send again, now. */
  async #done(answer: UpstreamAnswer): Promise<boolean> {
    if (this.#sending.overLimit(answer) && this.#overLimits++ < MAX_OVERLIMIT_WAITS) {
      this.#sending.observe.retry('overlimit');
      return false;
    }
    const { method } = this.#sending;
    const verdict = decideRetry(
      method,
      { kind: 'status', status: answer.status },
      this.#attempts,
      this.#retries,
      Math.random(),
    );
    if (!verdict.retry) return true;
    this.#sending.observe.retry(verdict.reason);
    await sleep(this.#clock, verdict.delayMs, this.#sending.leave?.signal);
    return false;
  }

  async #againAfter(outcome: Outcome & { kind: 'error' }): Promise<void> {
    const { method, endpoint, leave } = this.#sending;
    const verdict = leave?.gone
      ? { retry: false as const }
      : decideRetry(method, outcome, this.#attempts, this.#retries, Math.random());
    if (!verdict.retry) throw failureFault(outcome.error, method, endpoint.region);
    this.#sending.observe.retry(verdict.reason);
    await sleep(this.#clock, verdict.delayMs, leave?.signal);
  }
}
