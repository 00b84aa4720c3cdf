/**
 * Who calls: from what a request shows to a client of the configuration, at once and without asking anybody. Passwords are
 * no part of it: they are good for logging in only (login.ts), and what is shown with each request is a key or a token.
 *
 * An `Identifier` belongs to one configuration. A reload makes another, and with it all that was remembered here is gone: a
 * key that was removed is nobody's for the next request, on whatever connection that comes.
 */
import type { Clock } from '../clock.ts';
import { Fault } from '../faults/faults.ts';
import { parseClientKey } from './client-key.ts';
import type { ClientKey, ClientRegistry, KnownClient } from './clients.ts';
import { type Credential, type CredentialHeaders, readCredential } from './credentials.ts';
import type { TokenClaims, TokenVerifier } from './token.ts';

/** What a listener asks of its callers. */
export interface AccessMode {
  readonly mode: 'open' | 'keys';
  /** Upstream tokens of the callers' own are taken. */
  readonly passThrough: boolean;
}

/** Why a caller is nobody; for the audit log. */
export type RefusalReason =
  | 'no-credential'
  | 'two-credentials'
  | 'mistyped-key'
  | 'unknown-key'
  | 'ended-key'
  | 'expired-token'
  | 'forged-token'
  | 'foreign-token'
  | 'revoked-token'
  /** A token whose client, or the key it was given for, is gone. */
  | 'removed-client'
  | 'wrong-password'
  | 'too-many-failures';

/** A token of Sluice's own, as it was when it was looked at. */
export interface ShownToken {
  readonly id: string;
  /** `RevokedTokens.version` at the time: it can have been given back since only if that is another by now. */
  readonly revokedVersion: number;
}

export type Identity =
  /** A client of the configuration. */
  | {
      readonly kind: 'client';
      readonly client: KnownClient;
      /** What it has shown: the name of its key, or of its certificate. */
      readonly keyName: string;
      readonly key: ClientKey | undefined;
      readonly claims: TokenClaims | undefined;
      /** The token that was shown; undefined: something else was, or the request itself has just given it back. */
      readonly token: ShownToken | undefined;
      /** Wall ms; from then on it has to be asked for again. */
      readonly endsAtMs: number;
    }
  /** Anybody: the listener is open. With a token of Sluice's own it means that token's account. */
  | { readonly kind: 'guest'; readonly claims: TokenClaims | undefined; readonly endsAtMs: number }
  /** Somebody with an upstream token, whom the upstream knows. */
  | { readonly kind: 'upstream'; readonly token: string; readonly endsAtMs: number }
  | { readonly kind: 'refused'; readonly reason: RefusalReason; readonly endsAtMs: number };

/** What identifying needs to know of tokens that were given back. */
export interface RevokedTokens {
  /** Another number whenever one was added, here or by what another instance told. */
  readonly version: number;
  /** @param expiresAtMs when the token says that it expires, wall ms */
  has(tokenId: string, expiresAtMs: number): boolean;
}

interface Remembered {
  readonly token: CredentialHeaders['x-auth-token'];
  readonly authorization: string | undefined;
  /** `RevokedTokens.version` at the time: one that was added since may be this. */
  readonly revokedVersion: number;
  readonly identity: Identity;
}

const NEVER = Number.POSITIVE_INFINITY;
const ANYBODY: Identity = { kind: 'guest', claims: undefined, endsAtMs: NEVER };

export class Identifier {
  readonly #registry: ClientRegistry;
  readonly #tokens: TokenVerifier;
  readonly #revoked: RevokedTokens;
  readonly #clock: Clock;
  /**
   * Who the last caller on a connection was. A caller shows the same with every request of a connection, and comparing two
   * texts costs a tenth of digesting one.
   */
  readonly #byConnection = new WeakMap<object, Remembered>();

  constructor(options: {
    registry: ClientRegistry;
    tokens: TokenVerifier;
    revoked: RevokedTokens;
    clock: Clock;
  }) {
    this.#registry = options.registry;
    this.#tokens = options.tokens;
    this.#revoked = options.revoked;
    this.#clock = options.clock;
  }

  /**
   * Who calls.
   *
   * @param access of the listener that the connection belongs to
   * @param connection the caller's socket
   * @param certified the client that the connection's certificate stands for; asked only where nothing else is shown
   */
  identify(
    headers: CredentialHeaders,
    access: AccessMode,
    connection: object,
    certified?: (connection: object) => KnownClient | undefined,
  ): Identity {
    const known = this.#byConnection.get(connection);
    const token = headers['x-auth-token'];
    const { authorization } = headers;
    if (
      known !== undefined &&
      known.token === token &&
      known.authorization === authorization &&
      known.revokedVersion === this.#revoked.version &&
      (known.identity.endsAtMs === NEVER || this.#clock.now() < known.identity.endsAtMs)
    )
      return known.identity;
    const identity = this.#find(readCredential(headers), access, () => certified?.(connection));
    this.#byConnection.set(connection, {
      token,
      authorization,
      revokedVersion: this.#revoked.version,
      identity,
    });
    return identity;
  }

  /** Who a text means that stands elsewhere than in a header: in the body of a login, in a path. */
  identifyText(credential: Credential, access: AccessMode): Identity {
    return this.#find(credential, access);
  }

  #find(credential: Credential, access: AccessMode, certified?: () => KnownClient | undefined): Identity {
    // Where nobody is asked for anything, nothing that is shown can be wrong.
    if (credential.kind === 'conflict')
      return access.mode === 'open' && !access.passThrough ? ANYBODY : refuse('two-credentials');
    return access.mode === 'open'
      ? this.#findGuest(credential, access)
      : this.#findClient(credential, access, certified);
  }

  #findGuest(credential: Exclude<Credential, { kind: 'conflict' }>, { passThrough }: AccessMode): Identity {
    if (credential.kind === 'token') {
      const verdict = this.#tokens.verify(credential.text, this.#clock.now());
      // Nobody is asked for one here, so an expired one still says which account is meant.
      if ('claims' in verdict && !this.#isRevoked(credential.text, verdict.claims))
        return { kind: 'guest', claims: verdict.claims, endsAtMs: NEVER };
    }
    if (credential.kind === 'foreign' && passThrough)
      return { kind: 'upstream', token: credential.text, endsAtMs: NEVER };
    return ANYBODY;
  }

  #findClient(
    credential: Exclude<Credential, { kind: 'conflict' }>,
    { passThrough }: AccessMode,
    certified?: () => KnownClient | undefined,
  ): Identity {
    switch (credential.kind) {
      case 'none':
        return byCertificate(certified?.());
      case 'key':
        return parseClientKey(credential.text).kind === 'key'
          ? this.#byKey(credential.text, 'unknown-key')
          : refuse('mistyped-key');
      case 'token':
        return this.#byToken(credential.text);
      case 'foreign': {
        const identity = this.#byKey(credential.text, 'foreign-token');
        const isNobodys = identity.kind === 'refused' && identity.reason === 'foreign-token';
        return isNobodys && passThrough
          ? { kind: 'upstream', token: credential.text, endsAtMs: NEVER }
          : identity;
      }
    }
  }

  #byKey(secret: string, otherwise: RefusalReason): Identity {
    const key = this.#registry.findKey(secret);
    return key === undefined ? refuse(otherwise) : this.#inTime(key, undefined);
  }

  #byToken(text: string): Identity {
    const verdict = this.#tokens.verify(text, this.#clock.now());
    switch (verdict.kind) {
      case 'foreign':
        return refuse('foreign-token');
      case 'forged':
        return refuse('forged-token');
      case 'expired':
        return refuse('expired-token');
      case 'valid': {
        if (this.#isRevoked(text, verdict.claims)) return refuse('revoked-token');
        const { client, generation } = verdict.claims;
        const key = this.#registry.keyOfToken(client, generation);
        const token = { id: text, revokedVersion: this.#revoked.version };
        return key === undefined ? refuse('removed-client') : this.#inTime(key, verdict.claims, token);
      }
    }
  }

  #isRevoked(text: string, { expiresAtMs }: TokenClaims): boolean {
    return this.#revoked.has(text, expiresAtMs);
  }

  #inTime(key: ClientKey, claims: TokenClaims | undefined, token?: ShownToken): Identity {
    if (this.#clock.now() >= key.endsAtMs) return refuse('ended-key');
    const endsAtMs = Math.min(key.endsAtMs, claims?.expiresAtMs ?? NEVER);
    return { kind: 'client', client: key.client, keyName: key.name, key, claims, token, endsAtMs };
  }
}

function byCertificate(client: KnownClient | undefined): Identity {
  if (client === undefined) return refuse('no-credential');
  return {
    kind: 'client',
    client,
    keyName: 'certificate',
    key: undefined,
    claims: undefined,
    token: undefined,
    endsAtMs: NEVER,
  };
}

const refuse = (reason: RefusalReason): Identity => ({ kind: 'refused', reason, endsAtMs: NEVER });

const SHOW =
  'Show a client key as X-Auth-Token or Authorization: Bearer, or log in with the client’s name and key for a token.';

const MESSAGES: Partial<Record<RefusalReason, string>> = {
  'no-credential': `This gateway serves clients it knows. ${SHOW}`,
  'mistyped-key': 'This begins like a client key, but it was cut or mistyped.',
  'ended-key': 'This client key has ended; the operator of this gateway has a new one.',
  'expired-token': 'This token has expired; log in again for a new one.',
};

/**
 * The fault for a caller who is nobody: 401, and 400 for one who is two.
 *
 * @param challenge for `WWW-Authenticate`
 */
export function refusalOf(reason: RefusalReason, challenge = 'Bearer realm="sluice"'): Fault {
  if (reason === 'two-credentials')
    return new Fault(
      'badRequest',
      'X-Auth-Token and Authorization hold two different credentials; send one.',
    );
  return new Fault('unauthorized', MESSAGES[reason] ?? `This key or token is not good here. ${SHOW}`, {
    headers: { 'www-authenticate': challenge },
  });
}
