import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  chooseDefaultRegion,
  chooseEndpoints,
  computeEndpoints,
  type EndpointChoice,
  MOST_REGIONS,
} from '../../../src/identity/catalog.ts';
import type { CatalogService } from '../../../src/identity/token.ts';
import type { JsonObject } from '../../../src/json.ts';

const choice: EndpointChoice = {
  service: 'cloudServersOpenStack',
  interface: 'public',
  regions: null,
  tenantId: '424242',
};

function service(name: string, type: string, endpoints: JsonObject[]): CatalogService {
  return { name, type, endpoints };
}

function endpoint(region: string, extra: JsonObject = {}): JsonObject {
  const host = `${region.toLowerCase()}.compute.test`;
  return { region, tenantId: '424242', publicURL: `https://${host}/v2/424242`, ...extra };
}

const firstGeneration = service('cloudServers', 'compute', [
  { publicURL: 'https://old.compute.test/v1.0/424242', tenantId: '424242', versionId: '1.0' },
]);

describe('the service', () => {
  it('is found by name, also when another of type compute stands before it', () => {
    const catalog = [
      service('other', 'compute', [endpoint('SYD')]),
      service('cloudServersOpenStack', 'compute', [endpoint('DFW')]),
    ];
    expect([...computeEndpoints(catalog, choice).keys()]).toEqual(['DFW']);
  });

  it('is the first of type compute when no name matches', () => {
    const catalog = [
      service('glance', 'image', [endpoint('IAD')]),
      service('nova', 'compute', [endpoint('RegionOne')]),
      service('nova2', 'compute', [endpoint('RegionTwo')]),
    ];
    expect([...computeEndpoints(catalog, choice).keys()]).toEqual(['REGIONONE']);
  });

  it('is never the first generation, neither by type nor by name', () => {
    expect(computeEndpoints([firstGeneration], choice).size).toBe(0);
    expect(computeEndpoints([firstGeneration], { ...choice, service: 'cloudServers' }).size).toBe(0);
    const both = [firstGeneration, service('nova', 'compute', [endpoint('DFW')])];
    expect([...computeEndpoints(both, choice).keys()]).toEqual(['DFW']);
  });
});

describe('an endpoint', () => {
  const read = (publicURL: string, tenantId: JsonObject = {}) =>
    computeEndpoints([service('nova', 'compute', [{ region: 'Dfw', publicURL, ...tenantId }])], choice).get(
      'DFW',
    );

  it.each([
    ['https://c.test/v2/424242', '/v2/424242', '/v2'],
    ['https://c.test/v2/424242/', '/v2/424242', '/v2'],
    ['https://c.test:8774/v2.1', '/v2.1', '/v2.1'],
    ['https://c.test/compute/v2.1/424242', '/compute/v2.1/424242', '/compute/v2.1'],
    ['https://c.test/compute/424242', '/compute/424242', '/compute'],
    ['http://c.test//v2//424242', '/v2/424242', '/v2'],
    ['http://c.test', '', ''],
  ])('at %s has base path "%s" and version path "%s"', (url, basePath, versionPath) => {
    expect(read(url)).toMatchObject({ basePath, versionPath, origin: new URL(url).origin, region: 'Dfw' });
  });

  it('belongs to the tenant it names, else to that of the token', () => {
    expect(read('https://c.test/v2.1')?.tenantId).toBe('424242');
    expect(read('https://c.test/v2/777', { tenantId: '777' })?.tenantId).toBe('777');
  });

  it('is taken from the interface that is asked for, and never from the other', () => {
    const catalog = [
      service('nova', 'compute', [
        endpoint('DFW', { internalURL: 'https://snet-dfw.compute.test/v2/424242' }),
        endpoint('ORD'),
      ]),
    ];
    const chosen = chooseEndpoints(catalog, { ...choice, interface: 'internal' });
    expect([...chosen.endpoints.values()].map((one) => one.url.host)).toEqual(['snet-dfw.compute.test']);
    expect(chosen.skipped).toEqual([{ region: 'ORD', reason: 'it has no internalURL' }]);
  });
});

describe('regions', () => {
  const catalog = [
    service(
      'nova',
      'compute',
      ['DFW', 'ord', 'Lon'].map((region) => endpoint(region)),
    ),
  ];

  it('are those of the configuration when it names some, in any case', () => {
    const chosen = chooseEndpoints(catalog, { ...choice, regions: ['lon', 'dfw', 'MARS'] });
    expect([...chosen.endpoints.keys()]).toEqual(['DFW', 'LON']);
    expect(chosen.skipped).toEqual([{ region: 'MARS', reason: 'the catalog does not have it' }]);
  });

  it('have one endpoint each: the one of the own tenant, else the first', () => {
    const twice = [
      service('nova', 'compute', [
        endpoint('DFW', { tenantId: 'Files_1', publicURL: 'https://wrong.test/v2/Files_1' }),
        endpoint('dfw', { publicURL: 'https://right.test/v2/424242' }),
        endpoint('DFW', { publicURL: 'https://later.test/v2/424242' }),
      ]),
    ];
    const chosen = chooseEndpoints(twice, choice);
    expect([...chosen.endpoints.values()].map((one) => one.url.host)).toEqual(['right.test']);
    expect(chosen.skipped).toHaveLength(2);
  });

  it('that cannot be reached are left out with a reason', () => {
    const broken = [
      service('nova', 'compute', [
        { region: 'a/b', publicURL: 'https://c.test/v2/424242' },
        endpoint('A', { publicURL: 'ftp://c.test/v2' }),
        endpoint('B', { publicURL: 'no url' }),
        endpoint('C', { publicURL: null }),
        endpoint('D'),
      ]),
    ];
    const chosen = chooseEndpoints(broken, choice);
    expect([...chosen.endpoints.keys()]).toEqual(['D']);
    expect(chosen.skipped.map((skip) => skip.region)).toEqual(['a/b', 'A', 'B', 'C']);
  });

  it.each(['a/b', 'a\\b', '..', '.', 'a?b', 'a#b', 'a%b', 'ä', 'a\nb', 'a\u0000', 'x'.repeat(65)])(
    'whose name cannot stand in a path and a header are left out: %j',
    (region) => {
      const chosen = chooseEndpoints([service('nova', 'compute', [endpoint(region)])], choice);
      expect(chosen.endpoints.size).toBe(0);
      expect(chosen.skipped).toEqual([{ region, reason: 'its region cannot stand in a path' }]);
    },
  );

  it.each(['RegionOne', 'eu-west.1', 'US East', 'regionOne'])(
    'keep the spelling %s and are found in any',
    (region) => {
      const endpoints = computeEndpoints(
        [service('nova', 'compute', [endpoint(region, { publicURL: 'https://c.test/v2/424242' })])],
        choice,
      );
      expect(endpoints.get(region.toUpperCase())?.region).toBe(region);
    },
  );

  it('are known by all their URLs', () => {
    const urls = { internalURL: 'http://snet.test/v2/424242', adminURL: 'no url' };
    const one = computeEndpoints([service('nova', 'compute', [endpoint('DFW', urls)])], choice).get('DFW');
    expect(one?.otherUrls.map(({ href }) => href)).toEqual(['http://snet.test/v2/424242']);
  });

  it('default to the configured one, then to the user’s own, then to the first', () => {
    const endpoints = computeEndpoints(catalog, choice);
    expect(chooseDefaultRegion(endpoints, 'lon', 'ORD')).toBe('LON');
    expect(chooseDefaultRegion(endpoints, null, 'ord')).toBe('ORD');
    expect(chooseDefaultRegion(endpoints, 'mars', 'venus')).toBe('DFW');
    expect(chooseDefaultRegion(new Map(), 'lon', 'ORD')).toBeUndefined();
  });
});

describe('an endpoint that names no region', () => {
  const unnamed = { publicURL: 'https://c.test/v2/424242', tenantId: '424242' };
  const named = (entries: JsonObject[], extra: Partial<EndpointChoice> = {}) => {
    const endpoints = computeEndpoints([service('nova', 'compute', entries)], { ...choice, ...extra });
    return { endpoints, names: [...endpoints.values()].map(({ region }) => region) };
  };

  it.each([undefined, null, '', '  '])('serves as the default where its region is %j', (region) => {
    const entry = region === undefined ? unnamed : { ...unnamed, region };
    const { endpoints, names } = named([endpoint('DFW'), entry]);
    expect(names).toEqual(['DFW', 'default']);
    expect(chooseDefaultRegion(endpoints, null, undefined)).toBe('DEFAULT');
    expect(chooseDefaultRegion(endpoints, 'dfw', undefined)).toBe('DFW');
    expect(chooseDefaultRegion(endpoints, null, 'DFW')).toBe('DFW');
  });

  it('has the name that the configuration has for it', () => {
    expect(named([unnamed], { defaultRegion: 'RegionOne' }).names).toEqual(['RegionOne']);
    expect(named([unnamed], { regions: ['RegionOne', 'DFW'] }).names).toEqual(['RegionOne']);
    expect(named([endpoint('DFW'), unnamed], { regions: ['dfw'] }).names).toEqual(['DFW']);
    expect(named([endpoint('DFW'), unnamed], { defaultRegion: 'DFW' }).names).toEqual(['DFW', 'default']);
    expect(named([endpoint('Default'), unnamed]).names).toEqual(['Default']);
  });
});

describe('any catalog at all', () => {
  const member = fc.oneof(
    fc.constantFrom(
      'DFW',
      'dfw',
      'ORD',
      '',
      '424242',
      'https://c.test/v2/424242',
      'http://[',
      'https://d.test',
    ),
    fc.constant(null),
    fc.integer(),
  );
  const entry = fc.dictionary(fc.constantFrom('region', 'tenantId', 'publicURL', 'internalURL'), member);
  const catalogs = fc.array(
    fc.record({
      name: fc.constantFrom('cloudServers', 'cloudServersOpenStack', 'nova', ''),
      type: fc.constantFrom('compute', 'image', ''),
      endpoints: fc.array(entry),
    }),
  );

  it('gives upper-case regions with usable endpoints, none of them first generation, and never throws', () => {
    fc.assert(
      fc.property(catalogs, fc.constantFrom('public' as const, 'internal' as const), (catalog, kind) => {
        const chosen = chooseEndpoints(catalog, { ...choice, interface: kind });
        expect(chosen.service?.name).not.toBe('cloudServers');
        for (const [region, one] of chosen.endpoints) {
          expect(region).toBe(one.region.toUpperCase());
          expect(one.url.protocol).toMatch(/^https?:$/);
          expect(one.basePath.startsWith(one.versionPath)).toBe(true);
          expect(one.basePath.endsWith('/')).toBe(false);
        }
        const listed = chosen.service?.endpoints.length ?? 0;
        expect(chosen.endpoints.size + chosen.skipped.length).toBe(listed);
      }),
    );
  });
});

it('serves no more regions than any cloud has, whatever a catalog lists', () => {
  const names = Array.from({ length: MOST_REGIONS + 3_000 }, (_, at) => `R${at}`);
  const catalog = [
    service(
      'cloudServersOpenStack',
      'compute',
      names.map((name) => endpoint(name)),
    ),
  ];
  const chosen = chooseEndpoints(catalog, choice);
  expect([...chosen.endpoints.keys()]).toEqual(names.slice(0, MOST_REGIONS));
  expect(chosen.skipped).toEqual([
    { region: `R${MOST_REGIONS}`, reason: `no more than ${MOST_REGIONS} regions are served` },
  ]);
  const named = chooseEndpoints(catalog, { ...choice, regions: ['r3000'] });
  expect([...named.endpoints.keys()]).toEqual(['R3000']);
});
