import type { ClientKey } from '../access/clients.ts';
import type { SluiceToken, TokenClaims } from '../access/token.ts';
import type { Caller } from '../http/caller.ts';
import type { KnownAccount } from './accounts.ts';

/** What somebody shows who logs in: a name with a secret, or a token (or key) that is there already. */
export type Proof =
  | { readonly username: string; readonly secret: string; readonly kind?: string }
  | { readonly tokenId: string };

/** Somebody who has logged in. */
export interface Bearer {
  readonly caller: Caller;
  /** Undefined where nobody is asked for a key. */
  readonly key: ClientKey | undefined;
  readonly username: string;
  /** What the token said that was renewed, if one was. */
  readonly claims: TokenClaims | undefined;
  /** What the account's own Identity has given it, where the login was handed on; it then gets nothing of Sluice's. */
  readonly own?: { readonly known: KnownAccount; readonly token: SluiceToken };
}
