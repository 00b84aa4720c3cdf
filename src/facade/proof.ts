import type { ClientKey } from '../access/clients.ts';
import type { SluiceToken, TokenClaims } from '../access/token.ts';
import type { Caller } from '../http/caller.ts';
import type { JsonObject } from '../json.ts';
import type { KnownAccount } from './accounts.ts';

/** What somebody shows who logs in: a name with a secret, or a token (or key) that is there already. */
export type Proof =
  | { readonly username: string; readonly secret: string; readonly kind?: string }
  | { readonly tokenId: string };

/** What a login asks for beside. */
export interface AskedLogin {
  readonly tenantId?: string | undefined;
  readonly tenantName?: string | undefined;
  /** The `auth` of Identity v3 as it was written, where it was. */
  readonly v3?: JsonObject | undefined;
}

/** What an identity service of the accounts has given somebody. */
export interface OwnBearer {
  readonly known: KnownAccount;
  readonly token: SluiceToken;
  readonly caller: Caller;
}

/** Somebody who has logged in. */
export interface Bearer {
  readonly caller: Caller;
  /** Undefined where nobody is asked for a key. */
  readonly key: ClientKey | undefined;
  readonly username: string;
  /** What the token said that was renewed, if one was. */
  readonly claims: TokenClaims | undefined;
  /** What the account's own Identity has given it, where the login was handed on; it then gets nothing of Sluice's. */
  readonly own?: Omit<OwnBearer, 'caller'>;
}
