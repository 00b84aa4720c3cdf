import { describe, expect, it } from 'vitest';
import { hasVariant, keyOf, scopeOf, scopeParts, subjectOf } from '../../../src/cache/key.ts';
import { hasChangesSince, hasOneReading, parseQuery } from '../../../src/cache/query.ts';
import { operationNamed } from '../../../src/operations/match.ts';
import { askFor } from './support.ts';

const key = (url: string, changes = {}) => {
  const ask = askFor(url, changes);
  return keyOf(ask, ask.path, ask.query);
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

it('tells keys of a microversion from others', () => {
  expect([key('/images'), key('/images', { variant: '2.26|' })].map(hasVariant)).toEqual([false, true]);
});

describe('a query', () => {
  it('is read as any server may read it', () => {
    expect(parseQuery('name=a%20b&limit&=x&status=ACTIVE;limit=2')).toEqual([
      ['name', 'a b'],
      ['limit', ''],
      ['', 'x'],
      ['status', 'ACTIVE'],
      ['limit', '2'],
    ]);
  });

  it.each([
    ['name=a&limit=2', true],
    ['', true],
    ['name=a&name=a', false],
    ['name=a;limit=2', false],
    ['name=a%3Blimit=2', true],
  ])('%s has one reading: %s', (query, expected) => {
    expect(hasOneReading(query.split('&'))).toBe(expected);
  });

  it.each([
    ['name=a&changes-since=2026-01-01', true],
    ['changes-since', true],
    ['name=a;changes-since=2026-01-01', true],
    ['name=changes-since', false],
    ['not-changes-since=1', false],
  ])('%s may ask for changes: %s', (query, expected) => {
    expect(hasChangesSince(query)).toBe(expected);
  });
});
