/**
 * The life of one account's upstream token: one login for any number of waiting requests, renewed ahead in
 * the background, replaced once for all when a region refuses it. While the identity service is down the old
 * token serves until it expires; without one, requests are told so at once and retries go on with back-off.
 *
 * One timer at a time drives it: the next renewal after a success, the next try after a failure.
 */
import type { Clock, Timer } from '../clock.ts';
import { Fault } from '../faults/faults.ts';
import { abortable } from './abortable.ts';
import { asLoginError, type LoginError, type LoginResult } from './login-error.ts';
import { createRefusals, type Refusals } from './refusals.ts';
import { refreshDelayMs, retryDelayMs } from './schedule.ts';
import type { IdentitySettings } from './settings.ts';
import type { Token } from './token.ts';

/**
 * `starting`: no login has ended yet. `ready`: there is a token that has not expired (the last renewal may
 * have failed: see `lastFailure`). `failing`: no token, the identity service is at fault or away. `refused`: no
 * token, the credentials are wrong.
 */
export type TokenState = 'starting' | 'ready' | 'failing' | 'refused' | 'closed';

/** What a token source needs of a logger; pino's and Fastify's have it. */
export interface IdentityLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface TokenSource {
  readonly state: TokenState;
  /** Why the last login brought no token; undefined once one has. Holds no secret. */
  readonly lastFailure: LoginError | undefined;
  /** The current token when it has not expired: the hot path, no promise. */
  peek(): Token | undefined;
  /**
   * The current token, or that of the login that runs or is started for it. Never waits out a back-off.
   *
   * @param signal the caller's; leaving does not stop the login that others wait for
   * @throws Fault serviceUnavailable (503, with Retry-After) without a token: identity down, or credentials refused
   */
  get(signal?: AbortSignal): Promise<Token>;
  /**
   * A region answered 401 for `token`. Resolves with the token to try again with, at most twice for a request:
   * the same one after a moment when it is fresh (identity replicates), else a new one, from one login for all.
   *
   * @throws Fault serviceUnavailable (503, with Retry-After) when there is no new token to be had now
   */
  refused(token: Token, signal?: AbortSignal): Promise<Token>;
  /**
   * A request for which `refused` was called has been answered otherwise, with `token`: replacing it has helped, so the
   * next refusal is no continuation of this one.
   */
  accepted(token: Token): void;
  /** Logs in now, in the background; never throws. */
  start(): void;
  /** Stops every timer and login; whoever waits gets a 503 fault. */
  close(): void;
  /** Called with every new token, the current one included if there is one; returns how to stop that. */
  onToken(listener: (token: Token) => void): () => void;
}

export interface TokenSourceOptions {
  account: IdentitySettings;
  clock: Clock;
  /** One login; rejects with LoginError (see createIdentityLogin). */
  login: (credentials: IdentitySettings, signal: AbortSignal) => Promise<Token>;
  /** A child logger that names the account. */
  log: IdentityLog;
  /** Told of every login: `sluice_token_requests_total`. */
  observe?: ((result: LoginResult) => void) | undefined;
  /** Jitter: from 0 (inclusive) to 1 (exclusive). */
  random?: () => number;
}

/** A source that does nothing before `start()` or the first `get()`. */
export function createTokenSource(options: TokenSourceOptions): TokenSource {
  return new AccountTokenSource(options);
}

interface Flight {
  promise: Promise<Token>;
  controller: AbortController;
}

class AccountTokenSource implements TokenSource {
  readonly #options: TokenSourceOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #refusals: Refusals;
  readonly #listeners = new Set<(token: Token) => void>();
  #token: Token | undefined;
  #flight: Flight | undefined;
  #timer: Timer | undefined;
  #failures = 0;
  #lastFailure: LoginError | undefined;
  /** Monotonic ms before which no login is tried, after a failed one. */
  #retryAt = 0;
  #closed = false;

  constructor(options: TokenSourceOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#random = options.random ?? Math.random;
    this.#refusals = createRefusals(options.clock);
  }

  get state(): TokenState {
    if (this.#closed) return 'closed';
    if (this.peek()) return 'ready';
    if (!this.#lastFailure) return 'starting';
    return this.#lastFailure.reason === 'refused' ? 'refused' : 'failing';
  }

  get lastFailure(): LoginError | undefined {
    return this.#lastFailure;
  }

  peek(): Token | undefined {
    const token = this.#token;
    return token !== undefined && this.#clock.now() < token.expiresAtMs ? token : undefined;
  }

  get(signal?: AbortSignal): Promise<Token> {
    const token = this.peek();
    return token ? Promise.resolve(token) : abortable(this.#renew(), signal);
  }

  async refused(token: Token, signal?: AbortSignal): Promise<Token> {
    const current = this.peek();
    if (!current) return this.get(signal);
    if (current.id !== token.id) return current;
    if (this.#flight || this.#isBackingOff()) return abortable(this.#renew(), signal);
    const verdict = this.#refusals.decide(current);
    if (verdict.kind === 'again') {
      await abortable(verdict.moment, signal);
      return this.get(signal);
    }
    if (verdict.kind === 'pause') throw refusedTooOften(verdict.remainingMs);
    this.#options.log.warn({}, 'A region refuses the token before it has expired: logging in again.');
    return abortable(this.#renew(), signal);
  }

  accepted(token: Token): void {
    if (token.id === this.#token?.id) this.#refusals.healed();
  }

  start(): void {
    if (!this.#closed && !this.#timer) void this.#login();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    this.#refusals.close();
    this.#flight?.controller.abort(closing());
    this.#token = undefined;
    this.#listeners.clear();
  }

  onToken(listener: (token: Token) => void): () => void {
    this.#listeners.add(listener);
    const token = this.peek();
    if (token) this.#notify(listener, token);
    return () => void this.#listeners.delete(listener);
  }

  /** A login, unless the last one failed a short while ago. */
  #renew(): Promise<Token> {
    if (this.#closed) return Promise.reject(closing());
    if (this.#flight) return this.#flight.promise;
    return this.#isBackingOff() ? Promise.reject(this.#unavailable()) : this.#login();
  }

  #isBackingOff(): boolean {
    return this.#lastFailure !== undefined && this.#clock.monotonic() < this.#retryAt;
  }

  /** The one login that runs, or a new one. */
  #login(): Promise<Token> {
    if (this.#flight) return this.#flight.promise;
    this.#timer?.cancel();
    const controller = new AbortController();
    // The attempt begins in a turn of its own: it must find its flight registered, however soon it ends.
    const promise = Promise.resolve().then(() => this.#attempt(controller.signal));
    this.#flight = { promise, controller };
    // Started in the background, a failure may have nobody who waits for it.
    promise.catch(() => undefined);
    return promise;
  }

  async #attempt(signal: AbortSignal): Promise<Token> {
    try {
      // Aborted by close(): a login function that does not listen must not hold the waiters.
      const login = this.#options.login(this.#options.account, signal);
      const token = await abortable(login, signal);
      signal.throwIfAborted();
      return this.#accept(token);
    } catch (error) {
      if (this.#closed) throw closing();
      throw this.#fail(asLoginError(error));
    }
  }

  #accept(received: Token): Token {
    const previous = this.#token;
    // Some services hand out the same token until it expires: it is as old as it was.
    const same = previous?.id === received.id;
    const token = same ? { ...received, issuedAtMs: previous.issuedAtMs } : received;
    const lifeMs = token.expiresAtMs - this.#clock.now();
    const recovered = this.#lastFailure !== undefined;
    this.#flight = undefined;
    this.#token = token;
    this.#failures = 0;
    this.#lastFailure = undefined;
    this.#arm(refreshDelayMs(lifeMs, this.#random()));
    this.#options.observe?.('ok');
    this.#options.log.info(
      { expires: new Date(token.expiresAtMs).toISOString(), tenant: token.tenant.id, sameToken: same },
      recovered ? 'The identity service is back: logged in.' : 'Logged in to the identity service.',
    );
    for (const listener of this.#listeners) this.#notify(listener, token);
    return token;
  }

  #fail(failure: LoginError): Fault {
    this.#flight = undefined;
    this.#failures += 1;
    this.#lastFailure = failure;
    const delayMs = retryDelayMs(failure, this.#failures, this.#random());
    this.#retryAt = this.#clock.monotonic() + delayMs;
    this.#arm(delayMs);
    this.#options.observe?.(failure.reason);
    const fields = { reason: failure.reason, failures: this.#failures, retryInMs: Math.round(delayMs) };
    const token = this.peek();
    if (token) {
      const until = new Date(token.expiresAtMs).toISOString();
      this.#options.log.warn(fields, `${failure.message} The old token serves until ${until}.`);
    } else {
      this.#options.log.error(fields, `${failure.message} Requests are refused until a login succeeds.`);
    }
    return this.#unavailable();
  }

  #arm(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimer(() => void this.#login(), delayMs);
  }

  #notify(listener: (token: Token) => void, token: Token): void {
    try {
      listener(token);
    } catch (error) {
      this.#options.log.error({ err: error }, 'Something that follows the token failed to take the new one.');
    }
  }

  #unavailable(): Fault {
    const headers = retryAfter(this.#retryAt - this.#clock.monotonic());
    const cause = this.#lastFailure;
    if (cause?.reason === 'untrusted')
      return new Fault('serviceUnavailable', `Sluice cannot log in for this account. ${cause.message}`, {
        headers,
        cause,
      });
    return cause?.reason === 'refused'
      ? new Fault(
          'serviceUnavailable',
          "The identity service refuses the credentials that Sluice has for this account; its operator must correct the account's user, secret or project.",
          { headers, cause },
        )
      : new Fault(
          'serviceUnavailable',
          'Sluice has no valid token for this account because logging in fails at the identity service; it keeps trying, so try again later.',
          { headers, cause },
        );
  }
}

function refusedTooOften(remainingMs: number): Fault {
  return new Fault(
    'serviceUnavailable',
    'The region keeps refusing tokens that the identity service has just issued; try again later.',
    { headers: retryAfter(remainingMs) },
  );
}

function closing(): Fault {
  return new Fault('serviceUnavailable', 'Sluice is shutting down; try again.', {
    headers: retryAfter(1_000),
  });
}

function retryAfter(delayMs: number): Record<string, string> {
  return { 'retry-after': String(Math.max(1, Math.ceil(delayMs / 1_000))) };
}
