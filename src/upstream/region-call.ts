import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { type ClientLimits, clientLimitFault } from '../access/client-limits.ts';
import { type Clock, sleep } from '../clock.ts';
import { Fault } from '../faults/faults.ts';
import type { Trust } from '../identity/settings.ts';
import type { Token } from '../identity/token.ts';
import type { RegionLimits } from '../limits/limits.ts';
import type { Charge, Permit, Refusal, SlotRequest } from '../limits/slot-request.ts';
import type { LiveAccount } from '../routing/account.ts';
import type { Place } from '../routing/directory.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { statusLabel } from '../telemetry/status-label.ts';
import { refusalBody } from './answer-reader.ts';
import { type AttemptOutcome, decideNext, firstAttempt, type NextStep, stateAfter } from './attempts.ts';
import { ExchangeError, type ExchangeRequest, type ExchangeWatch, type UpstreamAnswer } from './exchange.ts';
import { failureFault } from './failure.ts';
import type { Pools } from './pools.ts';
import type { Renewals, Tokens } from './renewals.ts';
import { isStreamed, type RegionRequest } from './request.ts';
import { RegionSlot } from './slot.ts';

/** What regions are asked with. */
export interface Means {
  readonly pools: Pools;
  readonly clock: Clock;
  readonly limits: RegionLimits<Place>;
  readonly metrics: Metrics;
  /** How often what is safe is sent again. */
  readonly retries: number;
  readonly renewals: Renewals;
  /** Limits of the clients' own. */
  readonly clientLimits: ClientLimits;
  /** What whoever is over one of them is answered. */
  readonly overLimitStatus: 413 | 429;
}

/** How one request goes, beside what it says. */
export interface CallTerms {
  /** Path at the origin below which the request's path stands. */
  readonly base: string;
  /** Name of the operation in metrics. */
  readonly label: string;
  /** False: no limit is about it. */
  readonly isRated: boolean;
  /** Was given already for the first attempt. */
  readonly permit?: Permit | undefined;
}

/** What an answer has, however it is taken. */
interface AnswerHead {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/** How long whoever cannot be served for a refused token should stay away: a login takes less, s. */
const RENEWAL_SECONDS = 2;

/**
 * One request to a region, sent until there is an answer worth having. Each attempt takes a token, a permit and one
 * exchange; `decideNext` says what comes after it. On the usual way, of one attempt, there is one thing to wait for: the
 * answer. How an answer is taken, whole or as a stream, is what the two kinds of calls differ in.
 */
export abstract class RegionCall<R extends RegionRequest, A extends AnswerHead> implements ExchangeWatch {
  /** Time spent waiting for slots, ms. */
  waitedMs = 0;
  /** Time from sending to the answer, all attempts, ms. */
  upstreamMs = 0;
  /** The limits the last attempt was charged to. */
  charges: readonly Charge[] = [];
  protected readonly request: R;
  protected readonly means: Means;
  readonly #terms: CallTerms;
  readonly #tokens: Tokens;
  readonly #trust: Trust | undefined;
  #state;
  #given: Permit | undefined;
  /** Of the current attempt. */
  #permit: Permit | undefined;
  /** The head of the current attempt's answer is here: its permit is used up. */
  #hasHead = false;

  constructor(request: R, terms: CallTerms, means: Means) {
    this.request = request;
    this.means = means;
    this.#terms = terms;
    const { account, endpoint } = request.place;
    const { tokens, trust } = (account as LiveAccount).loginAt(endpoint.region);
    this.#tokens = tokens;
    this.#trust = trust;
    this.#state = firstAttempt(request.method, means.retries);
    this.#given = terms.permit;
  }

  /** Headers of an attempt. */
  protected abstract headers(token: Token): Record<string, string>;
  /** One exchange; `this` watches how far it gets. */
  protected abstract exchange(request: ExchangeRequest, dispatcher: Dispatcher): Promise<A | ExchangeError>;
  /** What is wrong with an answer, if anything; it then counts as none. */
  protected abstract check(answer: A): ExchangeError | undefined;
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
        const asked = this.#admit();
        const permit = asked instanceof Promise ? await asked : asked;
        if (permit.refused) throw this.means.limits.refusal(permit);
        this.waitedMs += permit.waitedMs;
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
      // Whatever was waited for ends with the signal's own reason.
      if (error instanceof Fault || !this.request.cancellation?.gone) throw error;
      throw this.#failure(new ExchangeError('aborted', false, 'the caller left', error));
    }
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

  /** @throws {Fault} over a limit of the client's own, of which a request takes one, however often it is sent */
  #takeOwnLimit(): void {
    const { clientLimits, clock, metrics, overLimitStatus } = this.means;
    const { client, method, place } = this.request;
    if (!this.#terms.isRated || this.#given !== undefined || !clientLimits.has(client)) return;
    const refused = clientLimits.take(client, method, this.#slot(0, false), clock.monotonic());
    if (refused === undefined) return;
    metrics.limitRejected.inc(place.account.name, place.endpoint.region, client, 'client');
    throw clientLimitFault(client, refused, { overLimitStatus, nowWall: clock.now() });
  }

  /** What can be sent but once does not leave with a token that is being replaced. */
  #tokenNow(): Token | undefined {
    const isSpoilt = isStreamed(this.request.body) && this.means.renewals.pending(this.#tokens) !== undefined;
    return isSpoilt ? undefined : this.#tokens.peek();
  }

  async #tokenLater(): Promise<Token> {
    if (isStreamed(this.request.body)) await this.means.renewals.pending(this.#tokens);
    return this.#tokens.get(this.request.cancellation?.signal);
  }

  #admit(): Permit | Refusal | Promise<Permit | Refusal> {
    const given = this.#given;
    this.#given = undefined;
    if (given !== undefined) return given;
    if (!this.#terms.isRated) return this.means.limits.free;
    return this.#acquire(this.request.maxWaitMs - this.waitedMs, this.#state.waits > 0);
  }

  #acquire(maxWaitMs: number, isAgain: boolean): Permit | Refusal | Promise<Permit | Refusal> {
    return this.means.limits.acquire(this.request.place, this.#slot(maxWaitMs, isAgain));
  }

  #slot(maxWaitMs: number, isAgain: boolean): SlotRequest {
    return new RegionSlot(this.request, this.#terms.base, maxWaitMs, isAgain);
  }

  /** One exchange, counted; an answer that is none is a failure from here on. */
  async #attempt(token: Token, permit: Permit): Promise<A | ExchangeError> {
    const { method, path, query, body, place } = this.request;
    this.#hasHead = false;
    this.#permit = permit;
    const started = this.means.clock.monotonic();
    const outcome = await this.exchange(
      {
        method,
        path: this.#terms.base + (query === '' ? path : `${path}?${query}`),
        headers: this.headers(token),
        body: isStreamed(body) ? body.stream : body,
      },
      this.means.pools.get(place.endpoint.origin, this.#trust),
    );
    const tookMs = this.means.clock.monotonic() - started;
    this.upstreamMs += tookMs;
    if (outcome instanceof ExchangeError) {
      if (!this.#hasHead) settleUnanswered(permit, outcome);
      this.#count('error', tookMs);
      return outcome;
    }
    this.#count(statusLabel(outcome.status), tookMs);
    return this.check(outcome) ?? outcome;
  }

  #count(label: string, durationMs: number): void {
    const { metrics } = this.means;
    const { account, endpoint } = this.request.place;
    metrics.upstreamRequests.inc(account.name, endpoint.region, this.#terms.label, label);
    metrics.upstreamDuration.observe(durationMs / 1000, endpoint.region, this.#terms.label);
  }

  #outcomeOf(result: A | ExchangeError): AttemptOutcome {
    const { body, cancellation } = this.request;
    const canRepeat = !isStreamed(body) || isUntouched(body.stream);
    if (result instanceof ExchangeError)
      return { kind: 'failure', failure: cancellation?.gone ? 'aborted' : result.kind, canRepeat };
    return { kind: 'answer', status: result.status, isOverLimit: this.#isOverLimit(result), canRepeat };
  }

  /** A rate limit's refusal; the windows are then corrected. */
  #isOverLimit(answer: A): boolean {
    const { status, headers } = answer;
    if ((status !== 413 && status !== 429) || !this.#terms.isRated) return false;
    const whole = this.whole(answer);
    const refused = { status, headers, body: whole && refusalBody(whole) };
    return this.means.limits.overLimit(this.request.place, this.#slot(0, true), refused);
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
      await sleep(this.means.clock, step.delayMs, cancellation?.signal);
    }
    this.#state = stateAfter(this.#state, step, hasNewToken);
  }

  async #faultFor(
    why: 'unauthorized' | 'overlimit' | 'failure',
    result: A | ExchangeError,
    token: Token,
  ): Promise<Fault> {
    if (result instanceof ExchangeError) return this.#failure(result);
    this.discard(result);
    if (why === 'overlimit') return this.means.limits.refusal(await this.#refusalNow());
    this.means.renewals.renewInBackground(this.#tokens, token);
    return new Fault(
      'serviceUnavailable',
      `Region ${this.request.place.endpoint.region} refused the token of this gateway, which is being replaced. The body has been sent on and is not here any more: send the request again after Retry-After.`,
      { headers: { 'retry-after': String(RENEWAL_SECONDS) } },
    );
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

/** The region has answered, and not to refuse the token. */
const isTaken = (result: { status: number } | ExchangeError): boolean =>
  !(result instanceof ExchangeError) && result.status !== 401;

/** All of the body is still there: a connection that could not be made has read nothing of it. */
const isUntouched = ({ readableDidRead, destroyed }: Readable): boolean => !readableDidRead && !destroyed;

/** What a permit is told of an exchange that ended without a head. */
function settleUnanswered(permit: Permit, { kind, sent }: ExchangeError): void {
  if (kind === 'aborted' && sent) permit.lost();
  else if (sent) permit.answered();
  else permit.cancel();
}
