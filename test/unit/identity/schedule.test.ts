import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRetryAfterMs, refreshDelayMs, retryDelayMs } from '../../../src/identity/schedule.ts';

const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const NOW = Date.parse('2026-01-01T00:00:00Z');

describe('the renewal', () => {
  it('lies between 80 and 90 percent of the life, and never follows within a second', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 90_000_000 }), unit, (lifeMs, random) => {
        const delay = refreshDelayMs(lifeMs, random);
        expect(delay).toBeGreaterThanOrEqual(Math.max(1_000, Math.floor(lifeMs * 0.8)));
        expect(delay).toBeLessThanOrEqual(Math.max(1_000, lifeMs * 0.9));
      }),
    );
  });
});

it('a token that is good for years is renewed within a week', () => {
  expect(refreshDelayMs(3_650 * 86_400_000, 0.99)).toBeLessThan(7 * 86_400_000);
});

describe('the pause after a failed login', () => {
  const any = fc.constantFrom('limited', 'unavailable', 'unreachable', 'rejected', 'malformed' as const);

  it('grows to a minute at most, half of it random', () => {
    fc.assert(
      fc.property(any, fc.integer({ min: 1, max: 5_000 }), unit, (reason, failures, random) => {
        const delay = retryDelayMs({ reason, retryAfterMs: undefined }, failures, random);
        expect(delay).toBeGreaterThanOrEqual(500);
        expect(delay).toBeLessThanOrEqual(60_000);
      }),
    );
  });

  it('is longer for refused credentials: half a minute, then five at most', () => {
    const refused = { reason: 'refused' as const, retryAfterMs: undefined };
    expect([1, 2, 3, 4, 5, 60].map((failures) => retryDelayMs(refused, failures, 0))).toEqual([
      15_000, 30_000, 60_000, 120_000, 150_000, 150_000,
    ]);
  });

  it('is never shorter than the Retry-After, of which an hour is believed', () => {
    const limited = (retryAfterMs: number) => retryDelayMs({ reason: 'limited', retryAfterMs }, 1, 0);
    expect(limited(90_000)).toBe(91_000);
    expect(limited(99 * 3_600_000)).toBe(3_601_000);
  });
});

describe('Retry-After', () => {
  it.each<[string | undefined, string | undefined, number | undefined]>([
    ['30', undefined, 30_000],
    ['0', undefined, 0],
    ['Thu, 01 Jan 2026 00:00:10 GMT', undefined, 10_000],
    ['Thu, 01 Jan 2026 01:00:10 GMT', 'Thu, 01 Jan 2026 01:00:00 GMT', 10_000],
    ['Thu, 01 Jan 2026 00:00:10 GMT', 'no date', 10_000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', undefined, 0],
    ['soon', undefined, undefined],
    [undefined, undefined, undefined],
  ])('%s, sent at %s, is %s ms', (value, date, expected) => {
    expect(parseRetryAfterMs(value, date, NOW)).toBe(expected);
  });
});
