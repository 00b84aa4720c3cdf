import { describe, expect, it } from 'vitest';
import {
  ageSeconds,
  cacheControl,
  cacheStatus,
  chooseEncoding,
  isNotModified,
  remainingSeconds,
  type StatusFacts,
} from '../../../src/cache/http.ts';

describe('isNotModified', () => {
  it.each([
    [undefined, false],
    ['"a"', true],
    [' "a" ', true],
    ['"b"', false],
    ['*', true],
    ['W/"a"', true],
    ['"x", "a-gzip" , "y"', true],
    ['"x","y"', false],
    ['"x,\\"a\\""', false],
    ['a', false],
    ['', false],
  ])('%s: %s', (header, expected) => {
    expect(isNotModified(header, '"a"', '"a-gzip"')).toBe(expected);
  });

  it('is not fooled by a comma inside a tag', () => {
    expect(isNotModified('"p,q"', '"q"')).toBe(false);
    expect(isNotModified('"p,q"', '"p,q"')).toBe(true);
  });
});

describe('times', () => {
  it('are whole seconds, an age never negative', () => {
    expect([ageSeconds(1000, 3999), ageSeconds(5000, 1000)]).toEqual([2, 0]);
    expect([remainingSeconds(3999, 1000), remainingSeconds(1000, 3500)]).toEqual([2, -3]);
    expect([cacheControl(61_000, 1000), cacheControl(0, 1000)]).toEqual([
      'private, max-age=60',
      'private, max-age=0',
    ]);
  });
});

describe('cacheStatus', () => {
  const now = 10_000;
  const cases: [StatusFacts, string][] = [
    [{ verdict: 'hit', reason: 'fresh', freshUntil: 130_000 }, 'sluice; hit; ttl=120'],
    [{ verdict: 'hit', reason: 'derived', freshUntil: 130_000 }, 'sluice; hit; ttl=120; detail=derived'],
    [
      { verdict: 'stale', reason: 'stale-while-revalidate', freshUntil: 5000 },
      'sluice; hit; ttl=-5; detail=stale-while-revalidate',
    ],
    [
      { verdict: 'stale', reason: 'stale-if-error', freshUntil: 5000, forwardStatus: 503 },
      'sluice; fwd=stale; fwd-status=503; detail=stale-if-error',
    ],
    [
      { verdict: 'miss', reason: 'absent', freshUntil: 20_000, forwardStatus: 200, stored: true },
      'sluice; fwd=uri-miss; fwd-status=200; stored; ttl=10',
    ],
    [
      { verdict: 'coalesced', reason: 'expired', freshUntil: 20_000, forwardStatus: 200, stored: true },
      'sluice; fwd=stale; fwd-status=200; stored; ttl=10; collapsed',
    ],
    [{ verdict: 'miss', reason: 'revalidate', forwardStatus: 500 }, 'sluice; fwd=request; fwd-status=500'],
    [
      { verdict: 'pass', reason: 'no-store', forwardStatus: 200 },
      'sluice; fwd=bypass; fwd-status=200; detail=no-store',
    ],
  ];
  it.each(cases)('%j', (facts, text) => {
    expect(cacheStatus(facts, now)).toBe(text);
  });
});

describe('chooseEncoding', () => {
  it.each([
    [undefined, null],
    ['', null],
    ['gzip', 'gzip'],
    ['gzip, deflate, br', 'br'],
    ['br;q=0.5, gzip', 'gzip'],
    ['*', 'br'],
    ['br;q=0, *;q=0.3', 'gzip'],
    ['gzip;q=0', null],
    ['identity', null],
    ['identity, gzip;q=0.5', null],
    ['GZIP;Q=0.8', 'gzip'],
    ['gzip;q=often', null],
    ['deflate', null],
  ])('%s: %s', (header, expected) => {
    expect(chooseEncoding(header, 5000)).toBe(expected);
  });

  it('leaves short answers plain', () => {
    expect(chooseEncoding('br', 1024)).toBeNull();
    expect(chooseEncoding('br', 1025)).toBe('br');
  });
});
