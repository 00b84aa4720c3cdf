/** What the configuration names of regions, against what the catalogs have. Pure. */
import { listenersOf } from '../access/rules.ts';
import type { Config, ListenConfig } from '../config/schema.ts';
import { type ChosenEndpoints, chooseService, keyOfRegion } from '../identity/catalog.ts';
import type { ServiceCatalog } from '../identity/token.ts';
import { about, type Finding } from './finding.ts';

/** What one account's catalog turned out to have. */
export interface AccountCatalog {
  readonly account: Config['accounts'][number];
  /** Its path in the configuration. */
  readonly path: string;
  readonly catalog: ServiceCatalog;
  /** What is chosen of it for the regions that are to be served. */
  readonly chosen: ChosenEndpoints;
  /** Every region that the service has, whatever is to be served. */
  readonly all: readonly string[];
}

/** What one account may serve. */
export function judgeCatalog({ account, path, catalog, chosen, all }: AccountCatalog): Finding[] {
  const at = about('catalog', account.name);
  const there = all.join(', ') || 'none';
  if (chosen.service === undefined)
    return [
      at.fault(
        `the catalog has no service ${account.service}, nor another one of type compute`,
        `set ${path}.service to one of: ${servicesOf(catalog)}`,
      ),
    ];
  const served = [...chosen.endpoints.values()].map(({ region }) => region);
  const missing = chosen.skipped.map(({ region, reason }) => {
    const isWanted = account.regions?.some((name) => keyOfRegion(name) === keyOfRegion(region)) === true;
    const name = region === '' ? 'an endpoint without a region' : region;
    return isWanted
      ? about('catalog', `${path}.regions`).fault(`${name}: ${reason}`, `regions there are: ${there}`)
      : at.warning(`${name} is not served: ${reason}`, 'nothing, unless it is wanted');
  });
  const named = account.defaultRegion;
  const isServed = named === null || served.some((region) => keyOfRegion(region) === keyOfRegion(named));
  return [
    served.length === 0
      ? at.fault('no endpoint can be used', `set ${path}.regions and .interface; regions there are: ${there}`)
      : at.ok(`${chosen.service.name || chosen.service.type}: ${served.join(', ')}`),
    ...missing,
    ...(isServed
      ? []
      : [
          about('catalog', `${path}.defaultRegion`).fault(
            `the catalog has no region ${named}`,
            `regions there are: ${there}`,
          ),
        ]),
  ];
}

const servicesOf = (catalog: ServiceCatalog): string =>
  catalog
    .filter((service) => chooseService([service], service.name) !== undefined)
    .map(({ name, type }) => name || type)
    .join(', ') || 'none';

/** Regions that listeners and clients name, which only some catalog can have. */
export function judgeNamedRegions(config: Config, catalogs: readonly AccountCatalog[]): Finding[] {
  const there = new Map(
    catalogs.flatMap(({ chosen }) => [...chosen.endpoints].map(([key, { region }]) => [key, region])),
  );
  const list = [...there.values()].join(', ') || 'none';
  const listeners = listenersOf<ListenConfig>(config);
  const named = [
    ...listeners.flatMap(({ regions }, index) =>
      Object.keys(regions).map((region) => {
        const path = listeners.length > 1 ? `listen.${index}` : 'listen';
        return [`${path}.regions`, region] as const;
      }),
    ),
    ...config.access.clients.flatMap(({ regions }, index) =>
      (regions ?? []).map((region) => [`access.clients.${index}.regions`, region] as const),
    ),
  ];
  return named
    .filter(([, region]) => !there.has(keyOfRegion(region)))
    .map(([path, region]) =>
      about('catalog', path).fault(`no catalog has a region ${region}`, `regions there are: ${list}`),
    );
}
