import { seesRegion, seesService } from '../access/grants.ts';
import type { TokenClaims } from '../access/token.ts';
import type { Call } from '../http/call.ts';
import type { Caller } from '../http/caller.ts';
import type { Token } from '../identity/token.ts';
import type { LiveAccount } from '../routing/account.ts';
import type { Services } from '../serving/services.ts';
import type { CatalogOptions } from './catalog.ts';

/** An account whose tenant is known. */
export type KnownAccount = { account: LiveAccount; token: Token; tenant: Token['tenant'] };

/** Accounts of a caller that have a token; while there is none at all, a 503 fault tells why. */
export async function knownAccounts(call: Call, { directory }: Caller): Promise<KnownAccount[]> {
  const accounts = directory.accounts as readonly LiveAccount[];
  const logins = accounts.flatMap((account) => account.logins.map((login) => ({ account, login })));
  const ready = await Promise.allSettled(logins.map(({ login }) => login.tokens.get(call.signal)));
  const known = logins.flatMap(({ account }, index) => {
    const token = ready[index]?.status === 'fulfilled' ? ready[index].value : undefined;
    return token ? [{ account, token, tenant: token.tenant }] : [];
  });
  const failed = ready.find((attempt) => attempt.status === 'rejected');
  if (known.length === 0 && failed) throw failed.reason;
  return known;
}

/** Tenants that a caller has, each once: identity services of several regions, or several accounts, may have the same. */
export function tenantsOf(known: readonly KnownAccount[]): Token['tenant'][] {
  const byId = new Map<string, Token['tenant']>();
  for (const { tenant } of known) if (!byId.has(tenant.id)) byId.set(tenant.id, tenant);
  return [...byId.values()];
}

/** What the catalog of an account is made from for this caller. */
export function catalogOptions(
  call: Call,
  { account, token }: KnownAccount,
  caller: Caller,
  identity: CatalogOptions['identity'],
  services: Services,
): CatalogOptions {
  const { service, interface: face, regions, defaultRegion } = account.settings;
  const { grant } = caller;
  const granted = [...account.endpoints().values()].filter(({ region }) => seesRegion(grant, region));
  const first = account.defaultRegion(token.tenant.id);
  const byDefault = granted.find(({ region }) => region.toUpperCase() === first) ?? granted[0];
  return {
    token: { ...token, catalog: account.catalog(), user: shownUser(token, caller) },
    baseUrl: call.publicBase,
    account: { service, interface: face, regions, defaultRegion },
    services: services.settings.facade.services,
    identity,
    defaultRegion: byDefault?.region,
    seesRegion: (name) => seesRegion(grant, name),
    seesService: (type) => seesService(grant, type),
  };
}

/** Who a token is said to belong to: the name that the gateway itself logs in with is nothing that a client needs. */
export function shownUser({ user }: Pick<Token, 'user'>, { client, isKnown }: Caller): Token['user'] {
  return isKnown ? { ...user, id: client, name: client } : user;
}

/** What a token of Sluice's own says, if only that it was one: expired ones count, forged and returned ones do not. */
export function claimsOf(tokenId: string, services: Services): TokenClaims | undefined {
  const verdict = services.tokens.verify(tokenId, services.clock.now());
  if (!('claims' in verdict)) return undefined;
  return services.revocations.has(tokenId, verdict.claims.expiresAtMs) ? undefined : verdict.claims;
}
