import { describe, expect, it } from 'vitest';
import { tellableRetryAfter } from '../../../src/upstream/retry-after.ts';

const DATE = 'Sun, 29 Nov 2026 07:00:00 GMT';

describe("a region's Retry-After", () => {
  it.each(['0', '7', '86401', 'Sun, 29 Nov 2026 07:01:00 GMT', 'Sun, 29 Nov 2026 06:00:00 GMT'])(
    'of %s is told',
    (text) => {
      expect(tellableRetryAfter(text, DATE)).toBe(text);
      expect(tellableRetryAfter([text, '9'], DATE)).toBe(text);
    },
  );

  it.each([
    ['86402'],
    ['1795935228'],
    ['1795935228000'],
    ['9'.repeat(400)],
    ['1e9'],
    ['-5'],
    ['1.5'],
    ['Infinity'],
    ['soon'],
    ['3600, 7200'],
    ['Fri, 31 Dec 9999 23:59:59 GMT'],
    ['Xyz, 99 Foo 2026 07:01:00 GMT'],
    ['9999-12-31T23:59:59Z'],
    [''],
  ])('of %s, which no wait can be, is not', (text) => {
    expect(tellableRetryAfter(text, DATE)).toBeUndefined();
  });

  it('that is a date stays where the answer does not say its own', () => {
    expect(tellableRetryAfter(DATE, undefined)).toBe(DATE);
    expect(tellableRetryAfter(undefined, DATE)).toBeUndefined();
  });
});
