import { locateIdentity } from '../identity/settings.ts';
import type { LiveAccount } from '../routing/account.ts';
import type { Pools } from '../upstream/pools.ts';
import type { Watched } from '../upstream/version-watch.ts';

/** The regions of all accounts, as their catalogs are now. */
export function watchedRegions(accounts: readonly LiveAccount[], pools: Pools): Watched[] {
  return accounts.flatMap((account) =>
    [...account.endpoints().values()].map(({ region, origin, versionPath }) => ({
      account: account.name,
      region,
      origin,
      path: `${versionPath.slice(0, versionPath.lastIndexOf('/'))}/`,
      dispatcher: pools.get(origin, account.loginAt(region).trust),
    })),
  );
}

/** The identity services of all accounts: what their URLs name, a version or the root, can be read by anybody. */
export function watchedIdentities(accounts: readonly LiveAccount[], pools: Pools): Watched[] {
  return accounts.flatMap(({ name, logins }) =>
    logins.map(({ region = '', identityUrl, trust }) => {
      const { origin, pathname } = locateIdentity(identityUrl).url;
      return { account: name, region, origin, path: pathname, dispatcher: pools.get(origin, trust) };
    }),
  );
}
