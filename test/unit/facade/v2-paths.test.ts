import { describe, expect, it } from 'vitest';
import { matchFacade } from '../../../src/facade/v2-login.ts';

describe('the façade takes', () => {
  it.each([
    ['/v2.0/tokens', 'most clients'],
    ['/v2.0/tokens/', 'a trailing slash'],
    ['/v2.0//tokens', 'fog, whose setting ends in a slash'],
    ['//v2.0/tokens', 'a base URL that ends in a slash'],
    ['/v2.0', 'libcloud, whose setting ends in v2.0'],
    ['/v2.0/', 'libcloud, whose setting ends in v2.0 and a slash'],
    ['/', 'libcloud, whose setting ends in a slash'],
    ['/v2.0/v2.0/tokens', 'pkgcloud, whose setting ends in v2.0'],
    ['/tokens', 'a setting that is the root'],
  ])('POST %s for a login (%s)', (path) => {
    expect(matchFacade('POST', path)).toEqual({ kind: 'login' });
  });

  it.each([
    ['/', { kind: 'versions' }],
    ['//', { kind: 'versions' }],
    ['/v2.0', { kind: 'version' }],
    ['/v2.0/', { kind: 'version' }],
    ['/v2.0/tenants', { kind: 'tenants' }],
    ['/v2.0/v2.0/tenants', { kind: 'tenants' }],
    ['/tenants/', { kind: 'tenants' }],
    ['/v2.0/tokens/abc%20d', { kind: 'validate', tokenId: 'abc d' }],
    ['/tokens/abc', { kind: 'validate', tokenId: 'abc' }],
    ['/v2.0/tokens/%E0%A4%A', { kind: 'validate', tokenId: '%E0%A4%A' }],
  ])('GET and HEAD %s', (path, match) => {
    expect(matchFacade('GET', path)).toEqual(match);
    expect(matchFacade('HEAD', path)).toEqual(match);
  });
});

it('DELETE of a token gives it back', () => {
  expect(matchFacade('DELETE', '/v2.0/tokens/abc')).toEqual({ kind: 'revoke', tokenId: 'abc' });
});

describe('the façade answers with what is allowed', () => {
  it.each([
    ['GET', '/v2.0/tokens', ['POST']],
    ['HEAD', '/tokens', ['POST']],
    ['PUT', '/v2.0/tokens/abc', ['GET', 'HEAD', 'DELETE']],
    ['POST', '/v2.0/tenants', ['GET', 'HEAD']],
    ['PUT', '/v2.0', ['GET', 'HEAD', 'POST']],
    ['DELETE', '/', ['GET', 'HEAD', 'POST']],
  ])('%s %s', (method, path, allow) => {
    expect(matchFacade(method, path)).toEqual({ kind: 'method', allow });
  });
});

describe('the façade leaves alone', () => {
  it.each([
    '/dfw/v2.0/tokens',
    '/dfw/tokens',
    '/v2/424242/servers',
    '/v2.0/users',
    '/v2.0/tokens/abc/endpoints',
    '/v3',
    '/v3/auth/tokens',
    '/V2.0/tokens',
  ])('%s', (path) => {
    for (const method of ['GET', 'POST', 'DELETE'])
      expect(matchFacade(method, path)).toEqual({ kind: 'none' });
  });
});
