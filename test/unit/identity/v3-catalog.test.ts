import { describe, expect, it } from 'vitest';
import { chooseEndpoints, type Interface } from '../../../src/identity/catalog.ts';
import { serviceEndpoints } from '../../../src/identity/service-endpoints.ts';
import { catalogOfV3 } from '../../../src/identity/v3-catalog.ts';
import type { JsonObject, JsonValue } from '../../../src/json.ts';

const PROJECT = 'b07a592c28d3438098bb3440c05897e2';

const endpoint = (face: string, region: string | null, url: string): JsonObject => ({
  id: `${face}-${region}`,
  interface: face,
  region,
  region_id: region,
  url,
});

const service = (type: string, name: string, endpoints: JsonValue): JsonObject => ({
  id: `${type}-id`,
  type,
  name,
  endpoints,
});

const compute = (...endpoints: JsonObject[]) => catalogOfV3([service('compute', 'nova', endpoints)]);

function chosen(catalog: ReturnType<typeof catalogOfV3>, face: Interface = 'public') {
  const choice = { service: 'cloudServersOpenStack', interface: face, regions: null, tenantId: PROJECT };
  return [...chooseEndpoints(catalog, choice).endpoints.values()];
}

/** Every order of a short list. */
function orders<T>(list: readonly T[]): T[][] {
  if (list.length <= 1) return [[...list]];
  return list.flatMap((one, at) =>
    orders([...list.slice(0, at), ...list.slice(at + 1)]).map((rest) => [one, ...rest]),
  );
}

describe('a catalog of Identity v3', () => {
  it('has an endpoint a region with the URLs of its interfaces, whatever order it comes in', () => {
    const all = [
      endpoint('public', 'ORD', 'http://ord.test/v2.1'),
      endpoint('internal', 'DFW', 'http://10.0.0.1/v2.1'),
      endpoint('public', 'DFW', 'http://dfw.test/v2.1'),
      endpoint('admin', 'DFW', 'http://10.0.0.2/v2.1'),
    ];
    for (const order of orders(all))
      expect(compute(...order)).toEqual([
        {
          id: 'compute-id',
          type: 'compute',
          name: 'nova',
          endpoints: [
            {
              region: 'DFW',
              publicURL: 'http://dfw.test/v2.1',
              internalURL: 'http://10.0.0.1/v2.1',
              adminURL: 'http://10.0.0.2/v2.1',
            },
            { region: 'ORD', publicURL: 'http://ord.test/v2.1' },
          ],
        },
      ]);
  });

  it('lists its services in one order, so that the first stays the first from login to login', () => {
    const all = [
      service('compute', 'nova', [endpoint('public', 'A', 'http://a.test/v2.1')]),
      service('compute_legacy', 'nova_legacy', []),
      service('compute', 'nova-cell2', []),
      service('image', 'glance', []),
    ];
    for (const order of orders(all))
      expect(catalogOfV3(order).map(({ name }) => name)).toEqual([
        'nova',
        'nova-cell2',
        'nova_legacy',
        'glance',
      ]);
  });

  it('is used by the interface that the account asks for', () => {
    const catalog = compute(
      endpoint('public', 'DFW', 'http://public.test/v2.1'),
      endpoint('internal', 'DFW', 'http://internal.test/v2.1'),
      endpoint('admin', 'DFW', 'http://admin.test/v2.1'),
    );
    for (const face of ['public', 'internal', 'admin'] as const) {
      const [found] = chosen(catalog, face);
      expect(found?.url.href).toBe(`http://${face}.test/v2.1`);
      expect(found?.otherUrls).toHaveLength(2);
    }
  });

  it.each([
    ['without a project', 'http://nova.test:8774/v2.1', '/v2.1', '/v2.1'],
    ['with a project', `http://nova.test:8774/v2.1/${PROJECT}`, `/v2.1/${PROJECT}`, '/v2.1'],
    ['of the older version', `http://nova.test:8774/v2/${PROJECT}`, `/v2/${PROJECT}`, '/v2'],
    ['behind a path', 'https://cloud.test/compute/v2.1/', '/compute/v2.1', '/compute/v2.1'],
    [
      'behind a path with a project',
      `https://cloud.test/a/b/v2.1/${PROJECT}`,
      `/a/b/v2.1/${PROJECT}`,
      '/a/b/v2.1',
    ],
    ['at an address of IPv6', `http://[2001:db8::5]:8774/v2.1/${PROJECT}`, `/v2.1/${PROJECT}`, '/v2.1'],
    ['without a version', `http://nova.test/${PROJECT}`, `/${PROJECT}`, ''],
  ])('an endpoint %s', (_what, url, basePath, versionPath) => {
    expect(chosen(compute(endpoint('public', 'DFW', url)))).toMatchObject([
      { basePath, versionPath, tenantId: PROJECT, region: 'DFW' },
    ]);
  });

  it('takes region_id for the region, else the older region, else none', () => {
    const bare = { interface: 'public', url: 'http://a.test/v2.1' };
    expect(chosen(compute({ ...bare, region_id: 'New', region: 'Old' }))[0]?.region).toBe('New');
    expect(chosen(compute({ ...bare, region: 'Old' }))[0]?.region).toBe('Old');
    expect(chosen(compute({ ...bare, region: 'Old', region_id: null }))[0]?.region).toBe('Old');
    expect(chosen(compute(bare))[0]).toMatchObject({ region: 'default', isUnnamed: true });
  });

  it('uses the first of two endpoints of a region, always the same, and leaves the other aside', () => {
    const two = [
      endpoint('public', 'DFW', 'http://a.test/v2.1'),
      endpoint('public', 'DFW', 'http://b.test/v2.1'),
      endpoint('internal', 'DFW', 'http://c.test/v2.1'),
    ];
    for (const order of orders(two)) {
      const [first, ...others] = chosen(compute(...order));
      expect(first?.url.href).toBe('http://a.test/v2.1');
      expect(others).toEqual([]);
    }
  });

  it('may name interfaces as Identity v2.0 did', () => {
    expect(chosen(compute(endpoint('publicURL', 'DFW', 'http://a.test/v2.1')))).toHaveLength(1);
  });

  it('never has Compute under another name, the identity service, or junk', () => {
    const at = (path: string) => [endpoint('public', 'DFW', `http://x.test${path}`)];
    const catalog = catalogOfV3([
      service('compute_legacy', 'nova_legacy', at(':8774/v2/p')),
      service('identity', 'keystone', at(':5000/v3')),
      service('image', 'glance', [
        ...at(':9292'),
        'x',
        null,
        { url: 5 },
        endpoint('odd', 'DFW', 'http://y.test'),
      ]),
      'junk',
      null,
      service('compute', 'nova', 'junk'),
    ]);
    expect(chosen(catalog)).toEqual([]);
    const table = serviceEndpoints(catalog, {
      service: 'nova',
      interface: 'public',
      regions: null,
      tenantId: PROJECT,
    });
    expect([...table.keys()]).toEqual(['image']);
    for (const value of [undefined, null, 'x', 5, {}]) expect(catalogOfV3(value)).toEqual([]);
  });

  it('of thousands of endpoints of one region is read in a moment', () => {
    const many = Array.from({ length: 20_000 }, (_, at) =>
      endpoint('public', 'DFW', `http://h${at}.test/v2.1`),
    );
    const [nova] = compute(...many);
    expect(nova?.endpoints).toHaveLength(20_000);
  });
});
