/**
 * An identity service as it is asked on behalf of callers who have credentials or a token of their own there
 * (`access.passThrough`). One interface for both versions, so that whoever hands a login on need not know which it is.
 */
import type { JsonObject } from '../json.ts';
import type { Token } from './token.ts';

/** What a caller shows. Never logged, never kept. */
export type CallerProof =
  | { readonly kind: 'apiKey' | 'password'; readonly username: string; readonly secret: string }
  | { readonly kind: 'applicationCredential'; readonly username: string; readonly secret: string }
  | { readonly kind: 'token'; readonly tokenId: string };

/** A login as it is handed on. */
export interface CallerLogin {
  readonly proof: CallerProof;
  /** The tenant asked for; an id goes before a name. */
  readonly tenantId?: string | undefined;
  readonly tenantName?: string | undefined;
  /** The `auth` of Identity v3 as the caller wrote it: what is handed on where the identity service speaks v3, too. */
  readonly v3?: JsonObject | undefined;
}

/** See above. */
export interface CallerIdentity {
  /**
   * The caller's own token.
   *
   * @throws LoginError; `refused` where the credentials are wrong
   */
  logIn(login: CallerLogin, signal: AbortSignal): Promise<Token>;
  /**
   * What a token is, asked with that token itself; undefined: it is none, or none any more.
   *
   * @param tenantId the tenant it is said to be for, for services that let nobody look at a token
   * @throws LoginError when the identity service cannot say
   */
  validate(tokenId: string, tenantId: string | undefined, signal: AbortSignal): Promise<Token | undefined>;
  /** Gives a token back. @throws LoginError when the identity service cannot be asked */
  revoke(tokenId: string, signal: AbortSignal): Promise<void>;
}
