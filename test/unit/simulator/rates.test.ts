import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/json.ts';
import {
  compileLimit,
  type RatedRequest,
  type RateLimit,
  regexOf,
} from '../../../src/simulator/rates/limit.ts';
import {
  createRateLimiter,
  type RateAlgorithm,
  type RateLimiter,
} from '../../../src/simulator/rates/limiter.ts';
import { overLimitFault, rateDocument } from '../../../src/simulator/rates/over-limit.ts';
import { DEFAULT_RATE_LIMITS } from '../../../src/simulator/rates/schema.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const limit = (fields: Partial<RateLimit> = {}): RateLimit => ({
  verb: 'GET',
  uri: '*',
  regex: null,
  value: 3,
  unit: 'SECOND',
  ...fields,
});
const request = (path: string, method = 'GET', query = ''): RatedRequest => ({
  method,
  path,
  fullPath: `/v2/424242${path}`,
  query,
});

function limiterOf(algorithm: RateAlgorithm, ...table: RateLimit[]) {
  const clock = new FakeClock();
  const limiter = createRateLimiter({ algorithm, table, perAccount: {} }, clock);
  const charge = (path = '/flavors', method = 'GET') =>
    limiter.charge('ann', '424242', request(path, method));
  const burst = (count: number) => {
    let passed = 0;
    for (let index = 0; index < count; index++) if (charge().kind === 'allowed') passed += 1;
    return passed;
  };
  return { clock, limiter, charge, burst, view: () => limiter.view('ann', '424242') };
}

describe('which requests a limit is for', () => {
  test.each([
    ['*', '/anything', true],
    ['/servers', '/servers/detail', true],
    ['/servers', '/flavors', false],
    ['', '/flavors', true],
  ])('the uri %j against %s: %s', (uri, path, matches) => {
    expect(compileLimit(limit({ uri })).capture(request(path)) !== null).toBe(matches);
  });

  test('a regex may mean the whole path, or path and query', () => {
    const whole = compileLimit(limit({ regex: '^/v[^/]+/(\\d+)/servers' }));
    expect(whole.capture(request('/servers'))).toBe('424242');
    const query = compileLimit(limit({ regex: 'changes-since' }));
    expect(query.capture(request('/servers', 'GET', 'changes-since=2026-01-01'))).toBe('');
    expect(query.capture(request('/servers'))).toBeNull();
  });

  test('a malformed regex is published as it is and enforced by the uri', () => {
    const broken = compileLimit(limit({ uri: '/servers', regex: '/v[^/](\\d+)/servers)?.*' }));
    expect(broken.regex).toBe('/v[^/](\\d+)/servers)?.*');
    expect(broken.capture(request('/servers'))).toBe('');
    expect(broken.capture(request('/images'))).toBeNull();
  });

  test('ALL is every method, and HEAD counts as GET', () => {
    expect(compileLimit(limit({ verb: 'ALL' })).capture(request('/x', 'DELETE'))).toBe('');
    expect(compileLimit(limit()).capture(request('/x', 'HEAD'))).toBe('');
    expect(compileLimit(limit()).capture(request('/x', 'POST'))).toBeNull();
  });

  test('characters of a uri that mean something in a regex are taken literally', () => {
    expect(regexOf(limit({ uri: '/a.b' }))).toBe('^/a\\.b');
  });
});

describe('sliding logs', () => {
  test('never let more than the value through in any unit, and refused requests cost nothing', () => {
    const { clock, burst } = limiterOf('sliding', limit());
    expect(burst(2)).toBe(2);
    clock.tick(900);
    expect(burst(5)).toBe(1);
    clock.tick(100);
    expect(burst(5)).toBe(2);
    clock.tick(899);
    expect(burst(5)).toBe(0);
    clock.tick(1);
    expect(burst(5)).toBe(1);
  });

  test('charge only the first limit that matches', () => {
    const { charge, view } = limiterOf('sliding', limit({ uri: '/servers', value: 5 }), limit({ value: 1 }));
    for (let index = 0; index < 5; index++) expect(charge('/servers').kind).toBe('allowed');
    expect(view().map(({ remaining }) => remaining)).toEqual([0, 1]);
    expect(charge('/servers').kind).toBe('over');
  });

  test('say when the oldest slot is free again', () => {
    const { clock, charge } = limiterOf('sliding', limit({ value: 1 }));
    const start = clock.now();
    charge();
    clock.tick(400);
    expect(charge()).toMatchObject({ kind: 'over', retryAtMs: start + 1000 });
  });
});

describe('fixed windows', () => {
  test('begin at the first request and let up to twice the value less one through around their end', () => {
    const { clock, burst } = limiterOf('fixed', limit());
    clock.tick(12_345);
    expect(burst(1)).toBe(1);
    clock.tick(999);
    expect(burst(5)).toBe(2);
    clock.tick(1);
    expect(burst(5)).toBe(0);
    clock.tick(1);
    expect(burst(5)).toBe(3);
  });

  test('count refused requests without moving the window: remaining goes negative', () => {
    const { clock, burst, view } = limiterOf('fixed', limit());
    const start = clock.now();
    burst(5);
    clock.tick(500);
    burst(1);
    expect(view()[0]).toMatchObject({ remaining: -3, nextAvailableMs: start + 1000 });
  });

  test('charge every limit that matches, in order, until one is exceeded', () => {
    const { charge, view } = limiterOf(
      'fixed',
      limit({ value: 9 }),
      limit({ value: 1 }),
      limit({ value: 9 }),
    );
    charge();
    charge();
    expect(view().map(({ remaining }) => remaining)).toEqual([7, -1, 8]);
  });

  test('count apart for what the regex captures', () => {
    const { charge } = limiterOf('fixed', limit({ regex: '^/servers/([^/]+)', value: 1 }));
    expect(charge('/servers/a').kind).toBe('allowed');
    expect(charge('/servers/b').kind).toBe('allowed');
    expect(charge('/servers/a').kind).toBe('over');
  });
});

describe('leaky buckets', () => {
  test('take a full burst and then one request whenever a share has drained', () => {
    const { clock, burst } = limiterOf('leaky', limit());
    expect(burst(5)).toBe(3);
    clock.tick(333);
    expect(burst(1)).toBe(0);
    clock.tick(1);
    expect(burst(5)).toBe(1);
    clock.tick(1000);
    expect(burst(5)).toBe(3);
  });

  test('refund the limit that refuses and keep the charge of the others', () => {
    const { charge, view } = limiterOf('leaky', limit({ value: 9 }), limit({ value: 1 }));
    charge();
    charge();
    expect(view().map(({ remaining }) => remaining)).toEqual([7, 0]);
  });

  test('say how long until a share has drained', () => {
    const { clock, charge, burst, view } = limiterOf('leaky', limit({ value: 2 }));
    burst(2);
    expect(charge()).toMatchObject({ kind: 'over', retryAtMs: clock.now() + 500 });
    expect(view()[0]).toMatchObject({ remaining: 0, nextAvailableMs: clock.now() + 500 });
  });
});

describe.each(['sliding', 'fixed', 'leaky'] as const)('under %s', (algorithm) => {
  test('a value of 0 forbids', () => {
    const { charge, view } = limiterOf(algorithm, limit({ value: 0 }));
    expect(charge().kind).toBe('over');
    expect(view()[0]!.remaining).toBeLessThanOrEqual(0);
  });

  test('users count apart, and one may have a table of its own', () => {
    const clock = new FakeClock();
    const perAccount = { rich: [limit({ value: 2 })] };
    const limiter = createRateLimiter({ algorithm, table: [limit({ value: 1 })], perAccount }, clock);
    const passes = (user: string) => limiter.charge(user, '1', request('/x')).kind === 'allowed';
    expect([passes('ann'), passes('ann')]).toEqual([true, false]);
    expect([passes('bob'), passes('bob')]).toEqual([true, false]);
    expect([passes('rich'), passes('rich'), passes('rich')]).toEqual([true, true, false]);
  });
});

test('the default table is the guide’s Table 1.3', () => {
  const rows = DEFAULT_RATE_LIMITS.map(({ verb, uri, value, unit }) => `${verb} ${uri} ${value} ${unit}`);
  expect(rows.sort()).toEqual([
    'GET * 100 MINUTE',
    'GET /os-networksv2 0 MINUTE',
    'GET /servers 1000 DAY',
    'POST * 100 MINUTE',
    'POST /os-networksv2 0 DAY',
    'POST /servers 1000 DAY',
  ]);
});

test('the published limits stand together by uri', () => {
  const { view } = limiterOf('sliding', ...DEFAULT_RATE_LIMITS);
  const document = rateDocument(view());
  expect(document.map(({ uri }) => uri)).toEqual(['/os-networksv2', '/servers', '*']);
  expect(document[1]).toMatchObject({
    limit: [
      { verb: 'GET', remaining: 1000 },
      { verb: 'POST', remaining: 1000 },
    ],
  });
});

test('Retry-After is a date cut to the second, or whole seconds rounded up', () => {
  const now = Date.parse('2026-03-01T10:00:00.250Z');
  const over = { limit: limit(), retryAtMs: now + 1500 };
  expect(overLimitFault(over, 'date', now).headers).toEqual({
    'retry-after': 'Sun, 01 Mar 2026 10:00:01 GMT',
  });
  const fault = overLimitFault(over, 'seconds', now);
  expect(fault.headers).toEqual({ 'retry-after': '2' });
  expect(fault.retryAt).toBe('2026-03-01T10:00:01.750Z');
});

describe('over a restart', () => {
  const table = [limit({ uri: '/servers', value: 2, unit: 'DAY' }), limit({ value: 3, unit: 'MINUTE' })];
  const settings = (algorithm: RateAlgorithm, given = table) => ({ algorithm, table: given, perAccount: {} });
  /** What a state file does to it. */
  const saved = (value: JsonObject) => JSON.parse(JSON.stringify(value)) as JsonObject;

  test.each<RateAlgorithm>(['sliding', 'fixed', 'leaky'])(
    'a %s limit is as far spent as before',
    (algorithm) => {
      const clock = new FakeClock();
      const before = createRateLimiter(settings(algorithm), clock);
      for (const path of ['/servers', '/servers', '/flavors']) before.charge('ann', '424242', request(path));
      clock.tick(10_000);
      const after = createRateLimiter(settings(algorithm), clock);
      after.restore(saved(before.snapshot()));
      expect(after.view('ann', '424242')).toEqual(before.view('ann', '424242'));
      expect(after.charge('ann', '424242', request('/servers')).kind).toBe('over');
      expect(after.charge('bob', '424242', request('/servers')).kind).toBe('allowed');
    },
  );

  test('a user who does not come back between two restarts keeps what it had', () => {
    const clock = new FakeClock();
    const [first, second, third] = [1, 2, 3].map(() => createRateLimiter(settings('sliding'), clock)) as [
      RateLimiter,
      RateLimiter,
      RateLimiter,
    ];
    first.charge('ann', '424242', request('/servers'));
    second.restore(saved(first.snapshot()));
    third.restore(saved(second.snapshot()));
    expect(third.view('ann', '424242')[0]!.remaining).toBe(1);
  });

  test('a limit that was changed meanwhile begins anew, and so do all under another algorithm', () => {
    const clock = new FakeClock();
    const before = createRateLimiter(settings('sliding'), clock);
    before.charge('ann', '424242', request('/servers'));
    before.charge('ann', '424242', request('/flavors'));
    const changed = createRateLimiter(
      settings('sliding', [limit({ uri: '/servers', value: 5, unit: 'DAY' }), table[1]!]),
      clock,
    );
    changed.restore(saved(before.snapshot()));
    expect(changed.view('ann', '424242').map(({ remaining }) => remaining)).toEqual([5, 2]);
    const other = createRateLimiter(settings('leaky'), clock);
    other.restore(saved(before.snapshot()));
    expect(other.view('ann', '424242').map(({ remaining }) => remaining)).toEqual([2, 3]);
  });
});
