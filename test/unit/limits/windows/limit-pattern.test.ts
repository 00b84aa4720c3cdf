import { describe, expect, it } from 'vitest';
import { compileLimitPattern } from '../../../../src/limits/windows/limit-pattern.ts';
import { limit } from '../harness.ts';

const at = (path: string, query = '') => ({ path, fullPath: `/v2/90210${path}`, query });

function matches(uri: string, regex: string | undefined, path: string, query = ''): boolean {
  const pattern = compileLimitPattern(limit('GET', uri, 1, 'DAY', { regex }));
  return pattern.matchesPath(at(path, query)) || pattern.matchesQuery(at(path, query));
}

describe('compileLimitPattern', () => {
  it.each([
    ['what follows the tenant', '^/servers', '/servers/detail', true],
    ['the whole path', '/v[^/]+/(\\d+)/servers/?.*', '/servers/7', true],
    ['another path', '^/servers', '/images', false],
    ['everything', '.*', '/images', true],
  ])('holds a regex against %s', (_, regex, path, expected) => {
    expect(matches('*', regex, path)).toBe(expected);
  });

  it('holds a regex against the path with its query', () => {
    expect(matches('*changes-since*', '.*changes-since.*', '/servers', 'changes-since=2031-01-01')).toBe(
      true,
    );
    expect(matches('*changes-since*', '.*changes-since.*', '/servers', 'limit=2')).toBe(false);
  });

  it.each([
    ['/servers', '/servers/detail', true],
    ['*/servers', '/servers', true],
    ['/servers', '/images', false],
    ['*', '/images', true],
    ['', '/images', true],
    ['/servers/*/os-virtual-interfacesv2', '/servers/12/os-virtual-interfacesv2', true],
    ['/servers/*/os-virtual-interfacesv2', '/servers/12/ips', false],
  ])('without a regex takes uri %j for a prefix of %s: %s', (uri, path, expected) => {
    expect(matches(uri, undefined, path)).toBe(expected);
  });

  it('finds changes-since by its uri alone', () => {
    expect(matches('*changes-since*', undefined, '/servers', 'changes-since=1')).toBe(true);
    expect(matches('*changes-since*', undefined, '/servers')).toBe(false);
  });

  it('falls back to the uri when the regex does not compile, and says so', () => {
    const pattern = compileLimitPattern(
      limit('GET', '/servers', 1, 'DAY', { regex: '/v[^/](\\d+)/servers)?.*' }),
    );
    expect(pattern.problem).toMatch(/does not compile/);
    expect(pattern.matchesPath(at('/servers/3'))).toBe(true);
    expect(pattern.matchesPath(at('/flavors'))).toBe(false);
  });
});
