import { describe, expect, it } from 'vitest';
import { BOOKMARK, expectFault, harness, items, object, SELF } from './harness.ts';

describe('2.5 Flavors', () => {
  it('are the seven of the guide', () => {
    const flavors = items(harness().get('/flavors/detail'), 'flavors');
    expect(
      flavors.map(({ id, ram, disk, vcpus, swap, rxtx_factor }) => [id, ram, disk, vcpus, swap, rxtx_factor]),
    ).toEqual([
      ['2', 512, 20, 1, 512, 2],
      ['3', 1024, 40, 1, 1024, 3],
      ['4', 2048, 80, 2, 2048, 6],
      ['5', 4096, 160, 2, 2048, 10],
      ['6', 8192, 320, 4, 2048, 15],
      ['7', 15360, 620, 6, 2048, 20],
      ['8', 30720, 1200, 8, 2048, 30],
    ]);
  });

  it('show name, links and whether they are disabled', () => {
    const h = harness();
    expect(h.get('/flavors/2')).toEqual({
      flavor: {
        'OS-FLV-DISABLED:disabled': false,
        disk: 20,
        id: '2',
        links: [
          { rel: 'self', href: `${SELF}/flavors/2` },
          { rel: 'bookmark', href: `${BOOKMARK}/flavors/2` },
        ],
        name: '512MB Standard Instance',
        ram: 512,
        rxtx_factor: 2,
        swap: 512,
        vcpus: 1,
      },
    });
    expect(items(h.get('/flavors'), 'flavors')[0]).toEqual({
      id: '2',
      name: '512MB Standard Instance',
      links: [
        { rel: 'self', href: `${SELF}/flavors/2` },
        { rel: 'bookmark', href: `${BOOKMARK}/flavors/2` },
      ],
    });
    expectFault(() => h.get('/flavors/m1.small'), 'itemNotFound');
  });

  it('spell the factor of the network as 2.0, for answers that keep spellings', () => {
    const body = object(harness().ask('GET', '/flavors/2').body);
    expect(String(object(body['flavor'])['rxtx_factor'])).toBe('2.0');
  });

  it('filter by minDisk and minRam', () => {
    const h = harness();
    const ids = (query: string) => items(h.get(`/flavors?${query}`), 'flavors').map((flavor) => flavor['id']);
    expect(ids('minDisk=320')).toEqual(['6', '7', '8']);
    expect(ids('minRam=2048&minDisk=0')).toEqual(['4', '5', '6', '7', '8']);
    expect(ids('minRam=99999')).toEqual([]);
    expectFault(() => ids('minRam=big'), 'badRequest');
    expectFault(() => ids('minDisk=-1'), 'badRequest');
  });

  it('that are disabled cannot be used', () => {
    const h = harness();
    h.region.seed({
      flavors: [
        { id: 'x', name: 'old', ram: 512, disk: 20, vcpus: 1, swap: 0, rxtxFactor: 1, disabled: true },
      ],
    });
    expect(items(h.get('/flavors'), 'flavors').at(-1)?.['id']).toBe('x');
    expectFault(() => h.create({ flavorRef: 'x' }), 'badRequest');
  });
});
