import { describe, expect, it } from 'vitest';
import {
  findService,
  isAtIdentity,
  pathOfServiceUrl,
  type ServiceEndpoint,
  serviceEndpoints,
  servicePath,
  serviceRegions,
  serviceTypes,
} from '../../../src/identity/service-endpoints.ts';
import type { CatalogService } from '../../../src/identity/token.ts';

const choice = { service: 'nova', interface: 'public' as const, regions: null, tenantId: '42' };

const catalog: CatalogService[] = [
  { name: 'nova', type: 'compute', endpoints: [{ region: 'DFW', publicURL: 'http://nova.test/v2/42' }] },
  {
    name: 'glance',
    type: 'image',
    endpoints: [
      { region: 'DFW', publicURL: 'http://glance.test:9292', internalURL: 'http://snet.test/image' },
      { region: 'Ord', publicURL: 'http://glance.test:9292/ord/' },
    ],
  },
  { name: 'glance2', type: 'IMAGE', endpoints: [{ region: 'LON', publicURL: 'http://lon.test/v2.5' }] },
  { name: 'dns', type: 'dns', endpoints: [{ publicURL: 'http://dns.test/dns/v1.0/42' }] },
  {
    name: 'broken',
    type: 'broken',
    endpoints: [{ region: 'DFW', publicURL: 'nonsense' }, { region: 'DFW' }],
  },
];

const at = (url: string): ServiceEndpoint =>
  findService(
    serviceEndpoints([{ name: 'x', type: 'x', endpoints: [{ publicURL: url, tenantId: '42' }] }], choice),
    'x',
    '',
  )!;

describe('the services of a catalog', () => {
  const table = serviceEndpoints(catalog, choice);

  it('are found by type and region in any case, entries of one type together', () => {
    expect(findService(table, 'Image', 'DFW')?.endpoint.url.href).toBe('http://glance.test:9292/');
    expect(findService(table, 'image', 'ORD')?.endpoint.basePath).toBe('/ord');
    expect(findService(table, 'image', 'LON')?.endpoint.origin).toBe('http://lon.test');
    expect(findService(table, 'image', 'SYD')).toBeUndefined();
    expect(findService(table, 'compute', 'DFW')).toBeUndefined();
  });

  it('without a region are in all of them', () => {
    expect(findService(table, 'dns', 'ANY')?.endpoint.origin).toBe('http://dns.test');
    expect(serviceTypes(table, 'DFW')).toEqual(['image', 'dns']);
    expect([...serviceRegions(table)]).toEqual(['DFW', 'ORD', 'LON']);
  });

  it('are those of the chosen interface and regions', () => {
    const internal = serviceEndpoints(catalog, { ...choice, interface: 'internal' });
    expect(serviceTypes(internal, 'DFW')).toEqual(['image']);
    expect(findService(internal, 'image', 'DFW')?.endpoint.basePath).toBe('/image');
    const some = serviceEndpoints(catalog, { ...choice, regions: ['ord'] });
    expect([...serviceRegions(some)]).toEqual(['ORD']);
  });
});

describe('a path below a service', () => {
  it.each([
    ['http://a.test', '', '/'],
    ['http://a.test', '/v2/images', '/v2/images'],
    ['http://a.test/image', '/v2/images', '/image/v2/images'],
    ['http://a.test/image', '/', '/image/'],
    ['http://a.test/cinder/v3/42', '/v3/42/volumes', '/cinder/v3/42/volumes'],
    ['http://a.test/cinder/v3/42', '/volumes', '/cinder/v3/42/volumes'],
    ['http://a.test/cinder/v3/42', '/v2/42/volumes', '/cinder/v2/42/volumes'],
    ['http://a.test/cinder/v3/42', '', '/cinder/'],
    ['http://a.test/v3', '/', '/'],
  ])('of %s: "%s"', (url, path, expected) => {
    expect(servicePath(at(url), path)).toBe(expected);
  });

  it.each([
    ['http://a.test/cinder/v3/42', 'http://a.test/cinder/v3/42/volumes/1?a=b', '/v3/42/volumes/1?a=b'],
    ['http://a.test/cinder/v3/42', 'https://a.test/cinder/v3/', '/v3/'],
    ['http://a.test/image', '/image/v2/1', '/v2/1'],
    ['http://a.test/image', 'http://a.test/imagery/1', undefined],
    ['http://a.test/image', 'http://b.test/image/1', undefined],
    ['http://a.test/image', 'http://', undefined],
  ])('of %s is read from the Location %s', (url, location, expected) => {
    expect(pathOfServiceUrl(at(url), location)).toBe(expected);
  });
});

describe('a service that shares its host with the identity service', () => {
  const beside = (identityUrl: string, url = 'http://a.test') =>
    findService(
      serviceEndpoints(
        [
          { name: 'keystone', type: 'Identity', endpoints: [{ region: 'DFW', publicURL: identityUrl }] },
          { name: 'x', type: 'x', endpoints: [{ region: 'DFW', publicURL: url }] },
        ],
        choice,
      ),
      'x',
      'DFW',
    )!;

  it.each([
    ['http://a.test/v3', '/v3/users/1/application_credentials'],
    ['http://a.test/v2.0', '/v2.0/users'],
    ['http://a.test/v2.0/', '/v3/auth/tokens'],
    ['http://a.test/v3', '/%763/users'],
    ['http://a.test:80/identity/v3', '/identity/v3/users'],
    ['http://a.test/identity', '/identity//v3/users'],
    ['http://a.test/identity/v3/tokens', '/identity%2fv3'],
  ])('does not lead to it: %s, %s', (identityUrl, path) => {
    expect(isAtIdentity(beside(identityUrl), path)).toBe(true);
  });

  it.each([
    ['http://a.test/v3', '/v2/images'],
    ['http://a.test/identity/v3', '/identities/1'],
    ['http://a.test/identity/v3', '/v3/42/volumes'],
    ['http://a.test:5000/v3', '/v3/42/volumes'],
  ])('leads to its own paths: %s, %s', (identityUrl, path) => {
    expect(isAtIdentity(beside(identityUrl), path)).toBe(false);
  });

  it('knows the identity service by where the account logs in, too', () => {
    const table = serviceEndpoints(catalog, { ...choice, identityUrl: 'http://glance.test:9292/v2.0' });
    expect(isAtIdentity(findService(table, 'image', 'DFW')!, '/v2.0/users')).toBe(true);
    expect(isAtIdentity(findService(table, 'image', 'DFW')!, '/v2/images')).toBe(false);
  });

  it('is not the identity service itself, however the catalog spells it', () => {
    const table = serviceEndpoints(
      [{ name: 'k', type: 'Identity', endpoints: [{ region: 'DFW', publicURL: 'http://k.test/v3' }] }],
      choice,
    );
    expect(serviceTypes(table, 'DFW')).toEqual([]);
  });
});
