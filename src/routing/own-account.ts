/**
 * The account of a caller who has an upstream token of its own (`access.passThrough`): what that token's catalog has. Where
 * an account of the configuration has the same tenant at the same identity service it goes by that one's name and settings,
 * and shares what is cached; what is spent of the limits is the user's own in any case.
 */
import { Fault } from '../faults/faults.ts';
import type { Token } from '../identity/token.ts';
import type { TokenSource } from '../identity/token-source.ts';
import { createAccount, type LiveAccount, type Login } from './account.ts';

/** What such accounts are called in metrics and logs where the configuration has no name for them. */
export const OWN_ACCOUNT = 'pass-through';

/** The tokens of one user that callers have shown; the latest stands for all of them. */
export class OwnTokenSource implements TokenSource {
  readonly state = 'ready';
  readonly lastFailure = undefined;
  #token: Token;
  readonly #now: () => number;

  /** @param now wall ms */
  constructor(token: Token, now: () => number) {
    this.#token = token;
    this.#now = now;
  }

  /** A further token of the same user, with the same catalog. */
  use(token: Token): void {
    const { catalog, expiresAtMs } = this.#token;
    if (token.expiresAtMs >= expiresAtMs) this.#token = { ...token, catalog };
  }

  peek(): Token | undefined {
    return this.#now() < this.#token.expiresAtMs ? this.#token : undefined;
  }

  async get(): Promise<Token> {
    const token = this.peek();
    if (token === undefined) throw ended();
    return token;
  }

  /** Nobody here can replace it: only the caller can log in again. */
  refused(): Promise<Token> {
    return Promise.reject(ended());
  }

  accepted(): void {}
  start(): void {}
  close(): void {}

  onToken(listener: (token: Token) => void): () => void {
    listener(this.#token);
    return () => {};
  }
}

const ended = () => new Fault('unauthorized', 'This token has ended; log in again for a new one.');

/** A token with the catalog of the account that has its tenant, where its own was not told. */
export function withCatalog(token: Token, login: Login, accounts: readonly LiveAccount[]): Token {
  if (token.catalog.length > 0) return token;
  const own = accounts.flatMap(({ logins }) => logins).filter((one) => isSameService(one, login));
  const catalog = own
    .map(({ tokens }) => tokens.peek())
    .find((one) => one?.tenant.id === token.tenant.id)?.catalog;
  return catalog === undefined ? token : { ...token, catalog };
}

/**
 * The account that a token is for.
 *
 * @param login the configured login at whose identity service it is good
 * @param accounts of the configuration, the one first that the login belongs to
 */
export function createOwnAccount(
  token: Token,
  source: OwnTokenSource,
  login: Login,
  accounts: readonly LiveAccount[],
): LiveAccount {
  const sharing = accounts.filter(({ logins }) => logins.some((one) => isSameService(one, login)));
  const owner = sharing.find((account) => account.owns(token.tenant.id));
  const settings = owner?.settings ?? {
    ...sharing[0]!.settings,
    name: OWN_ACCOUNT,
    regions: null,
    defaultRegion: null,
  };
  const place = `${login.identityUrl} ${login.region ?? ''}`;
  return createAccount(settings, [{ ...login, tokens: source }], {
    spender: spenderOf(token, login, owner),
    cacheAs: owner === undefined ? ` ${place} ${token.tenant.id}` : owner.name,
  });
}

/** Who spends, by its id at the identity service; undefined: it is the very user that the account logs in as. */
function spenderOf(token: Token, login: Login, owner: LiveAccount | undefined): string | undefined {
  const { user } = token;
  const own = owner?.logins.find((one) => isSameService(one, login))?.tokens.peek()?.user;
  if (own !== undefined && own.id !== '' && own.id === user.id) return undefined;
  return `${login.identityUrl} user ${user.id || user.name}`;
}

const isSameService = (one: Login, other: Login): boolean =>
  one.identityUrl === other.identityUrl && one.region === other.region;
