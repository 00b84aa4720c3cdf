import { describe, expect, it } from 'vitest';
import { nextQuery, readPage, regionQuery } from '../../../src/all-regions/page.ts';

const REGIONS = ['DFW', 'ORD'];
const read = (query: string) => readPage(query, REGIONS);

describe('the page that a query asks for', () => {
  it.each([
    ['', { limit: undefined, marker: undefined, rest: '' }],
    ['limit=2', { limit: 2, rest: '' }],
    ['status=ACTIVE&limit=2&name=a%20b', { limit: 2, rest: 'status=ACTIVE&name=a%20b' }],
    ['marker=ORD%3Aabc', { marker: { region: 'ORD', id: 'abc' } }],
    ['marker=ord:abc', { marker: { region: 'ORD', id: 'abc' } }],
    ['marker=abc', { marker: { region: undefined, id: 'abc' } }],
    ['marker=LON:abc', { marker: { region: undefined, id: 'LON:abc' } }],
    ['marker=%zz', { marker: { region: undefined, id: '%zz' } }],
  ])('%s', (query, expected) => {
    expect(read(query)).toMatchObject(expected);
  });

  it('leaves a limit that is none to the regions, which say what is wrong with it', () => {
    for (const query of ['limit=abc', 'limit=0', 'limit=-1', 'limit='])
      expect(read(query)).toEqual({ limit: undefined, marker: undefined, rest: query });
  });

  it('goes to a region with its own marker, and on to the next page with the region in it', () => {
    const ask = read('status=ACTIVE&limit=2&marker=x');
    expect(regionQuery(ask, undefined)).toBe('status=ACTIVE&limit=2');
    expect(regionQuery(ask, 'a b')).toBe('status=ACTIVE&limit=2&marker=a%20b');
    const next = nextQuery(ask, { region: 'ORD', id: '7' });
    expect(next).toBe('status=ACTIVE&limit=2&marker=ORD%3A7');
    expect(read(next).marker).toEqual({ region: 'ORD', id: '7' });
  });
});
