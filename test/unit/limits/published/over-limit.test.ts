import { describe, expect, it } from 'vitest';
import { RawNumber } from '../../../../src/json.ts';
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

  it.each([
    ['seconds since the epoch', `${(NOW + 20_000) / 1000}`],
    ['ms since the epoch', `${NOW + 20_000}`],
  ])('takes %s for the date that it is, in the header as in the body', (_what, number) => {
    const expected = { kind: 'rate', retryAfterMs: 21_000 };
    const header = { status: 413, headers: { 'retry-after': number } };
    expect(triageOverLimit(header, NOW)).toEqual(expected);
    for (const value of [number, Number(number), new RawNumber(number)]) {
      const body = { overLimit: { code: 413, message: 'slower', retryAfter: value } };
      expect(triageOverLimit({ status: 413, headers: {}, body }, NOW)).toEqual(expected);
    }
    expect(triageOverLimit({ ...header, status: 503 }, NOW)).toEqual({ ...expected, kind: 'pause' });
  });

  it('takes an epoch that has passed for a limit that ends within the second', () => {
    const headers = { 'retry-after': `${NOW / 1000 - 500}` };
    expect(triageOverLimit({ status: 413, headers }, NOW)).toEqual({ kind: 'rate', retryAfterMs: 1000 });
  });

  it.each(['-5', 'soon', '1e3', '12 apples', '0x10', '5 2031', 'NaN', ''])(
    'takes no time from %j, whatever the engine takes for a date',
    (text) => {
      expect(triageOverLimit({ status: 413, headers: { 'retry-after': text } }, NOW).kind).toBe('size');
      expect(triageOverLimit({ status: 503, headers: { 'retry-after': text } }, NOW).kind).toBe('other');
    },
  );

  it.each(['99999999', '9'.repeat(400), 'Fri, 31 Dec 9999 23:59:59 GMT', '253402300799'])(
    'takes a 503 that wants %s for one that says nothing',
    (text) => {
      expect(triageOverLimit({ status: 503, headers: { 'retry-after': text } }, NOW).kind).toBe('other');
      expect(triageOverLimit({ status: 413, headers: { 'retry-after': text } }, NOW).kind).toBe('rate');
    },
  );

  it('takes every 429 for a rate limit, even one that says nothing', () => {
    expect(triageOverLimit({ status: 429, headers: {} }, NOW)).toEqual({
      kind: 'rate',
      retryAfterMs: 1000,
      isUnsaid: true,
    });
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
