import { describe, expect, it } from 'vitest';
import { exactBelow, parseTarget } from '../../../src/routing/target.ts';

describe('what stands below some segments, as it was written', () => {
  it.each([
    ['/dfw/services/image/v2//a', 3, '/v2//a'],
    ['//dfw//services/image//v2', 3, '/v2'],
    ['/dfw/services/image/%2F/b/', 3, '/%2F/b/'],
    ['/dfw/services/image', 3, ''],
    ['/dfw/services/image/', 3, '/'],
    ['/dfw/services/image//', 3, '/'],
    ['/services/image/a', 2, '/a'],
  ])('%s, %i', (url, segments, below) => {
    expect(exactBelow(url, segments)).toBe(below);
  });
});

describe('reading a path', () => {
  it.each([
    ['/dfw/v2/010101/servers', { region: 'dfw', version: 'v2', tenant: '010101', path: '/servers' }],
    [
      '/DFW/v2.1/010101/servers/detail',
      { region: 'DFW', version: 'v2.1', tenant: '010101', path: '/servers/detail' },
    ],
    ['/v2/010101/servers', { region: undefined, version: 'v2', tenant: '010101', path: '/servers' }],
    ['/dfw/010101/servers/7', { region: 'dfw', version: undefined, tenant: '010101', path: '/servers/7' }],
    ['/dfw/v2/010101', { region: 'dfw', version: 'v2', tenant: '010101', path: '/' }],
    ['/dfw/v2/010101/', { region: 'dfw', version: 'v2', tenant: '010101', path: '/' }],
  ])('%s is below a tenant', (path, expected) => {
    expect(parseTarget(path)).toMatchObject({ kind: 'compute', format: undefined, ...expected });
  });

  it('takes a format suffix off, but remembers what was written', () => {
    expect(parseTarget('/dfw/v2/1/servers.xml')).toMatchObject({
      path: '/servers',
      exactPath: '/servers.xml',
      format: 'xml',
    });
    expect(parseTarget('/dfw/v2/1/servers/x/metadata/foo.bar')).toMatchObject({
      path: '/servers/x/metadata/foo.bar',
      format: undefined,
    });
  });

  it.each([
    ['/dfw', 'dfw', undefined],
    ['/dfw/', 'dfw', undefined],
    ['/dfw/.xml', 'dfw', 'xml'],
    ['/dfw.json', 'dfw', 'json'],
  ])('%s is a version list', (path, region, format) => {
    expect(parseTarget(path)).toEqual({ kind: 'versions', region, format });
  });

  it.each([
    ['/dfw/v2', 'dfw', 'v2', undefined],
    ['/dfw/v2/', 'dfw', 'v2', undefined],
    ['/dfw/v2/.xml', 'dfw', 'v2', 'xml'],
    ['/dfw/v2.1/', 'dfw', 'v2.1', undefined],
    ['/v2', undefined, 'v2', undefined],
    ['/v2/', undefined, 'v2', undefined],
    ['/v2/.json', undefined, 'v2', 'json'],
    ['/v2.xml', undefined, 'v2', 'xml'],
  ])('%s is version details', (path, region, version, format) => {
    expect(parseTarget(path)).toEqual({ kind: 'version', region, version, format });
  });

  it.each(['/', '/v2.0', '/v2.0/', '/v2.0/tokens', '/tokens', '/v2.0/tokens/abc', '/v2.0/tenants', '/v3'])(
    '%s is for the identity façade',
    (path) => {
      expect(parseTarget(path)).toMatchObject({ kind: 'identity' });
    },
  );

  it.each([
    ['/all/v2/1/servers/detail.xml', { version: 'v2', tenant: '1', path: '/servers/detail', format: 'xml' }],
    ['/ALL/1/flavors', { version: undefined, tenant: '1', path: '/flavors' }],
    ['/all/v2/1', { path: '/' }],
  ])('%s is of every region', (path, expected) => {
    expect(parseTarget(path)).toMatchObject({ kind: 'everywhere', ...expected });
    expect(parseTarget(path, 'DFW')).toMatchObject(path.includes('/v2/') ? { kind: 'everywhere' } : {});
  });

  it('leaves a region of that name a port of its own', () => {
    expect(parseTarget('/v2/1/servers', 'ALL')).toMatchObject({ kind: 'compute', region: 'ALL' });
    expect(parseTarget('/1/servers', 'all')).toMatchObject({ kind: 'compute', region: 'all', tenant: '1' });
  });

  it.each([
    ['/dfw/services/image/v2/images', 'dfw', 'image', '/v2/images'],
    ['/dfw/services/rax%3Adns/', 'dfw', 'rax:dns', '/'],
    ['/dfw/services/image', 'dfw', 'image', ''],
    ['/dfw/services', 'dfw', '', ''],
  ])('%s is another service of the catalog', (path, region, type, below) => {
    expect(parseTarget(path)).toEqual({ kind: 'service', region, type, path: below });
  });

  it('serves one region at the root of its own port', () => {
    expect(parseTarget('/services/image/v2', 'DFW')).toMatchObject({
      kind: 'service',
      region: 'DFW',
      type: 'image',
    });
    expect(parseTarget('/', 'DFW')).toEqual({ kind: 'versions', region: 'DFW', format: undefined });
    expect(parseTarget('/v2/1/servers', 'DFW')).toMatchObject({
      kind: 'compute',
      region: 'DFW',
      tenant: '1',
    });
    expect(parseTarget('/1/servers/2', 'DFW')).toMatchObject({
      kind: 'compute',
      region: 'DFW',
      tenant: '1',
      path: '/servers/2',
    });
    expect(parseTarget('/dfw/v2/1/servers', 'DFW')).toMatchObject({
      kind: 'compute',
      region: 'dfw',
      tenant: '1',
    });
  });
});
