import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  hasVariant,
  keyOf,
  plainPath,
  queryOf,
  scopeOf,
  scopeParts,
  subjectOf,
} from '../../../src/cache/key.ts';
import { hasChangesSince, normaliseQuery, parseQuery } from '../../../src/cache/query.ts';
import { operationNamed } from '../../../src/operations/match.ts';
import { askFor } from './support.ts';

const key = (url: string, changes = {}) => {
  const ask = askFor(url, changes);
  return keyOf(ask, ask.path, queryOf(ask, 'images'));
};

describe('keyOf', () => {
  it('tells accounts, tenants, regions, paths and microversions apart', () => {
    const keys = [
      key('/images'),
      key('/images', { account: 'other' }),
      key('/images', { tenant: '4712' }),
      key('/images', { region: 'ORD' }),
      key('/images/detail'),
      key('/images?name=a'),
      key('/images', { variant: 'compute 2.61' }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('tells the two version documents apart', () => {
    const list = { ...askFor('/flavors'), path: '/', operation: operationNamed('listVersions') };
    const one = { ...list, operation: operationNamed('getVersion') };
    expect(keyOf(list, '/', '')).not.toBe(keyOf(one, '/', ''));
  });

  it('names the scope and gives its parts back', () => {
    expect(scopeParts(scopeOf('my account', 'DFW', 'images'))).toEqual({
      account: 'my account',
      region: 'DFW',
      resource: 'images',
    });
  });

  it('takes the first parameter of a path for its subject', () => {
    expect(subjectOf(askFor('/images/abc/metadata/colour').params)).toBe('abc');
    expect(subjectOf(askFor('/images').params)).toBeUndefined();
  });
});

describe('plainPath', () => {
  it.each([
    ['/images', '/images'],
    ['/images/', '/images'],
    ['/images/%61bc', '/images/abc'],
    ['/images/a%2fb/', '/images/a%2Fb'],
    ['/images/%zz', '/images/%zz'],
    ['/', '/'],
  ])('%s is %s', (path, plain) => {
    expect(plainPath(path)).toBe(plain);
  });
});

it('tells keys of a microversion from others', () => {
  expect([key('/images'), key('/images', { variant: '2.26|' })].map(hasVariant)).toEqual([false, true]);
});

describe('normaliseQuery', () => {
  it.each([
    ['limit=5&name=a', 'name=a&limit=5'],
    ['name=a+b', 'name=a%20b'],
    ['name=a%20b', 'name=a%20b'],
    ['format=json&cacheid=1700000000', ''],
    ['zeta=1&alpha=2&limit=3', 'limit=3&zeta=1&alpha=2'],
    ['&&name=a&', 'name=a'],
    ['name=%zz', 'name=%25zz'],
  ])('%s is %s', (query, normalised) => {
    expect(normaliseQuery('images', query)).toBe(normalised);
  });

  it('drops filters of flavors that filter nothing', () => {
    expect(normaliseQuery('flavors', 'minRam=0&minDisk=0&minRam=512')).toBe('minRam=512');
    expect(normaliseQuery('images', 'minRam=0')).toBe('minRam=0');
  });

  it('keeps the order of values of one name', () => {
    expect(normaliseQuery('images', 'name=b&limit=1&name=a')).toBe('name=b&name=a&limit=1');
  });

  it('does not change what it has normalised', () => {
    fc.assert(
      fc.property(fc.string(), (query) => {
        const once = normaliseQuery('images', query);
        expect(normaliseQuery('images', once)).toBe(once);
      }),
    );
  });

  it('does not lose or invent a parameter, whatever their order', () => {
    const name = fc.constantFrom('name', 'status', 'limit', 'marker', 'x', 'y z');
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.string({ unit: 'grapheme' }))), (parameters) => {
        const query = parameters.map((pair) => pair.map(encodeURIComponent).join('=')).join('&');
        const sorted = (list: readonly (readonly [string, string])[]) => list.map(String).sort();
        expect(sorted(parseQuery(normaliseQuery('images', query)))).toEqual(sorted(parameters));
      }),
    );
  });
});

it('recognises changes-since however it is written', () => {
  expect(hasChangesSince(normaliseQuery('images', 'name=a&changes-since=2026-01-01'))).toBe(true);
  expect(hasChangesSince(normaliseQuery('images', 'changes%2Dsince=2026-01-01'))).toBe(true);
  expect(hasChangesSince(normaliseQuery('images', 'name=changes-since'))).toBe(false);
});
