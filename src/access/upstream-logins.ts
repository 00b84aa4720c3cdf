/**
 * Logins that are handed on to the account's own Identity (`access.passThrough`): those who log in with the same words at the
 * same time share one, and nothing of what they show is kept or logged.
 */
import type { Clock } from '../clock.ts';
import { Fault } from '../faults/faults.ts';
import { LoginError } from '../identity/login-error.ts';
import { type Trust, v2TokensUrl } from '../identity/settings.ts';
import type { Token } from '../identity/token.ts';
import { createV2Login, type V2LoginOptions } from '../identity/v2-client.ts';
import { createKeyedDigest } from './keyed-digest.ts';
import { loginFault } from './login.ts';

/** What is shown. */
export interface UpstreamLogin {
  readonly username: string;
  readonly secret: string;
  /** An API key and no password. */
  readonly isApiKey: boolean;
}

/** Where it is shown. */
export interface UpstreamIdentity {
  readonly identityUrl: string;
  readonly trust: Trust | undefined;
}

/** The connections to an origin, under the trust of an account. */
export type DispatcherOf = (origin: string, trust: Trust | undefined) => V2LoginOptions['dispatcher'];

/** Sends a login when it is its turn. */
export type PermitLogin = (
  identityUrl: string,
  username: string,
  login: () => Promise<Token>,
) => Promise<Token>;

const NEVER = new AbortController().signal;
/** How long whoever cannot log in now should stay away, when Identity does not say, s. */
const RETRY_SECONDS = 5;

export class UpstreamLogins {
  readonly #clock: Clock;
  readonly #dispatcherOf: DispatcherOf;
  readonly #permitted: PermitLogin;
  readonly #digest = createKeyedDigest();
  readonly #running = new Map<string, Promise<Token>>();

  /** @param permitted gives a login its turn in the limits of the identity service */
  constructor(
    clock: Clock,
    dispatcherOf: DispatcherOf,
    permitted: PermitLogin = (_url, _username, login) => login(),
  ) {
    this.#clock = clock;
    this.#permitted = permitted;
    this.#dispatcherOf = dispatcherOf;
  }

  /**
   * The caller's own token.
   *
   * @throws {Fault} 401; 429 or 503 with Retry-After
   */
  async logIn(at: UpstreamIdentity, login: UpstreamLogin, timeoutMs: number): Promise<Token> {
    const key = this.#digest(at.identityUrl, login.username, login.secret, String(login.isApiKey));
    let running = this.#running.get(key);
    if (running === undefined) {
      const ask = () => this.#ask(at, login, timeoutMs);
      running = this.#permitted(at.identityUrl, login.username, ask).finally(() => this.#running.delete(key));
      this.#running.set(key, running);
    }
    try {
      return await running;
    } catch (error) {
      throw faultOf(error);
    }
  }

  async #ask(
    { identityUrl: url, trust }: UpstreamIdentity,
    { username, secret, isApiKey }: UpstreamLogin,
    timeoutMs: number,
  ): Promise<Token> {
    const dispatcher = this.#dispatcherOf(v2TokensUrl(url).origin, trust);
    const credentials = isApiKey ? { username, apiKey: secret } : { username, password: secret };
    return createV2Login({ url, credentials, dispatcher, timeoutMs, clock: this.#clock })(NEVER);
  }
}

/** What went wrong, in words that hold nothing of what Identity has said: it may quote what it was sent. */
function faultOf(error: unknown): Fault {
  const reason = error instanceof LoginError ? error.reason : 'unavailable';
  if (reason === 'refused') return loginFault({ kind: 'refused', reason: 'wrong-password' });
  const seconds = Math.ceil(((error as LoginError).retryAfterMs ?? RETRY_SECONDS * 1_000) / 1_000);
  const headers = { 'retry-after': String(seconds) };
  if (reason === 'limited')
    return new Fault('overLimit', 'The identity service asks for a pause between logins.', {
      code: 429,
      headers,
    });
  return new Fault('serviceUnavailable', 'The identity service cannot be asked now.', { headers });
}
