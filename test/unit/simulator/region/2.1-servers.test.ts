import { describe, expect, it } from 'vitest';
import { BOOKMARK, expectFault, harness, items, names, SELF, TENANT } from './harness.ts';

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

describe('2.1.4 Update Server', () => {
  it('changes name and access addresses, and nothing else', () => {
    const h = harness();
    const id = h.active();
    const before = h.server(id);
    h.clock.tick(5000);
    const answer = h.ask('PUT', `/servers/${id}`, {
      server: { name: 'new', accessIPv4: '192.0.2.3', accessIPv6: '::babe:192.0.2.3', status: 'ERROR' },
    });
    expect(answer).toMatchObject({ status: 200, operation: 'updateServer' });
    expect(h.server(id)).toEqual({
      ...before,
      name: 'new',
      accessIPv4: '192.0.2.3',
      accessIPv6: '::babe:192.0.2.3',
      updated: '2026-01-01T00:00:25Z',
    });
    expect(answer.body).toEqual({ server: h.server(id) });
  });

  it('clears addresses that are given empty', () => {
    const h = harness();
    const id = h.active();
    h.ask('PUT', `/servers/${id}`, { server: { name: 'web', accessIPv4: '', accessIPv6: '' } });
    expect(h.server(id)).toMatchObject({ accessIPv4: '', accessIPv6: '' });
  });

  it('refuses wrong values, and a server that is being built', () => {
    const h = harness();
    const building = h.create();
    expect(
      expectFault(() => h.ask('PUT', `/servers/${building}`, { server: { name: 'x' } }), 'buildInProgress')
        .code,
    ).toBe(409);
    h.clock.tick(20_000);
    for (const server of [{ name: '' }, { name: 5 }, { accessIPv4: 'here' }, { accessIPv6: '1.2.3.4' }])
      expectFault(() => h.ask('PUT', `/servers/${building}`, { server }), 'badRequest');
    expectFault(() => h.ask('PUT', `/servers/${building}`, { name: 'x' }), 'badRequest');
    expect(h.server(building)['name']).toBe('web');
  });
});

describe('2.1.5 Delete Server', () => {
  it('answers 204, and the server is gone', () => {
    const h = harness();
    const id = h.create();
    expect(h.ask('DELETE', `/servers/${id}`)).toEqual({ status: 204, operation: 'deleteServer' });
    expect(h.get('/servers')).toEqual({ servers: [] });
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['GET', '/ips'],
      ['GET', '/metadata'],
    ] as const)
      expectFault(() => h.ask(method, `/servers/${id}${path}`), 'itemNotFound');
  });
});

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

describe('3.1 Bandwidth Stats Extension', () => {
  const stats = (h: ReturnType<typeof harness>, id: string) => items(h.server(id), 'rax-bandwidth:bandwidth');

  it('is empty at first, then grows with time from the beginning of the day', () => {
    const h = harness();
    const id = h.create();
    expect(stats(h, id)).toEqual([]);
    h.clock.tick(10 * 60_000 + 5000);
    const [before] = stats(h, id);
    expect(before).toMatchObject({
      interface: 'public',
      audit_period_start: '2026-01-01T00:00:00Z',
      audit_period_end: '2026-01-01T00:10:00Z',
    });
    h.clock.tick(10 * 60_000);
    const [after] = stats(h, id);
    expect(after?.['bandwidth_inbound']).toBe(2 * Number(before?.['bandwidth_inbound']));
    expect(after?.['bandwidth_outbound']).toBe(2 * Number(before?.['bandwidth_outbound']));
    h.clock.tick(24 * 3_600_000);
    expect(stats(h, id)[1]).toMatchObject({
      interface: 'private',
      audit_period_start: '2026-01-02T00:00:00Z',
      audit_period_end: '2026-01-02T00:20:00Z',
    });
  });
});
