import type { Call } from '../http/call.ts';
import { basePathOf, computeVersionOf, type Endpoint } from '../identity/catalog.ts';
import { type ServiceTable, urlsOfService } from '../identity/service-endpoints.ts';
import { isServedType, type ServedServices } from '../identity/service-types.ts';
import type { LinkEndpoint } from '../links/mounts.ts';
import { createLinkRewriter, type LinkRewriter } from '../links/rewrite.ts';
import type { ServiceLink } from '../links/service-mounts.ts';
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

/** The services beside Compute; one that names no region is in each. */
function serviceLinksOf(account: Account, served: ServedServices): ServiceLink[] {
  const regions = [...account.endpoints().values()].map(({ region }) => region);
  return servicesOf(account.services(), served).flatMap((service) => {
    const { type, endpoint } = service;
    const places = endpoint.region === '' ? regions : [endpoint.region];
    return places.flatMap((region) => urlsOfService(service).map((url) => ({ region, type, ...url })));
  });
}

const servicesOf = (table: ServiceTable, served: ServedServices) =>
  [...table.values()].flatMap((byRegion) =>
    [...byRegion.values()].filter(({ type }) => isServedType(type, served)),
  );

/**
 * Rewriters for the catalogs as they are now, each made anew only when a catalog has changed: one for all accounts of the
 * configuration, and one for each account that only a caller's own token has.
 *
 * @param served types of other services that callers may reach: links to any other stay as they are
 */
export function linksOf(directory: Directory, served: ServedServices): (account: Account) => LinkRewriter {
  const common = rewriterOf(directory.accounts, served);
  const own = new WeakMap<Account, () => LinkRewriter>();
  return (account) => {
    if (account.cacheAs === undefined) return common();
    const known = own.get(account) ?? rewriterOf([account], served);
    own.set(account, known);
    return known();
  };
}

function rewriterOf(accounts: readonly Account[], served: ServedServices): () => LinkRewriter {
  let seen: unknown[] = [];
  let rewriter = createLinkRewriter({ endpoints: [] });
  return () => {
    const maps = accounts.flatMap((account) => [account.endpoints(), account.services()]);
    if (maps.length === seen.length && maps.every((map, index) => map === seen[index])) return rewriter;
    seen = maps;
    const endpoints = accounts.flatMap((account) => [...account.endpoints().values()]);
    rewriter = createLinkRewriter({
      endpoints: linkEndpointsOf(endpoints),
      services: accounts.flatMap((account) => serviceLinksOf(account, served)),
    });
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
  const below = `/${computeVersionOf(place.endpoint)}/${tenantId}`;
  return links.rewriteLocation(url, kind, call.publicBase, region, below) ?? url;
}
