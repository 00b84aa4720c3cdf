import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { askedQuery } from '../../../src/routing/asked-query.ts';
import { canonicalQuery } from '../../../src/routing/canonical.ts';

const asked = (query: string, cacheClass: 'images' | 'flavors' | null = 'images') =>
  askedQuery(cacheClass, canonicalQuery(query)!);

describe('the query a region is asked with', () => {
  it.each([
    ['limit=5&name=a', 'name=a&limit=5'],
    ['l%69mit=5&n%61me=a', 'name=a&limit=5'],
    ['zeta=1&alpha=2&limit=3', 'limit=3&zeta=1&alpha=2'],
    ['&&name=a&', 'name=a'],
    ['server=http%3A%2F%2Fsluice%2Fv2%2F1%2Fservers%2F7', 'server=7'],
    ['s%65rver=/v2/1/servers/a:b', 'server=a:b'],
  ])('has known parameters in order: %s is %s', (query, expected) => {
    expect(asked(query)).toBe(expected);
  });

  it.each(['limit=5&name=a&format=xml', 'limit=5&f%6Frmat=json&cacheid=1&cacheid=2&name=a'])(
    'lacks what is meant for Sluice: %s',
    (query) => {
      expect(asked(query)).toBe('name=a&limit=5');
      expect(asked(query, null)).toBe('limit=5&name=a');
    },
  );

  it.each([
    'limit=1&name=b&name=a',
    'limit=5;name=a&status=ACTIVE',
    'format=xml;name=a',
    'limit=1&name=a%3Bb;c',
    'limit=1&limit=1&name=a',
  ])('keeps the order of what servers read differently: %s', (query) => {
    expect(asked(query)).toBe(query);
  });

  it('lacks filters of flavors that filter nothing, unless they are said twice', () => {
    expect(asked('minRam=0&minDisk=20', 'flavors')).toBe('minDisk=20');
    expect(asked('minRam=0&minRam=8192', 'flavors')).toBe('minRam=0&minRam=8192');
    expect(asked('minRam=0', 'images')).toBe('minRam=0');
  });

  it.each([
    ['name=a+b', 'name=a%20b'],
    ['name=a%2Bb', 'name=a+b'],
    ['name=a%26limit=1', 'name=a&limit=1'],
    ['name%3Da=b', 'name=a=b'],
    ['name', 'name='],
    ['=a', 'a'],
    ['name=a;limit=1', 'name=a%3Blimit=1'],
    ['name=a;limit=1', 'name=a&limit=1'],
    ['name=a&name=a', 'name=a'],
    ['name=a&name=b', 'name=b&name=a'],
  ])('tells apart what a server may read in two ways: %s and %s', (one, other) => {
    expect(asked(one)).not.toBe(asked(other));
  });

  it('does not change any more', () => {
    const name = fc.constantFrom('name', 'status', 'limit', 'marker', 'server', 'format', 'x', 'y;z', '');
    const value = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('/v2/1/servers/7', '0'));
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value)), (parameters) => {
        const query = parameters.map(([left, right]) => `${left}=${encodeURIComponent(right)}`).join('&');
        const once = asked(query);
        expect(asked(once)).toBe(once);
      }),
    );
  });
});
