import type { Call } from '../http/call.ts';
import { basePathOf, type Endpoint } from '../identity/catalog.ts';
import type { LinkEndpoint } from '../links/mounts.ts';
import { createLinkRewriter, type LinkRewriter } from '../links/rewrite.ts';
import type { Account, Directory, Place } from '../routing/directory.ts';

/** Endpoints at the URLs they are used at, and behind them at the others that the catalog has for them. */
function linkEndpointsOf(endpoints: readonly Endpoint[]): LinkEndpoint[] {
  const at = ({ region, tenantId: tenant }: Endpoint, url: URL): LinkEndpoint => {
    return { region, origin: url.origin, basePath: basePathOf(url), tenant };
  };
  return [
    ...endpoints.map((endpoint) => at(endpoint, endpoint.url)),
    ...endpoints.flatMap((endpoint) => endpoint.otherUrls.map((url) => at(endpoint, url))),
  ];
}

/**
 * Rewriters for the catalogs as they are now, each made anew only when a catalog has changed: one for all accounts of the
 * configuration, and one for each account that only a caller's own token has.
 */
export function linksOf(directory: Directory): (account: Account) => LinkRewriter {
  const common = rewriterOf(directory.accounts);
  const own = new WeakMap<Account, () => LinkRewriter>();
  return (account) => {
    if (account.cacheAs === undefined) return common();
    const known = own.get(account) ?? rewriterOf([account]);
    own.set(account, known);
    return known();
  };
}

function rewriterOf(accounts: readonly Account[]): () => LinkRewriter {
  let seen: unknown[] = [];
  let rewriter = createLinkRewriter({ endpoints: [] });
  return () => {
    const maps = accounts.map((account) => account.endpoints());
    if (maps.length === seen.length && maps.every((map, index) => map === seen[index])) return rewriter;
    seen = maps;
    const endpoints = maps.flatMap((map) => [...map.values()]);
    rewriter = createLinkRewriter({ endpoints: linkEndpointsOf(endpoints) });
    return rewriter;
  };
}

/** A `Location` as it leads through Sluice. */
export function locate(
  links: LinkRewriter,
  call: Call,
  place: Place,
  kind: '/images/' | '/servers/' | undefined,
  url: string,
): string {
  const { region, tenantId } = place.endpoint;
  if (kind === undefined) return links.rewriteUrl(url, call.publicBase, region) ?? url;
  return links.rewriteLocation(url, kind, call.publicBase, region, tenantId) ?? url;
}
