import { describe, expect, it } from 'vitest';
import { readRateLimitFields } from '../../../../src/limits/learned/rate-limit-fields.ts';
import { limit, permitted, requestFor, shaperWith } from '../harness.ts';

const NOW = Date.parse('2026-11-29T12:00:00Z');
const read = (headers: Record<string, string>) => readRateLimitFields(headers, NOW);

describe('the fields of the draft', () => {
  it.each([
    [
      { 'ratelimit-policy': '"default";q=100;w=10', ratelimit: '"default";r=50;t=30' },
      100,
      10_000,
      50,
      30_000,
    ],
    [{ 'ratelimit-policy': 'default;q=100;w=60;pk=:Y2E=:' }, 100, 60_000, undefined, undefined],
    [{ 'ratelimit-policy': '100;w=60' }, 100, 60_000, undefined, undefined],
    [
      { 'ratelimit-limit': '100, 100;w=60', 'ratelimit-remaining': '7', 'ratelimit-reset': '5' },
      100,
      60_000,
      7,
      5_000,
    ],
    [{ ratelimit: 'limit=100, remaining=50, reset=5' }, 100, undefined, 50, 5_000],
  ])('%o', (headers, value, periodMs, remaining, resetMs) => {
    expect(read(headers as Record<string, string>)).toEqual([{ value, periodMs, remaining, resetMs }]);
  });

  it('tell of several windows', () => {
    const policy = '"burst";q=20;w=1, "a, \\"day\\"";q=1000;w=86400';
    expect(read({ 'ratelimit-policy': policy, ratelimit: '"burst";r=3;t=1' })).toEqual([
      { value: 20, periodMs: 1_000, remaining: 3, resetMs: 1_000 },
      { value: 1000, periodMs: 86_400_000, remaining: undefined, resetMs: undefined },
    ]);
  });
});

describe('the X-RateLimit family', () => {
  it.each([
    ['60r/m', 60, 60_000],
    ['20r/s', 20, 1_000],
    ['60/minute', 60, 60_000],
    ['1000 req/h', 1000, 3_600_000],
    ['100', 100, undefined],
  ])('says %s', (said, value, periodMs) => {
    expect(read({ 'x-ratelimit-limit': said })).toMatchObject([{ value, periodMs }]);
  });

  it.each([
    ['37', 37_000],
    ['0', 0],
    [`${NOW / 1000 + 37}`, 37_000],
    [`${NOW + 37_000}`, 37_000],
    ['Sun, 29 Nov 2026 12:00:37 GMT', 37_000],
    ['2026-11-29T12:00:37Z', 37_000],
    ['Fri, 31 Dec 9999 23:59:59 GMT', 86_400_000],
    ['99999999999999', 86_400_000],
    ['soon', undefined],
  ])('begins anew at %s', (reset, resetMs) => {
    expect(read({ 'x-ratelimit-limit': '60', 'x-ratelimit-reset': reset })).toMatchObject([{ resetMs }]);
  });

  it('measures dates from the answer’s own Date', () => {
    const headers = { date: 'Sun, 29 Nov 2026 11:00:00 GMT', 'x-ratelimit-limit': '5' };
    const reset = 'Sun, 29 Nov 2026 11:00:10 GMT';
    expect(read({ ...headers, 'x-ratelimit-reset': reset })).toMatchObject([{ resetMs: 10_000 }]);
  });

  it('has a window a field', () => {
    expect(
      read({
        'x-ratelimit-limit-second': '5',
        'x-ratelimit-limit-hour': '900',
        'x-ratelimit-remaining-hour': '7',
      }),
    ).toMatchObject([
      { value: 5, periodMs: 1_000 },
      { value: 900, periodMs: 3_600_000, remaining: 7 },
    ]);
  });

  it.each(['', '0', '-5', 'many', '1e9', '99999999999', 'NaN', '60r/y'])('makes nothing of %j', (said) => {
    expect(read({ 'x-ratelimit-limit': said })).toEqual([]);
  });
});

describe('limits that answers tell of', () => {
  const found = (shaper: ReturnType<typeof shaperWith>['shaper']) =>
    shaper.snapshot().limits.map(({ limit, remaining }) => ({ ...limit, remaining }));

  it('are kept to, under the name of where they come from', () => {
    const { shaper } = shaperWith([]);
    permitted(shaper.acquire(requestFor('/a'))).answered(200, { 'x-ratelimit-limit': '2r/s' });
    expect(found(shaper)).toMatchObject([{ value: 2, unit: 'SECOND', origin: 'header' }]);
    permitted(shaper.acquire(requestFor('/a')));
    permitted(shaper.acquire(requestFor('/a')));
    expect(shaper.acquire(requestFor('/a'))).toBeInstanceOf(Promise);
  });

  it('hold beside those of GET /limits, and are followed when they change', () => {
    const { shaper } = shaperWith([limit('GET', '*', 9, 'MINUTE')]);
    for (const value of ['20', '10'])
      permitted(shaper.acquire(requestFor('/a'))).answered(200, {
        'ratelimit-policy': `"x";q=${value};w=10`,
      });
    expect(found(shaper)).toMatchObject([{ value: 9 }, { value: 10, periodMs: 10_000, origin: 'header' }]);
  });

  it('know of what others have used, for as long as the window at most', () => {
    const { shaper, clock } = shaperWith([]);
    permitted(shaper.acquire(requestFor('/a'))).answered(200, {
      'x-ratelimit-limit': '10r/m',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': 'Fri, 31 Dec 9999 23:59:59 GMT',
    });
    expect(shaper.acquire(requestFor('/a'))).toBeInstanceOf(Promise);
    clock.tick(61_000);
    expect(found(shaper)).toMatchObject([{ remaining: 9 }]);
  });

  it('take a window that does not name its period for as long as the longest time to its reset', () => {
    const { shaper } = shaperWith([]);
    for (const reset of ['1', '45', '3'])
      permitted(shaper.acquire(requestFor('/a'))).answered(200, {
        'x-ratelimit-limit': '100',
        'x-ratelimit-reset': reset,
      });
    expect(found(shaper)).toMatchObject([{ value: 100, unit: 'MINUTE' }]);
  });
});
