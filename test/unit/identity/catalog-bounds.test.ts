import { expect, it } from 'vitest';
import { parseAccess } from '../../../src/identity/access-answer.ts';
import { boundCatalog, MOST_ENDPOINTS, MOST_SERVICES } from '../../../src/identity/catalog-bounds.ts';
import type { CatalogService } from '../../../src/identity/token.ts';

const service = (type: string, count: number): CatalogService => ({
  name: type,
  type,
  endpoints: Array.from({ length: count }, (_, at) => ({
    region: `R${at}`,
    publicURL: `https://r${at}.test/v2`,
  })),
});
const countIn = (catalog: readonly CatalogService[]) =>
  catalog.reduce((sum, { endpoints }) => sum + endpoints.length, 0);

it('a catalog as clouds have it is kept as it is', () => {
  const catalog = [service('image', 10), service('compute', 10), service('identity', 0)];
  expect(boundCatalog(catalog)).toEqual({ catalog, leftOut: 0 });
});

it('of thousands of services some are kept, in their order, and it is said how many are not', () => {
  const catalog = Array.from({ length: 4_000 }, (_, at) => service(`type${at}`, 1));
  const { catalog: kept, leftOut } = boundCatalog(catalog);
  expect(kept).toEqual(catalog.slice(0, MOST_SERVICES));
  expect(leftOut).toBe(4_000 - MOST_SERVICES);
});

it('Compute has its endpoints before all others have theirs, wherever it stands', () => {
  const catalog = [service('image', 5_000), service('volume', 10), service('compute', 300)];
  const { catalog: kept, leftOut } = boundCatalog(catalog);
  expect(kept.map(({ type, endpoints }) => [type, endpoints.length])).toEqual([
    ['image', MOST_ENDPOINTS - 300],
    ['volume', 0],
    ['compute', 300],
  ]);
  expect(countIn(kept) + leftOut).toBe(countIn(catalog));
});

it('a token brings no more of a catalog than is kept', () => {
  const access = (count: number) => ({
    access: {
      token: { id: 'a', expires: '2027-01-01T00:00:00Z', tenant: { id: '1' } },
      serviceCatalog: Array.from({ length: count }, (_, at) => service(`type${at}`, 1)),
    },
  });
  const now = Date.UTC(2026, 0, 1);
  expect(parseAccess(access(10), now).leftOut).toBeUndefined();
  const token = parseAccess(access(4_000), now);
  expect(token.catalog).toHaveLength(MOST_SERVICES);
  expect(token.leftOut).toBe(4_000 - MOST_SERVICES);
});
