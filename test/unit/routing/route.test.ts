import { describe, expect, it } from 'vitest';
import { createRouter, refusalFault } from '../../../src/routing/route.ts';

const maxTargetBytes = () => 2048;

describe('a router', () => {
  const router = createRouter({ maxTargetBytes });

  it('says what a URL means, once for all who ask', () => {
    const route = router('GET', '/dfw/v2/1//flavors/2?x=1');
    expect(route).toMatchObject({
      path: '/dfw/v2/1/flavors/2',
      query: 'x=1',
      asked: 'x=1',
      refusal: undefined,
      target: { kind: 'compute', region: 'dfw', tenant: '1', path: '/flavors/2' },
      match: { kind: 'operation', operation: { name: 'getFlavor' }, params: { flavor_id: '2' } },
    });
    expect(router('GET', '/dfw/v2/1//flavors/2?x=1')).toBe(route);
  });

  it('tells methods apart', () => {
    expect(router('GET', '/v2/1/servers').match).toMatchObject({ operation: { name: 'listServers' } });
    expect(router('POST', '/v2/1/servers').match).toMatchObject({ operation: { name: 'createServer' } });
    expect(router('DELETE', '/v2/1/servers').match).toMatchObject({ kind: 'method' });
  });

  it('reads a region at the root', () => {
    const target = createRouter({ rootRegion: 'DFW', maxTargetBytes })('GET', '/v2/1/images').target;
    expect(target).toMatchObject({ region: 'DFW', tenant: '1' });
  });

  it.each([
    ['the flavors in detail', 'GET', '/dfw/v2/1/flavors/%64etail', 'listFlavorsDetail', '/flavors/detail'],
    ['a suffix', 'GET', '/dfw/v2/1/flavors/detail.%78ml', 'listFlavorsDetail', '/flavors/detail'],
    ['its dot', 'GET', '/dfw/v2/1/flavors/detail%2Exml', 'listFlavorsDetail', '/flavors/detail'],
    [
      'a suffix before a slash',
      'GET',
      '/dfw/v2/1/flavors/detail.xml/',
      'listFlavorsDetail',
      '/flavors/detail',
    ],
    ['a write', 'POST', '/dfw/v2/1/%73ervers/', 'createServer', '/servers'],
    ['a word before the tenant', 'DELETE', '/dfw/%762/1/images/7', 'deleteImage', '/images/7'],
    [
      'a slash in a name',
      'GET',
      '/v2/1/servers/7/metadata/a%2fb',
      'getServerMetadataItem',
      '/servers/7/metadata/a%2Fb',
    ],
    ['parameters of a segment', 'DELETE', '/v2/1/images/7;x=1', 'deleteImage', '/images/7%3Bx=1'],
  ])('reads %s in its one spelling: %s %s', (_what, method, url, operation, path) => {
    const route = router(method, url);
    expect(route.match).toMatchObject({ operation: { name: operation } });
    expect(route.target).toMatchObject({ path });
  });
});

describe('a URL that is refused', () => {
  const router = createRouter({ maxTargetBytes });

  it.each([
    ['/dfw/v2/1/../2/servers', 'traversal'],
    ['/dfw/v2/1/servers/%2e%2e/2', 'traversal'],
    ['/dfw/v2/1/servers/%252e%252e/2', 'traversal'],
    ['/dfw/v2/1/servers/..;/2', 'traversal'],
    ['/dfw/v2/1/servers/a%2f..%2fb', 'traversal'],
    ['/dfw/v2/1/servers/...xml', 'traversal'],
    ['/dfw/v2/1/servers/..%78ml.json', 'traversal'],
    ['/dfw/v2/1/servers/a%5cb', 'traversal'],
    ['/dfw/v2/1/servers/a%00', 'traversal'],
    ['/../services/image/v2', 'traversal'],
    ['/dfw/services/image/v2/../x', 'traversal'],
    ['/dfw/v2/1/servers/%zz', 'malformed'],
    ['/dfw/v2/1/servers/%c0%ae', 'malformed'],
    ['/dfw/v2/1/servers/1#x', 'malformed'],
    ['/dfw/v2/1/servers?name=%', 'malformed'],
    ['/dfw/services/object-store/100%', 'malformed'],
    ['/dfw/v2/1/images%2F7', 'ambiguous'],
    ['/dfw/v2/1/images/7%2Fmetadata', 'ambiguous'],
    ['/dfw/v2/1/flavors/%2fdetail', 'ambiguous'],
    ['/dfw/v2/1/images/7.json.xml', 'ambiguous'],
    [`/dfw/v2/1/servers?name=${'x'.repeat(2048)}`, 'tooLong'],
  ])('%s: %s', (url, refusal) => {
    expect(router('GET', url).refusal).toBe(refusal);
  });

  it('is not remembered, nor is what nobody would send twice or streams through', () => {
    for (const url of ['/v2/1/servers/..', `/v2/1/servers/${'x'.repeat(600)}`, '/v2/1/os-keypairs', '/v2.0'])
      expect(router('GET', url)).not.toBe(router('GET', url));
  });

  it('is a fault of the API', () => {
    expect(refusalFault('tooLong')).toMatchObject({ fault: 'computeFault', code: 414 });
    expect(refusalFault('malformed')).toMatchObject({ fault: 'badRequest', code: 400 });
  });
});

describe('what is asked of another service', () => {
  it.each([
    ['/dfw/services/object-store/v1/a/b%5Cc\\d?x=%2f', '/v1/a/b%5Cc\\d', 'x=%2f'],
    ['//dfw/%73ervices/object-store//v1//a//..data/', '/v1//a//..data/', ''],
    ['http://gw:80/dfw/services/object-store/%2F/..%78?a;b', '/%2F/..%78', 'a;b'],
    ['/dfw/services/object-store', '', ''],
  ])('%s stays as it was written', (url, path, query) => {
    expect(createRouter({ maxTargetBytes })('GET', url)).toMatchObject({
      target: { kind: 'service', region: 'dfw', type: 'object-store', path },
      query,
      refusal: undefined,
    });
  });
});
