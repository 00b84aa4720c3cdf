/**
 * Callers with an upstream token of their own (`access.passThrough`), as everything behind the front sees them: each has one
 * account, its own, and every right that its token has.
 */
import { hash } from 'node:crypto';
import { type Owners, UpstreamCallers, type UpstreamIdentity } from '../access/upstream-callers.ts';
import type { UpstreamGate } from '../access/upstream-gate.ts';
import type { Clock } from '../clock.ts';
import type { Caller } from '../http/caller.ts';
import type { LiveAccount, Login } from '../routing/account.ts';
import { Directory } from '../routing/directory.ts';
import { createOwnAccount, OwnTokenSource, withCatalog } from '../routing/own-account.ts';

/** What is there for whoever has a token of its own; shared between all tokens of one user for one tenant. */
export interface OwnCaller {
  readonly caller: Caller;
  readonly account: LiveAccount;
  /** Of the account. */
  readonly source: OwnTokenSource;
}

/** An identity service of the accounts, and one login there. */
export interface KnownIdentity extends UpstreamIdentity {
  readonly login: Login;
}

export type OwnCallers = UpstreamCallers<KnownIdentity, OwnCaller>;

/** What a catalog takes in memory for each character of its JSON text, bytes: measured, rounded up. */
const BYTES_PER_CHARACTER = 8;

/**
 * @param stranger what holds for whoever is no client; its accounts are not what callers get
 */
export function createOwnCallers(options: {
  accounts: readonly LiveAccount[];
  stranger: Caller;
  gate: UpstreamGate;
  clock: Clock;
}): OwnCallers {
  const { accounts, stranger, gate, clock } = options;
  const owners: Owners<KnownIdentity, OwnCaller> = {
    identify({ tenant, user, catalog }, { url, login }) {
      const text = JSON.stringify(catalog);
      const who = [url, login.region, tenant.id, user.id, user.name];
      const key = JSON.stringify([...who, hash('sha256', text, 'base64')]);
      return { key, bytes: BYTES_PER_CHARACTER * text.length + 2 * key.length };
    },
    open(given, { login }) {
      const token = withCatalog(given, login, accounts);
      const source = new OwnTokenSource(token, () => clock.now());
      const account = createOwnAccount(token, source, login, accounts);
      const directory = new Directory([account]);
      const { user } = token;
      return { account, source, caller: { ...stranger, directory, user: user.id || user.name } };
    },
    renew: ({ source }, token) => source.use(token),
  };
  return new UpstreamCallers({ identities: identitiesOf(accounts), gate, clock, owners });
}

/** Every identity service of the accounts once, in their order. */
function identitiesOf(accounts: readonly LiveAccount[]): KnownIdentity[] {
  const identities = new Map<string, KnownIdentity>();
  for (const { logins } of accounts)
    for (const login of logins) {
      const { identityUrl: url, region = '', callers: client } = login;
      const key = `${url} ${region}`;
      const owns = (tenantId: string) =>
        accounts.some((account) =>
          account.logins.some(
            (one) =>
              one.identityUrl === url &&
              one.region === login.region &&
              one.tokens.peek()?.tenant.id === tenantId,
          ),
        );
      if (!identities.has(key)) identities.set(key, { url, client, login, owns });
    }
  return [...identities.values()];
}
