import { describe, expect, it } from 'vitest';
import { expectFault, harness, items } from './harness.ts';

describe('1.10 Extensions', () => {
  it('lists them, and shows one by its alias', () => {
    const h = harness();
    const extensions = items(h.get('/extensions'), 'extensions');
    expect(extensions.map((item) => item['alias'])).toEqual(
      expect.arrayContaining([
        'OS-DCF',
        'OS-EXT-STS',
        'os-volumes',
        'os-rescue',
        'os-used-limits',
        'rax-bandwidth',
      ]),
    );
    for (const extension of extensions) {
      expect(Object.keys(extension).sort()).toEqual(
        ['alias', 'description', 'links', 'name', 'namespace', 'updated'].sort(),
      );
      expect(h.get(`/extensions/${extension['alias']}`)).toEqual({ extension });
    }
    expectFault(() => h.get('/extensions/RS-NONE'), 'itemNotFound');
  });

  it('answers the routes of extensions that clients call', () => {
    const h = harness();
    h.region.seed({ networks: [{ id: 'n-9', label: 'back', cidr: '192.168.0.0/24', tenantId: '999' }] });
    expect(h.get('/flavors/2/os-extra_specs')).toEqual({ extra_specs: {} });
    expectFault(() => h.get('/flavors/99/os-extra_specs'), 'itemNotFound');
    expect(items(h.get('/os-networksv2'), 'networks').map((item) => item['label'])).toEqual([
      'public',
      'private',
    ]);
    expect(items(h.get('/os-networksv2', '999'), 'networks')).toHaveLength(3);
    expect(h.get('/os-networksv2/n-9', '999')).toEqual({
      network: { id: 'n-9', label: 'back', cidr: '192.168.0.0/24' },
    });
    for (const url of ['/os-networksv2/n-9', '/os-keypairs', '/flavors/2/other', '/'])
      expectFault(() => h.get(url), 'itemNotFound');
    expectFault(() => h.ask('POST', '/os-networksv2', { network: {} }), 'itemNotFound');
  });
});
