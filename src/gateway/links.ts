import { basePathOf, type Endpoint } from '../identity/catalog.ts';
import { type ServiceTable, urlsOfService } from '../identity/service-endpoints.ts';
import { isServedType, type ServedServices } from '../identity/service-types.ts';
import type { LinkEndpoint } from '../links/mounts.ts';
import { createLinkRewriter, type LinkRewriter } from '../links/rewrite.ts';
import type { ServiceLink } from '../links/service-mounts.ts';
import type { Account, Directory } from '../routing/directory.ts';

/**
 * A rewriter for the catalogs as they are now; made anew only when a catalog has changed.
 *
 * @param served types of other services that callers may reach: links to any other stay as they are
 */
export function linksOf(directory: Directory, served: ServedServices): () => LinkRewriter {
  let seen: unknown[] = [];
  let rewriter = createLinkRewriter({ endpoints: [] });
  return () => {
    const { accounts } = directory;
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
