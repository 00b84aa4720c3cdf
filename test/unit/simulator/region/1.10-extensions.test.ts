import { describe, expect, it } from 'vitest';
import { expectFault, harness, items, object, TENANT } from './harness.ts';

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
    expectFault(() => h.ask('PUT', '/os-networksv2', { network: {} }), 'badMethod');
    expectFault(() => h.ask('POST', '/os-networksv2/n-9', {}), 'badMethod');
  });

  it('makes isolated networks, as many as Cloud Networks allows, and attaches servers to them', () => {
    const h = harness({ absoluteByTenant: { [TENANT]: { maxTotalPrivateNetworks: 1 } } });
    const make = (label: string, cidr = '192.168.3.0/24', tenant = TENANT) =>
      h.ask('POST', '/os-networksv2', { network: { label, cidr } }, tenant);
    const used = () => h.region.absoluteLimits(TENANT)['totalPrivateNetworksUsed'];
    expectFault(() => make('back', '192.168.3.0/24', '999'), 'forbidden');
    for (const [label, cidr] of [
      ['', '192.168.3.0/24'],
      ['back', '192.168.3.0'],
      ['back', '192.168.300.0/24'],
      ['public', '192.168.3.0/24'],
    ] as const)
      expectFault(() => make(label, cidr), 'badRequest');
    const { status, body } = make('back');
    const { id } = object(object(body)['network']);
    expect([status, used()]).toEqual([200, 1]);
    expect(expectFault(() => make('more'), 'overLimit').headers['retry-after']).toBe('0');
    expectFault(() => h.get(`/os-networksv2/${id}`, '999'), 'itemNotFound');

    const server = h.active({ networks: [{ uuid: String(id) }] });
    expect(h.server(server)['addresses']).toEqual({ back: [{ version: 4, addr: '192.168.3.10' }] });
    expectFault(() => h.ask('DELETE', `/os-networksv2/${id}`), 'forbidden');
    h.ask('DELETE', `/servers/${server}`);
    expect(h.ask('DELETE', `/os-networksv2/${id}`).status).toBe(202);
    expect(used()).toBe(0);
    expectFault(() => h.ask('DELETE', `/os-networksv2/${id}`), 'itemNotFound');
    expectFault(() => h.ask('DELETE', '/os-networksv2/00000000-0000-0000-0000-000000000000'), 'forbidden');
  });
});
