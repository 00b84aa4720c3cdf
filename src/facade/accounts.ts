import type { Call } from '../http/call.ts';
import type { Token } from '../identity/token.ts';
import type { LiveAccount } from '../routing/account.ts';
import type { Services } from '../serving/services.ts';
import type { CatalogOptions } from './catalog.ts';
import { type SluiceClaims, type TokenVerdict, verifyToken } from './sluice-token.ts';

/** An account whose tenant is known. */
export type KnownAccount = { account: LiveAccount; token: Token; tenant: Token['tenant'] };

/** Accounts with a token; while there is none at all, a 503 fault tells why. */
export async function knownAccounts(call: Call, services: Services): Promise<KnownAccount[]> {
  const accounts = services.directory.accounts as readonly LiveAccount[];
  const ready = await Promise.allSettled(accounts.map((account) => account.tokens.get(call.signal)));
  const known = accounts.flatMap((account, index) => {
    const token = ready[index]?.status === 'fulfilled' ? ready[index].value : undefined;
    return token ? [{ account, token, tenant: token.tenant }] : [];
  });
  const failed = ready.find((attempt) => attempt.status === 'rejected');
  if (known.length === 0 && failed) throw failed.reason;
  return known;
}

/** What the catalog of an account is made from for this caller. */
export function catalogOptions(
  call: Call,
  { account, token }: KnownAccount,
  identity: CatalogOptions['identity'],
  services: Services,
): CatalogOptions {
  const { service, interface: face, regions, defaultRegion } = account.settings;
  const byDefault = account.endpoints().get(account.defaultRegion() ?? '');
  return {
    token,
    baseUrl: call.publicBase,
    account: { service, interface: face, regions, defaultRegion },
    services: services.settings.facade.services,
    identity,
    defaultRegion: byDefault?.region,
  };
}

/** What a token that a caller shows is worth; one that was given back is nothing to Sluice any more. */
export function standingOf(tokenId: string, services: Services): TokenVerdict {
  const verdict = verifyToken(services.tokenKeys, tokenId, services.clock.now());
  const isReturned = 'claims' in verdict && services.revocations.has(tokenId, verdict.claims.expiresAtMs);
  return isReturned ? { kind: 'foreign' } : verdict;
}

/** What a token of Sluice's own says, if only that it was one: expired ones count, forged and returned ones do not. */
export function claimsOf(tokenId: string, services: Services): SluiceClaims | undefined {
  const standing = standingOf(tokenId, services);
  return 'claims' in standing ? standing.claims : undefined;
}
