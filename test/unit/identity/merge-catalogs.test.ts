import { describe, expect, it } from 'vitest';
import { computeEndpoints } from '../../../src/identity/catalog.ts';
import { mergeCatalogs } from '../../../src/identity/merge-catalogs.ts';
import type { CatalogService } from '../../../src/identity/token.ts';

const service = (name: string, type: string, ...endpoints: CatalogService['endpoints']): CatalogService => ({
  name,
  type,
  endpoints,
});
const at = (region: string, publicURL: string, more = {}) => ({ region, publicURL, ...more });
const choice = { service: 'nova', interface: 'public', regions: null, tenantId: '1' } as const;

const dfw = {
  region: 'DFW3',
  tenantId: '1',
  catalog: [
    service('nova', 'compute', at('DFW3', 'http://dfw/v2.1'), at('SJC3', 'http://elsewhere/v2.1')),
    service('glance', 'image', at('DFW3', 'http://dfw-images')),
  ],
};

describe('the catalogs of several identity services', () => {
  it('are one, each region from its own and with its own tenant', () => {
    const syd = {
      region: 'SYD2',
      tenantId: '2',
      catalog: [service('compute-syd', 'compute', at('syd2', 'http://syd/v2.1')), service('glance', 'image')],
    };
    const merged = mergeCatalogs([dfw, syd], 'nova');
    const endpoints = computeEndpoints(merged, choice);
    expect(
      [...endpoints].map(([key, { region, origin, tenantId }]) => [key, region, origin, tenantId]),
    ).toEqual([
      ['DFW3', 'DFW3', 'http://dfw', '1'],
      ['SYD2', 'syd2', 'http://syd', '2'],
    ]);
    expect(merged.find(({ type }) => type === 'image')?.endpoints).toHaveLength(1);
  });

  it('take the only region that an identity service knows for the one it is configured for', () => {
    const one = {
      region: 'SYD2',
      tenantId: '2',
      catalog: [
        service('nova', 'compute', at('RegionOne', 'http://syd/v2.1')),
        service('swift', 'object-store', at('RegionOne', 'http://objects'), { publicURL: 'http://unnamed' }),
      ],
    };
    const merged = mergeCatalogs([one], 'nova');
    expect(merged.flatMap(({ endpoints }) => endpoints.map(({ region }) => region))).toEqual(
      Array(3).fill('SYD2'),
    );
  });

  it('have nothing for a region that an identity service of several does not know', () => {
    expect(computeEndpoints(mergeCatalogs([{ ...dfw, region: 'LON' }], 'nova'), choice).size).toBe(0);
  });

  it('stay as they were given', () => {
    const before = structuredClone(dfw.catalog);
    mergeCatalogs([dfw, dfw], 'nova');
    expect(dfw.catalog).toEqual(before);
  });
});
