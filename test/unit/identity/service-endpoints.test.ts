import fc from 'fast-check';
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
import { isServedType } from '../../../src/identity/service-types.ts';
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
    expect(serviceTypes(table, 'DFW', 'all')).toEqual(['image', 'dns']);
    expect([...serviceRegions(table).values()]).toEqual(['DFW', 'Ord', 'LON']);
  });

  it('are those of the chosen interface and regions', () => {
    const internal = serviceEndpoints(catalog, { ...choice, interface: 'internal' });
    expect(serviceTypes(internal, 'DFW', 'all')).toEqual(['image']);
    expect(findService(internal, 'image', 'DFW')?.endpoint.basePath).toBe('/image');
    const some = serviceEndpoints(catalog, { ...choice, regions: ['ord'] });
    expect([...serviceRegions(some).values()]).toEqual(['Ord']);
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

it('a Location at another URL of the same endpoint leads to the same service', () => {
  const urls = {
    publicURL: 'http://a.test/v3/42',
    internalURL: 'http://snet.test/cinder/v3/42',
    adminURL: 'http://b.test/',
  };
  const table = serviceEndpoints(
    [{ name: 'x', type: 'volume', endpoints: [{ region: 'DFW', ...urls }] }],
    choice,
  );
  const service = findService(table, 'volume', 'DFW')!;
  expect(pathOfServiceUrl(service, 'http://snet.test/cinder/v3/42/volumes/1')).toBe('/v3/42/volumes/1');
  expect(pathOfServiceUrl(service, 'http://snet.test/other/v3/42/volumes/1')).toBeUndefined();
  expect(pathOfServiceUrl(service, 'http://b.test/volumes/1')).toBeUndefined();
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
    ['https://a.test/v3', '/v3'],
    ['http://A.TEST./v3', '/v3'],
    ['http://user:word@a.test/v3', '/v3'],
    ['http://a.test:5000/v3', '/v2.0'],
    ['http://a.test:35357/v2.0', '/v3'],
    ['http://a.test/v3', '/v2.0;x/users'],
    ['http://a.test/v3', '/V3'],
    ['http://a.test/v3', '/v3.14'],
    ['http://a.test/v3', '/%2576%2533/users'],
    ['http://a.test/v3', '/%25252576%25252533/users'],
    ['http://a.test/v3', '//v3'],
    ['http://a.test/v3', '/./v3'],
    ['http://a.test/v3', '/x/../v3'],
    ['http://a.test/v3', '/x/%252e%252e/v3'],
    ['http://a.test/v3', '/x/..;y/v3'],
    ['http://a.test/v3', '\\v3'],
    ['http://a.test/v3', '/%5cv3'],
    ['http://a.test/v3', '/v3%00'],
    ['http://a.test/v3', '/v3%20/users'],
    ['http://a.test/v3', '/v3%09'],
    ['http://a.test/v3', '/v3.'],
    ['http://a.test/v3', '/v2.0.json'],
    ['http://a.test/v3', '/v3%3fx'],
    ['http://a.test/v3', '/v3%23x'],
    ['http://a.test/v3', '/v%33/users/%ff%c0%af'],
    ['http://a.test/v3', '/tokens/abc'],
    ['http://a.test/identity/v3', '/Identity/v3'],
    ['http://a.test/%69dentity/v3', '/identity/v3'],
    ['http://elsewhere.test/v3', '/v3/auth/tokens'],
    ['http://elsewhere.test/v3', '/identity/v3/users/1'],
    ['http://elsewhere.test/v3', '/v2.0/tokens'],
    ['http://elsewhere.test/v3', '/V3/%61uth;x/tokens'],
  ])('does not lead to it: %s, %s', (identityUrl, path) => {
    expect(isAtIdentity(beside(identityUrl), path)).toBe(true);
  });

  it.each([
    ['http://a.test/v3', '/v2/images'],
    ['http://a.test/identity/v3', '/identities/1'],
    ['http://a.test/identity/v3', '/v3/42/volumes'],
    ['http://a.test:8776/v3', '/v3/42/volumes'],
    ['http://a.test/identity/v3', '/v1/AUTH_42/box/identity/v3/users'],
    ['http://a.test/v3', '/v1/AUTH_42/v3/auth/tokens'],
    ['http://elsewhere.test/v3', '/v3/42/volumes'],
    ['http://a.test/v3', '/v2/a%20b/%252e.txt'],
    ['http://elsewhere.test/v3', '/v2.0/networks'],
  ])('leads to its own paths: %s, %s', (identityUrl, path) => {
    expect(isAtIdentity(beside(identityUrl), path)).toBe(false);
  });

  it('knows the identity service by where the account logs in, too', () => {
    const table = serviceEndpoints(catalog, { ...choice, identityUrl: 'http://glance.test:9292/v2.0' });
    expect(isAtIdentity(findService(table, 'image', 'DFW')!, '/v2.0/users')).toBe(true);
    expect(isAtIdentity(findService(table, 'image', 'DFW')!, '/v2/images')).toBe(false);
  });

  it('is told by so many URLs at most, none of which is longer than any is or written otherwise', () => {
    const placesOf = (...urls: string[]) => {
      const endpoints = urls.map((publicURL) => ({ publicURL }));
      const table = serviceEndpoints([...catalog, { name: 'keystone', type: 'identity', endpoints }], choice);
      return findService(table, 'image', 'DFW')!.identity;
    };
    const many = Array.from({ length: 1_000 }, (_, index) => `http://id-${index}.test/v3`);
    expect(placesOf(...many)).toHaveLength(100);
    expect(placesOf(...many.map(() => 'http://id.test/v3'), 'http://other.test/v3')).toHaveLength(2);
    const odd = [`http://id.test/${'a/'.repeat(200)}`, 'http://id.test/ä', 'user:pass@id.test', 'id.test'];
    expect(placesOf(...odd)).toEqual([]);
  });

  it('does not lead to it under any spelling of one of its paths', () => {
    const encoded = (unit: string, times: number) => {
      let text = `%${unit.charCodeAt(0).toString(16).padStart(2, '0')}`;
      for (let more = 1; more < times; more++) text = text.replaceAll('%', '%25');
      return times === 0 ? unit : text;
    };
    const unit = (char: string) =>
      fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 3 })).map(([isUpper, times]) => {
        return encoded(isUpper ? char.toUpperCase() : char, times);
      });
    const word = (text: string) => fc.tuple(...[...text].map(unit)).map((units) => units.join(''));
    const between = fc.constantFrom('/', '//', '/./', '/x/../', '/%2e/', '%2f', '%5C', '/;a/');
    const after = fc.constantFrom('', ';x', ';x=1', '%20', '.json', '/');
    const spelled = fc
      .tuple(between, fc.constantFrom('v3', 'v2.0').chain(word), after, between, word('users'))
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(spelled, (path) => {
        expect(isAtIdentity(beside('http://a.test/v3'), path)).toBe(true);
        expect(isAtIdentity(beside('http://elsewhere.test/v3'), path)).toBe(true);
      }),
    );
  });

  it.each([
    ['http://127.0.0.1/v3', 'http://localhost/'],
    ['http://[::1]/v3', 'http://127.0.0.1/'],
    ['http://[::ffff:10.0.0.1]/v3', 'http://10.0.0.1/'],
    ['http://0x0a000001/v3', 'http://10.0.0.1/'],
  ])('knows one machine by its several addresses: %s, %s', (identityUrl, url) => {
    expect(isAtIdentity(beside(identityUrl, url), '/v3/users')).toBe(true);
  });

  it.each([
    'identity',
    'Identity',
    'identityv3',
    'identity_v3',
    'identity-v3',
    'keystone',
    'KeyStone_v3',
    'rax:auth',
  ])('is not the identity service itself under the type %s, even if that is listed', (type) => {
    const table = serviceEndpoints(
      [{ name: 'k', type, endpoints: [{ region: 'DFW', publicURL: 'http://k.test/v3' }] }],
      choice,
    );
    expect(serviceTypes(table, 'DFW', 'all')).toEqual([]);
    expect(serviceTypes(table, 'DFW', [type])).toEqual([]);
    expect(isServedType(type, [type])).toBe(false);
  });

  it('is known at each of its URLs, and where us and uk log in', () => {
    const url = 'https://identity.api.rackspacecloud.com';
    const catalogOf = (publicURL: string) => [
      { name: 'x', type: 'dns', endpoints: [{ region: 'DFW', publicURL }] },
    ];
    const service = findService(
      serviceEndpoints(catalogOf(url), { ...choice, identityUrl: 'US' }),
      'dns',
      'DFW',
    )!;
    expect(isAtIdentity(service, '/v2.0/users')).toBe(true);
    const internal = { region: 'DFW', internalURL: 'http://a.test/v3' };
    const keystone: CatalogService = { name: 'k', type: 'identity_v3', endpoints: [internal] };
    const other = findService(
      serviceEndpoints([keystone, ...catalogOf('http://a.test')], choice),
      'dns',
      'DFW',
    )!;
    expect(isAtIdentity(other, '/v3')).toBe(true);
  });
});
