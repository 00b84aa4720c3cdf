import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { clientLimitFault } from '../access/client-limits.ts';
import { sleep } from '../clock.ts';
import { Fault } from '../faults/faults.ts';
import type { Trust } from '../identity/settings.ts';
import type { Token } from '../identity/token.ts';
import type { Charge, Permit, Refusal } from '../limits/slot-request.ts';
import type { LiveAccount } from '../routing/account.ts';
import { refusalBody } from './answer-reader.ts';
import { recordAttempt, recordSlot } from './attempt-record.ts';
import { beginAttempt, endAttempt, inSpan, withTrace } from './attempt-span.ts';
import {
  type AttemptOutcome,
  type AttemptState,
  decideNext,
  type FailReason,
  firstAttempt,
  type NextStep,
  stateAfter,
} from './attempts.ts';
import type { Circuit } from './circuit.ts';
import { circuitFault, endOf } from './circuits.ts';
import type { AnswerHead, ExchangeRequest, UpstreamAnswer } from './exchange.ts';
import { ExchangeError } from './exchange.ts';
import { failureFault, refusedFault, renewalFault } from './failure.ts';
import type { CallTerms, Means } from './means.ts';
import { ownToken } from './own-token.ts';
import { isTaken, type Tokens } from './renewals.ts';
import { isStreamed, isWhole, type RegionRequest } from './request.ts';
import type { RetryBudget } from './retry-budget.ts';
import { announce, mayRideAlong, PermitWatch, RegionSlot, waitForSlot } from './slot.ts';
import { spend } from './spending.ts';

/**
 * One request to a region, sent until there is an answer worth having. Each attempt takes a token, a permit and one
 * exchange; `decideNext` says what comes after it. On the usual way, of one attempt, there is one thing to wait for: the
 * answer. How an answer is taken, whole or as a stream, is what the two kinds of calls differ in.
 */
export abstract class RegionCall<R extends RegionRequest, A extends AnswerHead> {
  /** Time spent waiting for slots, ms. */
  waitedMs = 0;
  /** Time from sending to the answer, all attempts, ms. */
  upstreamMs = 0;
  /** How often it was sent. */
  attempts = 0;
  /** What the last attempt was charged to. */
  charges: readonly Charge[] = [];
  protected readonly request: R;
  readonly means: Means;
  readonly #terms: CallTerms;
  protected readonly budget: RetryBudget;
  protected readonly circuit: Circuit;
  readonly #tokens: Tokens;
  readonly #trust: Trust | undefined;
  #state: AttemptState;
  #given: Permit | undefined;
  /** Of the last answer there was. */
  #headers: IncomingHttpHeaders | undefined;

  constructor(request: R, terms: CallTerms, means: Means) {
    this.request = request;
    this.means = means;
    this.#terms = terms;
    const { account, endpoint } = request.place;
    const { tokens, trust } = (account as LiveAccount).loginAt(endpoint.region);
    this.#tokens = tokens;
    this.#trust = trust;
    this.#state = firstAttempt(request.method, means.retries, request.ownToken !== undefined);
    this.#given = terms.permit;
    this.budget = means.retryBudgets.of(request.place.endpoint.origin);
    this.budget.requested(means.clock.monotonic());
    this.circuit = means.circuits.of(request.place);
  }

  /** Headers of an attempt. */
  protected abstract headers(token: Token): Record<string, string>;
  /** One exchange; `watch` is told how far it gets. */
  protected abstract exchange(
    request: ExchangeRequest,
    dispatcher: Dispatcher,
    watch: PermitWatch,
  ): Promise<A | ExchangeError>;
  /** What is wrong with an answer, if anything; it then counts as none. */
  protected abstract check(answer: A): ExchangeError | undefined | Promise<ExchangeError | undefined>;
  /** A refusal with its whole body, as far as that was read. */
  protected abstract whole(answer: A): UpstreamAnswer | undefined;
  /** Lets go of an answer that nobody gets. */
  protected abstract discard(answer: A): void;

  /**
   * The answer.
   *
   * @throws {Fault} over limit, no token, no answer
   */
  async run(): Promise<A> {
    this.#takeOwnLimit();
    try {
      for (;;) {
        const token = this.#tokenNow() ?? (await this.#tokenLater());
        this.#checkCircuit();
        const asked = this.#admit();
        const permit = asked instanceof Promise ? await waitForSlot(asked, this.request, this) : asked;
        recordSlot(this.request, this.means, permit);
        if (permit.refused) {
          if (mayRideAlong(permit)) this.request.waiting?.refused();
          throw this.means.limits.refusal(permit);
        }
        this.waitedMs += permit.waitedMs;
        const { beforeSending } = this.request;
        const told = beforeSending && announce(beforeSending, permit);
        if (told !== undefined) await told;
        const result = await this.#attempt(token, permit);
        if (this.#state.renewals > 0 && isTaken(result)) this.#tokens.accepted(token);
        const step = decideNext(this.#state, this.#outcomeOf(result), Math.random());
        if (step.kind === 'done') {
          this.charges = permit.charges;
          return result as A;
        }
        if (step.kind === 'fail') throw await this.#faultFor(step.why, result, token);
        await this.#prepare(step, result, token);
      }
    } catch (error) {
      if (this.request.spending) spend(this.request.spending, this, this.#headers);
      // Whatever was waited for ends with the signal's own reason.
      if (error instanceof Fault || !this.request.cancellation?.gone) throw error;
      throw this.#failure(new ExchangeError('aborted', false, 'the caller left', error));
    }
  }

  /** @throws {Fault} over a limit of the client's own, of which a request takes one, however often it is sent */
  #takeOwnLimit(): void {
    const { clientLimits, clock, limits, metrics, overLimitStatus } = this.means;
    const { client, method, place } = this.request;
    if (this.#terms.isFree || this.#given !== undefined || !clientLimits.has(client)) return;
    const slot = this.slot(0, false);
    const refused = clientLimits.take(client, method, slot, clock.monotonic(), limits.instances);
    if (refused === undefined) return;
    const [account, region] = [place.account.name, place.endpoint.region];
    metrics.limitRejected.inc(account, region, slot.service, 'client', client, 'client');
    throw clientLimitFault(client, refused, { overLimitStatus, nowWall: clock.now() });
  }

  /** What can be sent but once does not leave with a token that is being replaced. */
  #tokenNow(): Token | undefined {
    if (this.request.ownToken !== undefined) return ownToken(this.request.ownToken);
    const isSpoilt = isStreamed(this.request.body) && this.means.renewals.pending(this.#tokens) !== undefined;
    return isSpoilt ? undefined : this.#tokens.peek();
  }

  async #tokenLater(): Promise<Token> {
    if (isStreamed(this.request.body)) await this.means.renewals.pending(this.#tokens);
    return inSpan('wait for a token', this.request, this.#tokens.get(this.request.cancellation?.signal));
  }

  #admit(): Permit | Refusal | Promise<Permit | Refusal> {
    const given = this.#given;
    this.#given = undefined;
    if (given !== undefined) return given;
    return this.#acquire(this.request.maxWaitMs - this.waitedMs, this.#state.waits > 0);
  }

  #acquire(maxWaitMs: number, isAgain: boolean): Permit | Refusal | Promise<Permit | Refusal> {
    return this.means.limits.acquire(this.request.place, this.slot(maxWaitMs, isAgain));
  }

  protected slot(maxWaitMs: number, isAgain: boolean): RegionSlot {
    const { base, isFree } = this.#terms;
    return new RegionSlot(this.request, base, isFree, maxWaitMs, isAgain);
  }

  /** @throws {Fault} 503: the region does not answer, so that there is no use in waiting for a slot */
  #checkCircuit(): void {
    const refused = this.circuit.refusal(this.means.clock.monotonic());
    if (refused === undefined) return;
    this.#given?.cancel();
    throw circuitFault(refused, this.request.place);
  }

  /** One exchange, counted; an answer that is none is a failure from here on. */
  async #attempt(token: Token, permit: Permit): Promise<A | ExchangeError> {
    const { method, path, query, body, place } = this.request;
    const started = this.means.clock.monotonic();
    const pass = this.circuit.enter(started);
    if (typeof pass !== 'string') {
      permit.cancel();
      throw circuitFault(pass, place);
    }
    const span = beginAttempt(this.request, this.#terms.label, this.attempts++);
    const watch = new PermitWatch(permit);
    const outcome = await this.exchange(
      {
        method,
        path: this.#terms.base + (query === '' ? path : `${path}?${query}`),
        headers: withTrace(this.headers(token), span),
        body: isStreamed(body) ? body.stream : body,
      },
      this.means.pools.get(place.endpoint.origin, this.#trust),
      watch,
    );
    const tookMs = this.means.clock.monotonic() - started;
    this.upstreamMs += tookMs;
    endAttempt(span, outcome);
    const { label } = this.#terms;
    recordAttempt(this.request, this.means, { label, count: this.attempts, ms: tookMs }, outcome);
    this.circuit.ended(pass, endOf(outcome), started + tookMs);
    this.#headers = (outcome instanceof ExchangeError ? watch.headers : outcome.headers) ?? this.#headers;
    if (!(outcome instanceof ExchangeError)) {
      const flaw = this.check(outcome);
      return (flaw instanceof Promise ? await flaw : flaw) ?? outcome;
    }
    watch.ended(outcome);
    return outcome;
  }

  #outcomeOf(result: A | ExchangeError): AttemptOutcome {
    const { body, cancellation } = this.request;
    const canRepeat = isWhole(body);
    const mayPass = result instanceof ExchangeError || result.status >= 500;
    const hasBudget = mayPass && this.budget.allows(this.means.clock.monotonic());
    if (result instanceof ExchangeError)
      return { kind: 'failure', failure: cancellation?.gone ? 'aborted' : result.kind, canRepeat, hasBudget };
    const isOverLimit = this.#isOverLimit(result);
    const mayWait = this.waitedMs + this.upstreamMs < this.request.maxWaitMs;
    return { kind: 'answer', status: result.status, isOverLimit, mayWait, canRepeat, hasBudget };
  }

  /** A rate limit's refusal; the windows are then corrected. */
  #isOverLimit(answer: A): boolean {
    const { status, headers } = answer;
    if (status !== 413 && status !== 429) return false;
    const whole = this.whole(answer);
    const refused = { status, headers, body: whole && refusalBody(whole) };
    return this.means.limits.overLimit(this.request.place, this.slot(0, true), refused);
  }

  /** Does what has to be done before the next attempt. */
  async #prepare(
    step: NextStep & { reason: string },
    result: A | ExchangeError,
    token: Token,
  ): Promise<void> {
    const { cancellation, place } = this.request;
    this.means.metrics.upstreamRetries.inc(place.endpoint.region, step.reason);
    if (!(result instanceof ExchangeError)) this.discard(result);
    let hasNewToken = false;
    if (step.kind === 'renew') {
      const next = await this.means.renewals.renew(this.#tokens, token, cancellation?.signal);
      hasNewToken = next.id !== token.id;
    } else if (step.kind === 'repeat') {
      this.budget.repeated(this.means.clock.monotonic());
      await sleep(this.means.clock, step.delayMs, cancellation?.signal);
    }
    this.#state = stateAfter(this.#state, step, hasNewToken);
  }

  async #faultFor(why: FailReason, result: A | ExchangeError, token: Token): Promise<Fault> {
    if (result instanceof ExchangeError) return this.#failure(result);
    this.discard(result);
    if (why === 'overlimit') return this.means.limits.refusal(await this.#refusalNow());
    const { region } = this.request.place.endpoint;
    if (why === 'unauthorized') return refusedFault(region);
    this.means.renewals.renewInBackground(this.#tokens, token);
    return renewalFault(region);
  }

  #failure(error: ExchangeError): Fault {
    return failureFault(error, this.request.method, this.request.place.endpoint.region);
  }

  /** When a request that the region refused for a rate would pass. */
  async #refusalNow(): Promise<Refusal> {
    const asked = await this.#acquire(0, true);
    if (asked.refused) return asked;
    asked.cancel();
    return { refused: true, reason: 'wait', retryAfterSeconds: 1, limit: undefined };
  }
}
