import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalPath,
  canonicalQuery,
  canonicalSegment,
  hasServiceTraversal,
  hasTraversal,
  splitUrl,
} from '../../../src/routing/canonical.ts';

describe('splitting a URL', () => {
  it.each([
    ['/dfw/v2/1/servers?limit=2', '/dfw/v2/1/servers', 'limit=2'],
    ['http://gw:8080/dfw/v2/1/servers?x=//', '/dfw/v2/1/servers', 'x=//'],
    ['http://gw:8080', '/', ''],
    ['/?', '/', ''],
    ['/a?b?c', '/a', 'b?c'],
    ['*', '/', ''],
  ])('%s', (url, path, query) => {
    expect(splitUrl(url)).toEqual({ path, query });
  });
});

describe('the one spelling of a path', () => {
  it.each([
    ['/', '/'],
    ['/images', '/images'],
    ['/images/', '/images'],
    ['//images///7//', '/images/7'],
    ['/%69mages/%7e%2D%2e%5F', '/images/~-._'],
    ['/a%2fb', '/a%2Fb'],
    ['/a%252fb', '/a%252fb'],
    ['/a%3ab%40c', '/a:b@c'],
    ['/a;b+c', '/a%3Bb%2Bc'],
    ['/a%3bb%2bc', '/a%3Bb%2Bc'],
    ['/a|b"c', '/a%7Cb%22c'],
    ['/%c3%a9', '/%C3%A9'],
    ['/\xc3\xa9', '/%C3%A9'],
    ['/\xc3%A9', '/%C3%A9'],
    ['/.xml', '/.xml'],
    ['/a%3Fb%23c', '/a%3Fb%23c'],
  ])('of %s is %s', (path, canonical) => {
    expect(canonicalPath(path)).toBe(canonical);
  });

  it.each([
    '/%',
    '/%4',
    '/%zz',
    '/%c3',
    '/%ff',
    '/%c0%ae',
    '/%ed%a0%80',
    '/\xe9',
    '/a#b',
    '/a b',
    '/a\x7f',
    '/\u20ac',
  ])('is none for %j', (path) => {
    expect(canonicalPath(path)).toBeUndefined();
  });

  it('does not change any more, and decodes to the same segments', () => {
    const segment = fc.string({ unit: 'grapheme', minLength: 1 });
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1 }), (segments) => {
        const path = segments.map((text) => `/${encodeURIComponent(text)}`).join('');
        const canonical = canonicalPath(path)!;
        expect(canonicalPath(canonical)).toBe(canonical);
        expect(canonical.slice(1).split('/').map(decodeURIComponent)).toEqual(segments);
        expect(canonical).toBe(segments.map((text) => `/${canonicalSegment(text)}`).join(''));
      }),
    );
  });
});

describe('the one spelling of a query', () => {
  it.each([
    ['', ''],
    ['name=a%20b', 'name=a%20b'],
    ['name=a+b', 'name=a+b'],
    ['name=a%2bb', 'name=a%2Bb'],
    ['m%69nRam=%38192', 'minRam=8192'],
    ['changes%2dsince=2026-01-01T00%3A00%3a00Z', 'changes-since=2026-01-01T00:00:00Z'],
    ['a;b=c%3bd', 'a;b=c%3Bd'],
    ['a%26b%3dc=d=e', 'a%26b%3Dc=d=e'],
    ['a[]=1&&=&b', 'a%5B%5D=1&&=&b'],
    ['x=%2Fv2%2fimages', 'x=/v2/images'],
    ['x=\xc3\xa9', 'x=%C3%A9'],
  ])('of %s is %s', (query, canonical) => {
    expect(canonicalQuery(query)).toBe(canonical);
  });

  it.each(['%', 'a=%zz', 'a=%ff', 'a=#b', 'a=\xe9'])('is none for %j', (query) => {
    expect(canonicalQuery(query)).toBeUndefined();
  });
});

describe('a path that leads aside', () => {
  const everywhere = [
    '/a/../b',
    '/a/..',
    '/./a',
    '/a/%2e%2e/b',
    '/a/.%2E',
    '/a/..%2fb',
    '/a/..;/b',
    '/a/..;x=1',
    '/a/..%3Bx=1/b',
    '/a%2f..%2fb',
    '/a/..%3Fx',
    '/a/..%23',
    '/a%5c..',
    '/a%5c..%5cb',
    '/a/..%5cb',
    '/a/%252e%252e/b',
    '/a%252f..%252fb',
    '/a/%25252e.',
    '/a%00',
    '/a/..%00b',
  ];
  it.each(everywhere)('%s is refused below a tenant', (path) => {
    expect(hasTraversal(canonicalPath(path)!)).toBe(true);
  });

  it.each([...everywhere, '/a\\..\\b', '/..\\b'])('%s is refused below another service', (path) => {
    expect(hasServiceTraversal(path)).toBe(true);
  });

  it.each(['/a\\b', '/a%5Cb', '/servers/...xml', '/servers/..json'])(
    '%s is refused below a tenant alone',
    (path) => {
      expect(hasTraversal(canonicalPath(path)!)).toBe(true);
      expect(hasServiceTraversal(path)).toBe(false);
    },
  );

  it.each([
    '/servers',
    '/servers/a.b',
    '/servers/..hidden',
    '/servers/a..',
    '/servers/...',
    '/servers/.xml',
    '/a%2fb',
    '/a;b/..c;d',
    '/a%252fb/100%2525',
    '/metadata/app.conf',
  ])('%s is not', (path) => {
    expect(hasTraversal(canonicalPath(path)!)).toBe(false);
    expect(hasServiceTraversal(path)).toBe(false);
  });
});
