/**
 * Logins that are handed on to the account's own Identity (`access.passThrough`): those who log in with the same words at the
 * same time share one, and nothing of what they show is kept or logged.
 */
import type { Clock } from '../clock.ts';
import { Fault } from '../faults/faults.ts';
import { createDiscovery, type Discovery } from '../identity/discovery.ts';
import type { IdentityWay } from '../identity/identity-request.ts';
import { createIdentityLogin } from '../identity/login.ts';
import { LoginError } from '../identity/login-error.ts';
import { type DomainRef, locateIdentity, type ProjectRef, type Trust } from '../identity/settings.ts';
import type { Token } from '../identity/token.ts';
import { createKeyedDigest } from './keyed-digest.ts';
import { loginFault } from './login.ts';

/** What is shown. */
export interface UpstreamLogin {
  readonly username: string;
  readonly secret: string;
  /** An API key and no password. */
  readonly isApiKey: boolean;
}

/** Where it is shown, and what for. */
export interface UpstreamIdentity {
  readonly identityUrl: string;
  readonly trust: Trust | undefined;
  /** The domain that users of the account are in, and the project that a token of Identity v3 is to be for. */
  readonly userDomain?: DomainRef | undefined;
  readonly project?: ProjectRef | undefined;
}

/** The connections to an origin, under the trust of an account. */
export type DispatcherOf = (origin: string, trust: Trust | undefined) => IdentityWay['dispatcher'];

const NEVER = new AbortController().signal;
/** How long whoever cannot log in now should stay away, when Identity does not say, s. */
const RETRY_SECONDS = 5;

export class UpstreamLogins {
  readonly #clock: Clock;
  readonly #dispatcherOf: DispatcherOf;
  readonly #digest = createKeyedDigest();
  readonly #running = new Map<string, Promise<Token>>();
  /** What is known of the versions at URLs that name none: those of the configuration are few. */
  readonly #discoveries = new Map<string, Discovery>();

  constructor(clock: Clock, dispatcherOf: DispatcherOf) {
    this.#clock = clock;
    this.#dispatcherOf = dispatcherOf;
  }

  /**
   * The caller's own token.
   *
   * @throws {Fault} 401; 429 or 503 with Retry-After
   */
  async logIn(at: UpstreamIdentity, login: UpstreamLogin, timeoutMs: number): Promise<Token> {
    const { identityUrl, userDomain, project } = at;
    const scope = JSON.stringify([userDomain, project]);
    const key = this.#digest(identityUrl, scope, login.username, login.secret, String(login.isApiKey));
    let running = this.#running.get(key);
    if (running === undefined) {
      running = this.#ask(at, login, timeoutMs).finally(() => this.#running.delete(key));
      this.#running.set(key, running);
    }
    try {
      return await running;
    } catch (error) {
      throw faultOf(error);
    }
  }

  async #ask(
    { identityUrl: url, trust, userDomain, project }: UpstreamIdentity,
    { username, secret, isApiKey }: UpstreamLogin,
    timeoutMs: number,
  ): Promise<Token> {
    const { url: root } = locateIdentity(url);
    const way = { dispatcher: this.#dispatcherOf(root.origin, trust), timeoutMs };
    const shown = isApiKey ? { apiKey: secret } : { password: secret };
    const credentials = { username, userDomain, project, ...shown };
    const discovery = this.#discoveries.get(url) ?? createDiscovery(root, way, () => this.#clock.now());
    this.#discoveries.set(url, discovery);
    return createIdentityLogin({ ...way, url, credentials, discovery, clock: this.#clock })(NEVER);
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
