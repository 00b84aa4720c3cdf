import { describe, expect, it } from 'vitest';
import type { PublishedLimit } from '../../../../src/limits/published/limit.ts';
import { Matcher } from '../../../../src/limits/windows/matcher.ts';
import { Window } from '../../../../src/limits/windows/window.ts';
import { limit } from '../harness.ts';

function matcherOf(...limits: PublishedLimit[]) {
  const windows = limits.map((each) => new Window(each, 5));
  const problems: string[] = [];
  const matcher = new Matcher(windows, (line) => problems.push(line));
  const find = (method: string, path: string, query = '') =>
    matcher
      .find(method, { path, fullPath: `/v2/7142${path}`, query })
      .windows.map((window) => `${window.limit.verb} ${window.limit.uri}`);
  return { matcher, find, problems };
}

describe('Matcher', () => {
  it('finds every limit of the method or of all methods that matches', () => {
    const { find } = matcherOf(
      limit('GET', '/servers', 1, 'DAY'),
      limit('ALL', '*', 1, 'MINUTE'),
      limit('POST', '/servers', 1, 'DAY'),
    );
    expect(find('GET', '/servers')).toEqual(['GET /servers', 'ALL *']);
    expect(find('POST', '/servers/1/action')).toEqual(['ALL *', 'POST /servers']);
    expect(find('PROPFIND', '/servers')).toEqual(['ALL *']);
  });

  it('adds what only the query makes apply, and forgets it for the next query', () => {
    const { find } = matcherOf(limit('GET', '*', 1, 'DAY'), limit('GET', '*changes-since*', 1, 'MINUTE'));
    expect(find('GET', '/servers')).toEqual(['GET *']);
    expect(find('GET', '/servers', 'changes-since=1')).toEqual(['GET *', 'GET *changes-since*']);
    expect(find('GET', '/servers', 'limit=1')).toEqual(['GET *']);
  });

  it('gives requests that are charged to the same limits the same set of them, whatever their paths', () => {
    const { matcher } = matcherOf(limit('GET', '*', 1, 'DAY'), limit('GET', '/servers', 1, 'MINUTE'));
    const target = (path: string, query = '') => ({ path, fullPath: `/v2/7142${path}`, query });
    const first = matcher.find('GET', target('/servers/1'));
    expect(matcher.find('GET', target('/servers/2'))).toBe(first);
    expect(matcher.find('GET', target(`/servers/${'3'.repeat(5000)}`, 'a=1'))).toBe(first);
  });

  it('spends no more steps on many paths than there are for all, and judges them anew when there are', () => {
    const { matcher } = matcherOf(limit('GET', '/servers', 1, 'DAY', { regex: '/images/.*x.*end' }));
    const all = { left: 100_000 };
    const judge = (at: number, steps?: { left: number }) => {
      const path = `/images/${at}/${'x'.repeat(2_000)}end`;
      return matcher.find('GET', { path, fullPath: `/v2/7142${path}`, query: '' }, steps).windows.length;
    };
    const judged = Array.from({ length: 50 }, (_, at) => judge(at, all));
    expect(all.left).toBeGreaterThan(-1_000);
    // What had no steps left is judged by the uri, which says no, and by nothing later on.
    expect([judged[0], judged.at(-1)]).toEqual([1, 0]);
    expect(judge(49)).toBe(1);
  });

  it('says what is wrong with an expression once, however many limits have it', () => {
    const regex = '/v[^/](\\d+)/servers)?.*';
    const { problems } = matcherOf(
      limit('GET', '/servers', 1, 'DAY', { regex }),
      limit('POST', '/servers', 1, 'DAY', { regex }),
    );
    expect(problems).toHaveLength(1);
  });
});
