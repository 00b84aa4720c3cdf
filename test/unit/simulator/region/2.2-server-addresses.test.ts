import { describe, expect, it } from 'vitest';
import { expectFault, harness, items } from './harness.ts';

describe('2.2 Server Addresses', () => {
  it('lists all networks, or one', () => {
    const h = harness();
    const id = h.create();
    const { addresses } = h.server(id);
    expect(h.get(`/servers/${id}/ips`)).toEqual({ addresses });
    expect(h.get(`/servers/${id}/ips/private`)).toEqual({ private: [{ version: 4, addr: '10.176.0.10' }] });
    expectFault(() => h.get(`/servers/${id}/ips/back`), 'itemNotFound');
  });

  it("speaks the guide's form of one network by a switch (2.2.2)", () => {
    const h = harness({ networkForm: 'network' });
    expect(h.get(`/servers/${h.create()}/ips/private`)).toEqual({
      network: { id: 'private', ip: [{ version: 4, addr: '10.176.0.10' }] },
    });
  });

  it('gives no address twice', () => {
    const h = harness({ absolute: {} });
    h.create({ min_count: 600 });
    const addresses = items(h.get('/servers/detail'), 'servers').map((server) => server['accessIPv4']);
    expect(addresses).toHaveLength(600);
    h.clock.tick(20_000);
    const ready = items(h.get('/servers/detail'), 'servers').flatMap((server) => [
      server['accessIPv4'],
      server['accessIPv6'],
    ]);
    expect(new Set(ready).size).toBe(1200);
  });
});
