import { describe, expect, it } from 'vitest';
import { compileLimitPattern } from '../../../../src/limits/windows/limit-pattern.ts';
import { limit } from '../harness.ts';

const at = (path: string, query = '') => ({ path, fullPath: `/v2/90210${path}`, query });

function compile(uri: string, regex: string | undefined, problems: string[] = []) {
  return compileLimitPattern(limit('GET', uri, 1, 'DAY', { regex }), (line) => problems.push(line));
}

function matches(uri: string, regex: string | undefined, path: string, query = ''): boolean {
  const pattern = compile(uri, regex);
  const steps = { left: 1e6 };
  return pattern.matchesPath(at(path, query), steps) || pattern.matchesQuery(at(path, query), steps);
}

describe('compileLimitPattern', () => {
  it.each([
    ['what follows the tenant', '^/servers', '/servers/detail', true],
    ['the whole path', '/v[^/]+/(\\d+)/servers/?.*', '/servers/7', true],
    ['the whole path from its beginning', '^/v2/\\d+/servers', '/servers/7', true],
    ['what follows the tenant to its end', '^/servers$', '/servers', true],
    ['another path', '^/servers', '/images', false],
    ['everything', '.*', '/images', true],
  ])('holds a regex against %s', (_, regex, path, expected) => {
    expect(matches('*', regex, path)).toBe(expected);
  });

  it.each([
    ['.*changes-since.*', true],
    ['^/servers\\?changes-since', true],
    ['^/v2/90210/servers\\?changes-since=\\d{4}-.*$', true],
    // The end of the path is an end, too.
    ['^/servers$', true],
  ])('holds a regex against the path with its query: %s', (regex, expected) => {
    expect(matches('*changes-since*', regex, '/servers', 'changes-since=2031-01-01')).toBe(expected);
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
    ['/servers/{id}/ips', '/servers/12/ips', true],
    ['/servers/{id}/ips', '/servers/12/metadata', false],
    ['/v2/90210/servers', '/servers', true],
    ['*/a*a*b', '/xaxaxb', false],
    ['/*a*a*b', '/xaxaxb', true],
  ])('without a regex takes uri %j for a prefix of %s: %s', (uri, path, expected) => {
    expect(matches(uri, undefined, path)).toBe(expected);
  });

  it('finds changes-since by its uri alone', () => {
    expect(matches('*changes-since*', undefined, '/servers', 'changes-since=1')).toBe(true);
    expect(matches('*changes-since*', undefined, '/servers')).toBe(false);
  });

  it.each([
    ['does not compile', '/v[^/](\\d+)/servers)?.*', /unmatched/],
    ['looks ahead', '^/(?!images)', /lookaround/],
    ['refers back', '^/(servers)/.*\\1', /back references/],
    ['repeats more than can be', '((/servers){100}){100}', /too large/],
  ])('falls back to the uri when the regex %s, and says so', (_, regex, problem) => {
    const problems: string[] = [];
    const pattern = compile('/servers', regex, problems);
    expect(problems).toEqual([expect.stringMatching(problem)]);
    expect(pattern.matchesPath(at('/servers/3'), { left: 1e6 })).toBe(true);
    expect(pattern.matchesPath(at('/flavors'), { left: 1e6 })).toBe(false);
  });

  it.each([
    ['/rax-networks', '/v[^/](\\d+)/(rax-networks)/?.*', '/rax-networks/7'],
    ['/servers', '/v[^/](\\d+)/servers/?.*', '/servers'],
    ['', '/v[^/](\\d+)/?.*', '/anything'],
    ['*', '/v[^/](\\d+)/?.*', '/anything'],
    ['/servers', '^/server$', '/servers/7'],
    ['*/servers', '^servers', '/servers'],
    ['/servers/{id}/ips', '^/servers/[a-f]{40}/ips', '/servers/7/ips'],
    ['*changes-since*', '^/changes_since', '/servers?changes-since=1'],
  ])('lets the uri %j decide as well where %j does not even match that', (uri, regex, request) => {
    const problems: string[] = [];
    compile(uri, regex, problems);
    expect(problems).toEqual([expect.stringMatching(/does not match that uri; its uri is used as well$/)]);
    const [path, query] = request.split('?');
    expect(matches(uri, regex, path!, query)).toBe(true);
  });

  it('still lets such a regex decide for what it does match', () => {
    expect(matches('/servers', '^/server$', '/server')).toBe(true);
    expect(matches('/servers', '^/server$', '/images')).toBe(false);
  });

  it.each([
    ['*', '.*'],
    ['*', '/v[^/]+/[^/]+/?.*'],
    ['*', '^/servers'],
    ['/servers', '^/servers'],
    ['*/servers', '^/servers'],
    ['/servers', '/v[^/]+/\\d+/servers/?.*'],
    ['/servers', '^/v2\\.1/[0-9a-f]{32}/servers'],
    ['*changes-since*', '.*changes-since.*'],
    ['*changes-since*', '\\?changes-since='],
    ['/servers/*/ips', '^/servers/[^/]+/ips$'],
    ['/servers/{id}/ips', '^/servers/\\w+/ips'],
    ['/v1.0/servers', '^/v1.0/servers'],
  ])('finds nothing wrong with %j and %j', (uri, regex) => {
    const problems: string[] = [];
    compile(uri, regex, problems);
    expect(problems).toEqual([]);
  });

  it('lets the uri decide when an expression takes too long for a path, and says so', () => {
    const problems: string[] = [];
    const pattern = compile('/servers', '^(.?){300}!|^/servers$', problems);
    const long = at(`/servers/${'a'.repeat(8000)}`);
    expect(pattern.matchesPath(long, { left: 1e6 })).toBe(true);
    expect(pattern.matchesPath(at(`/images/${'a'.repeat(8000)}`), { left: 1e6 })).toBe(false);
    expect(new Set(problems).size).toBe(1);
    expect(problems[0]).toMatch(/takes too long for some paths/);
  });

  it('leaves steps to the other limits when one expression takes too many', () => {
    const steps = { left: 750_000 };
    const long = at(`/servers/${'a'.repeat(8000)}`);
    compile('/servers', '^(.?){300}!|^/servers$').matchesPath(long, steps);
    expect(steps.left).toBeGreaterThan(500_000);
  });

  it('does not put the whole of a long expression into the log', () => {
    const problems: string[] = [];
    compile('/servers', `${'('.repeat(400)}`, problems);
    expect(problems[0]!.length).toBeLessThan(400);
  });
});
