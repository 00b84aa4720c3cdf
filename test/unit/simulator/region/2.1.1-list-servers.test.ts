import { describe, expect, it } from 'vitest';
import { BOOKMARK, expectFault, harness, items, names, SELF } from './harness.ts';

describe('2.1.1 List Servers', () => {
  it('lists ids, names and links, or everything, newest first', () => {
    const h = harness();
    const first = h.create({ name: 'first' });
    h.clock.tick(1000);
    const second = h.create({ name: 'second' });
    expect(h.get('/servers')).toEqual({
      servers: [second, first].map((id) => ({
        id,
        name: id === first ? 'first' : 'second',
        links: [
          { rel: 'self', href: `${SELF}/servers/${id}` },
          { rel: 'bookmark', href: `${BOOKMARK}/servers/${id}` },
        ],
      })),
    });
    expect(items(h.get('/servers/detail'), 'servers')).toEqual([h.server(second), h.server(first)]);
  });

  it('is an empty list where there is nothing', () => {
    expect(harness().get('/servers/detail')).toEqual({ servers: [] });
  });

  it('shows each tenant its own', () => {
    const h = harness();
    const mine = h.create({ name: 'mine' });
    h.create({ name: 'theirs' }, '999');
    expect(names(h.get('/servers'), 'servers')).toEqual(['mine']);
    expect(names(h.get('/servers', '999'), 'servers')).toEqual(['theirs']);
    for (const path of ['', '/ips', '/metadata', '/os-volume_attachments'])
      expectFault(() => h.get(`/servers/${mine}${path}`, '999'), 'itemNotFound');
    expectFault(() => h.ask('DELETE', `/servers/${mine}`, undefined, '999'), 'itemNotFound');
  });

  it('filters by image, flavor, name and status, all of them at once', () => {
    const h = harness();
    const centos = h.image('CentOS 6.3');
    h.active({ name: 'a', imageRef: centos });
    h.active({ name: 'b', flavorRef: '3' });
    h.create({ name: 'b' });
    const listed = (query: string) => names(h.get(`/servers?${query}`), 'servers');
    expect(listed(`image=${centos}`)).toEqual(['a']);
    expect(listed(`image=${encodeURIComponent(`${SELF}/images/${centos}`)}`)).toEqual(['a']);
    expect(listed('flavor=3')).toEqual(['b']);
    expect(listed('name=b')).toEqual(['b', 'b']);
    expect(listed('name=b&flavor=2')).toEqual(['b']);
    expect(listed('status=ACTIVE')).toEqual(['b', 'a']);
    expect(listed('status=build')).toEqual(['b']);
    expect(listed('status=DELETED')).toEqual([]);
    expect(listed('name=zzz')).toEqual([]);
    expectFault(() => listed('status=TIRED'), 'badRequest');
  });

  it('takes parameters that clients add without meaning', () => {
    const h = harness();
    h.create();
    expect(names(h.get('/servers?format=json&cacheid=1357&is_public=None'), 'servers')).toEqual(['web']);
  });
});
