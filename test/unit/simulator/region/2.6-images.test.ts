import { describe, expect, it } from 'vitest';
import { BOOKMARK, expectFault, harness, items, names, SELF, TENANT } from './harness.ts';

describe('2.6 Images', () => {
  it('show everything the guide promises', () => {
    const h = harness();
    const id = h.image('CentOS 6.0');
    const mark = `${BOOKMARK}/images/${id}`;
    expect(h.get(`/images/${id}`)).toEqual({
      image: {
        'OS-DCF:diskConfig': 'AUTO',
        created: '2012-10-13T16:53:56Z',
        id,
        links: [
          { rel: 'self', href: `${SELF}/images/${id}` },
          { rel: 'bookmark', href: mark },
          { rel: 'alternate', href: mark, type: 'application/vnd.openstack.image' },
        ],
        metadata: {
          arch: 'x86-64',
          auto_disk_config: 'True',
          image_type: 'base',
          os_distro: 'centos',
          os_type: 'linux',
          os_version: '6.0',
        },
        minDisk: 10,
        minRam: 256,
        name: 'CentOS 6.0',
        progress: 100,
        status: 'ACTIVE',
        updated: '2012-10-13T16:54:56Z',
      },
    });
    expectFault(() => h.get('/images/nope'), 'itemNotFound');
  });

  it('filter by server, name, status and type', () => {
    const h = harness();
    const id = h.active();
    h.action(id, { createImage: { name: 'mine' } });
    const listed = (query: string) => names(h.get(`/images?${query}`), 'images');
    expect(listed('type=SNAPSHOT')).toEqual(['mine']);
    expect(listed('type=base')).toHaveLength(34);
    expect(listed(`server=${id}`)).toEqual(['mine']);
    expect(listed(`server=${SELF}/servers/${id}`)).toEqual(['mine']);
    expect(listed('server=other')).toEqual([]);
    expect(listed('name=CentOS%206.3')).toEqual(['CentOS 6.3']);
    expect(listed('status=SAVING')).toEqual(['mine']);
    h.clock.tick(15_000);
    expect(listed('status=saving')).toEqual([]);
    expect(listed('status=ACTIVE')).toHaveLength(35);
    expectFault(() => listed('type=SERVER'), 'badRequest');
    expectFault(() => listed('status=LOST'), 'badRequest');
  });

  it('of its own a tenant can delete; base images and those of others it cannot', () => {
    const h = harness();
    const location = String(h.action(h.active(), { createImage: { name: 'mine' } }).headers?.['location']);
    const path = location.slice(SELF.length);
    expect(expectFault(() => h.ask('DELETE', `/images/${h.image('CentOS 6.3')}`), 'forbidden').code).toBe(
      403,
    );
    expectFault(() => h.ask('DELETE', path, undefined, '999'), 'itemNotFound');
    expect(h.ask('DELETE', path)).toEqual({ status: 204, operation: 'deleteImage' });
    expectFault(() => h.get(path), 'itemNotFound');
    expectFault(() => h.ask('DELETE', path), 'itemNotFound');
    expect(names(h.get('/images'), 'images')).not.toContain('mine');
  });

  it('stay named by their servers when they are gone, but cannot be used again', () => {
    const h = harness();
    const location = String(h.action(h.active(), { createImage: { name: 'mine' } }).headers?.['location']);
    h.clock.tick(15_000);
    const copy = h.active({ imageRef: location });
    h.ask('DELETE', location.slice(SELF.length));
    expect(h.server(copy)['image']).toMatchObject({ id: location.split('/').at(-1) });
    expectFault(() => h.action(copy, { rebuild: { imageRef: location } }), 'itemNotFound');
  });

  it('can be seeded, a thousand of them', () => {
    const h = harness();
    h.region.seed({
      images: Array.from({ length: 1000 }, (_, index) => ({ name: `i-${index}`, tenantId: TENANT })),
    });
    expect(items(h.get('/images/detail'), 'images')).toHaveLength(1000);
    expect(items(h.get('/images/detail?type=SNAPSHOT'), 'images')).toHaveLength(1000);
    expect(items(h.get('/images/detail', '999'), 'images')).toHaveLength(34);
  });
});
