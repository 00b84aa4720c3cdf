import { describe, expect, it } from 'vitest';
import { triageOverLimit } from '../../../../src/limits/published/over-limit.ts';

const NOW = Date.UTC(2031, 0, 1, 12, 0, 0);
const httpDate = (ms: number) => new Date(ms).toUTCString();

describe('triageOverLimit', () => {
  it('takes a date by the clock of the answer, with the second it was cut to', () => {
    const serverNow = NOW + 400_000;
    const headers = { date: httpDate(serverNow), 'retry-after': httpDate(serverNow + 30_000) };
    expect(triageOverLimit({ status: 413, headers }, NOW)).toEqual({ kind: 'rate', retryAfterMs: 31_000 });
  });

  it('takes a date that has just passed for a rate limit that ends within the second', () => {
    const headers = { 'retry-after': httpDate(NOW - 1000) };
    expect(triageOverLimit({ status: 413, headers }, NOW)).toEqual({ kind: 'rate', retryAfterMs: 1000 });
  });

  it('takes positive seconds for a rate limit', () => {
    expect(triageOverLimit({ status: 413, headers: { 'retry-after': '7' } }, NOW)).toEqual({
      kind: 'rate',
      retryAfterMs: 7000,
    });
  });

  it('takes zero seconds, or the word, for a quota', () => {
    expect(triageOverLimit({ status: 413, headers: { 'retry-after': '0' } }, NOW).kind).toBe('quota');
    const body = { overLimit: { code: 413, message: 'Quota exceeded for cores' } };
    expect(triageOverLimit({ status: 413, headers: { 'retry-after': '9' }, body }, NOW).kind).toBe('quota');
  });

  it('takes a 413 without any time for a size', () => {
    expect(triageOverLimit({ status: 413, headers: {} }, NOW).kind).toBe('size');
    const body = { badRequest: { code: 413, message: 'the body is too long' } };
    expect(triageOverLimit({ status: 413, headers: {}, body }, NOW).kind).toBe('size');
  });

  it.each(['retryAt', 'retryAfter'])('finds the time in the body under %s', (member) => {
    const body = {
      overLimit: { code: 413, message: 'slower', [member]: new Date(NOW + 5000).toISOString() },
    };
    expect(triageOverLimit({ status: 413, headers: {}, body }, NOW)).toEqual({
      kind: 'rate',
      retryAfterMs: 6000,
    });
  });

  it('takes every 429 for a rate limit, even one that says nothing', () => {
    expect(triageOverLimit({ status: 429, headers: {} }, NOW)).toEqual({ kind: 'rate', retryAfterMs: 1000 });
    expect(triageOverLimit({ status: 429, headers: { 'retry-after': '3' } }, NOW)).toMatchObject({
      retryAfterMs: 3000,
    });
  });

  it('takes a 503 for a pause only when it says how long', () => {
    expect(triageOverLimit({ status: 503, headers: { 'retry-after': '4' } }, NOW)).toEqual({
      kind: 'pause',
      retryAfterMs: 4000,
    });
    expect(triageOverLimit({ status: 503, headers: {} }, NOW).kind).toBe('other');
    expect(triageOverLimit({ status: 500, headers: { 'retry-after': '4' } }, NOW).kind).toBe('other');
  });
});
