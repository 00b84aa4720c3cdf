/** What a caller shows in its headers, before anybody looks whether it is good for anything. */
import { CLIENT_KEY_PREFIX } from './client-key.ts';
import { TOKEN_PREFIX } from './token.ts';

/** The headers that can hold a credential, by lower-case name. */
export interface CredentialHeaders {
  readonly 'x-auth-token'?: string | string[] | undefined;
  readonly authorization?: string | undefined;
}

export type Credential =
  | { readonly kind: 'none' }
  /** Begins like a client key of Sluice's. */
  | { readonly kind: 'key'; readonly text: string }
  /** Begins like a token of Sluice's. */
  | { readonly kind: 'token'; readonly text: string }
  /** Anything else: an upstream token, or a secret of the operator's own making. */
  | { readonly kind: 'foreign'; readonly text: string }
  /** Two different ones: whoever picked one of them would pick the wrong one for somebody (RFC 6750, section 2: 400). */
  | { readonly kind: 'conflict' };

const NONE: Credential = { kind: 'none' };
const CONFLICT: Credential = { kind: 'conflict' };

/** RFC 6750, section 2.1; the scheme in any case (RFC 9110, section 11.1). */
const BEARER = /^bearer +([!-~]+) *$/i;

/**
 * The credential of a request: `X-Auth-Token`, or `Authorization: Bearer`. Other schemes say nothing here, and an empty
 * header is none: clients send it before they have logged in.
 */
export function readCredential(headers: CredentialHeaders): Credential {
  const own = headers['x-auth-token'];
  const token = (Array.isArray(own) ? own.join(', ') : own)?.trim() ?? '';
  const bearer = headers.authorization === undefined ? '' : (BEARER.exec(headers.authorization)?.[1] ?? '');
  if (token === '' && bearer === '') return NONE;
  if (token !== '' && bearer !== '' && token !== bearer) return CONFLICT;
  return credentialOf(token || bearer);
}

/** What a text that a caller shows is taken for. */
export function credentialOf(text: string): Exclude<Credential, { kind: 'none' | 'conflict' }> {
  if (text.startsWith(CLIENT_KEY_PREFIX)) return { kind: 'key', text };
  if (text.startsWith(TOKEN_PREFIX)) return { kind: 'token', text };
  return { kind: 'foreign', text };
}
