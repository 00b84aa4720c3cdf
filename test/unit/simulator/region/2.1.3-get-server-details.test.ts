import { describe, expect, it } from 'vitest';
import { BOOKMARK, expectFault, harness, SELF, TENANT } from './harness.ts';

describe('2.1.3 Get Server Details', () => {
  it('has every field the guide and real clients know', () => {
    const h = harness();
    const image = h.image('Ubuntu 12.04 LTS (Precise Pangolin)');
    const id = h.create({ imageRef: image, flavorRef: '4', metadata: { a: 'b' } });
    h.clock.tick(120_000);
    expect(h.server(id)).toEqual({
      'OS-DCF:diskConfig': 'AUTO',
      'OS-EXT-STS:power_state': 1,
      'OS-EXT-STS:task_state': null,
      'OS-EXT-STS:vm_state': 'active',
      accessIPv4: '198.18.0.10',
      accessIPv6: '2001:db8:5:d0::1',
      addresses: {
        public: [
          { version: 4, addr: '198.18.0.10' },
          { version: 6, addr: '2001:db8:5:d0::1' },
        ],
        private: [{ version: 4, addr: '10.176.0.10' }],
      },
      config_drive: '',
      created: '2026-01-01T00:00:00Z',
      flavor: { id: '4', links: [{ rel: 'bookmark', href: `${BOOKMARK}/flavors/4` }] },
      hostId: expect.stringMatching(/^[0-9a-f]{56}$/),
      id,
      image: { id: image, links: [{ rel: 'bookmark', href: `${BOOKMARK}/images/${image}` }] },
      key_name: null,
      links: [
        { rel: 'self', href: `${SELF}/servers/${id}` },
        { rel: 'bookmark', href: `${BOOKMARK}/servers/${id}` },
      ],
      metadata: { a: 'b' },
      name: 'web',
      progress: 100,
      'rax-bandwidth:bandwidth': [expect.anything(), expect.anything()],
      status: 'ACTIVE',
      tenant_id: TENANT,
      updated: '2026-01-01T00:00:20Z',
      user_id: 'u-31',
    });
  });

  it('has no access addresses, but addresses, before the server is ready', () => {
    const h = harness();
    const server = h.server(h.create());
    expect(server).toMatchObject({ accessIPv4: '', accessIPv6: '' });
    expect(Object.keys(Object(server['addresses']))).toEqual(['public', 'private']);
  });

  it('spreads the servers of an account over hosts', () => {
    const h = harness();
    const hosts = [1, 2, 3].map(() => h.server(h.create())['hostId']);
    expect(new Set(hosts).size).toBe(3);
  });

  it('is a 404 for what there is not, names and blanks included', () => {
    const h = harness();
    expect(expectFault(() => h.get('/servers/my%20server'), 'itemNotFound').code).toBe(404);
  });
});
