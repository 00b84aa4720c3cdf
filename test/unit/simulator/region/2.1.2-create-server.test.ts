import { describe, expect, it } from 'vitest';
import { BOOKMARK, expectFault, harness, items, names, object, SELF } from './harness.ts';

describe('2.1.2 Create Server', () => {
  it('answers 202 with id, links, password and Location, and the server is there at once', () => {
    const h = harness();
    const answer = h.ask('POST', '/servers', {
      server: { name: 'db-1', imageRef: h.image('CentOS 6.3'), flavorRef: '3', metadata: { role: 'db' } },
    });
    const created = object(object(answer.body)['server']);
    const id = String(created['id']);
    expect(answer).toMatchObject({ status: 202, operation: 'createServer' });
    expect(answer.headers).toEqual({ location: `${SELF}/servers/${id}` });
    expect(created).toEqual({
      'OS-DCF:diskConfig': 'AUTO',
      id,
      adminPass: expect.stringMatching(/^[A-Za-z0-9]{12}$/),
      links: [
        { rel: 'self', href: `${SELF}/servers/${id}` },
        { rel: 'bookmark', href: `${BOOKMARK}/servers/${id}` },
      ],
    });
    expect(h.server(id)).toMatchObject({ name: 'db-1', status: 'BUILD', metadata: { role: 'db' } });
  });

  it('goes from BUILD to ACTIVE, progress and tasks on the way', () => {
    const h = harness({ buildSeconds: 80 });
    const id = h.create();
    const seen = [0, 11, 21, 31, 79, 80].map((second) => {
      h.clock.tick(Date.parse('2026-01-01T00:00:00Z') + second * 1000 - h.clock.now());
      const server = h.server(id);
      return [
        server['status'],
        server['OS-EXT-STS:task_state'],
        server['progress'],
        server['accessIPv4'] !== '',
      ];
    });
    expect(seen).toEqual([
      ['BUILD', 'scheduling', 0, false],
      ['BUILD', 'networking', 13, false],
      ['BUILD', 'block_device_mapping', 26, false],
      ['BUILD', 'spawning', 38, false],
      ['BUILD', 'spawning', 98, false],
      ['ACTIVE', null, 100, true],
    ]);
    expect(h.server(id)['updated']).toBe('2026-01-01T00:01:20Z');
  });

  it('takes ids, numbers and full links as references', () => {
    const h = harness();
    const image = h.image('Debian 6 (Squeeze)');
    const id = h.create({ imageRef: `${SELF}/images/${image}`, flavorRef: `${BOOKMARK}/flavors/4/` });
    expect(h.server(id)).toMatchObject({ image: { id: image }, flavor: { id: '4' } });
    expect(h.server(h.create({ flavorRef: 3 }))).toMatchObject({ flavor: { id: '3' } });
  });

  it('tolerates what real clients send', () => {
    const h = harness();
    h.create({ metadata: {}, personality: [] });
    h.create({ personality: null, security_groups: [] });
    h.create({
      minCount: 1,
      maxCount: 1,
      networks: [
        { uuid: '00000000-0000-0000-0000-000000000000' },
        { uuid: '11111111-1111-1111-1111-111111111111' },
      ],
    });
    expect(names(h.get('/servers'), 'servers')).toHaveLength(3);
  });

  it('keeps a given password, access addresses and disk configuration', () => {
    const h = harness();
    const server = {
      name: 'web',
      imageRef: h.image('Debian 6 (Squeeze)'),
      flavorRef: '2',
      adminPass: 'Own-Pass-9',
      accessIPv4: '192.0.2.7',
      'OS-DCF:diskConfig': 'MANUAL',
    };
    const created = object(object(h.ask('POST', '/servers', { server }).body)['server']);
    expect(created['adminPass']).toBe('Own-Pass-9');
    h.clock.tick(20_000);
    expect(h.server(String(created['id']))).toMatchObject({
      accessIPv4: '192.0.2.7',
      accessIPv6: expect.stringContaining('2001:db8:'),
      'OS-DCF:diskConfig': 'MANUAL',
    });
  });

  it('inherits the disk configuration of the image (3.2)', () => {
    const h = harness();
    const id = h.create({ imageRef: h.image('FreeBSD 9') });
    expect(h.server(id)['OS-DCF:diskConfig']).toBe('MANUAL');
  });

  it('attaches to the named networks only', () => {
    const h = harness();
    h.region.seed({
      networks: [{ id: 'ad0c44d0-1e6f-4a33-9b0f-3f8a6d1a0b5e', label: 'back', cidr: '192.168.7.0/24' }],
    });
    const id = h.create({ networks: [{ uuid: 'ad0c44d0-1e6f-4a33-9b0f-3f8a6d1a0b5e' }] });
    expect(h.server(id)['addresses']).toEqual({ back: [{ version: 4, addr: '192.168.7.10' }] });
    expectFault(() => h.create({ networks: [{ uuid: 'nowhere' }] }), 'badRequest');
    expectFault(() => h.create({ networks: 'public' }), 'badRequest');
    h.region.seed({ networks: [{ id: 'n-9', label: 'theirs', cidr: '10.0.0.0/24', tenantId: '999' }] });
    expectFault(() => h.create({ networks: [{ uuid: 'n-9' }] }), 'badRequest');
  });

  it('creates min_count to max_count servers, as many as the quota has room for', () => {
    const h = harness({ absolute: { maxTotalInstances: 5 } });
    h.create({ min_count: 2, max_count: 3 });
    expect(names(h.get('/servers'), 'servers')).toEqual(['web-3', 'web-2', 'web-1']);
    h.create({ minCount: '1', maxCount: '9' });
    expect(names(h.get('/servers'), 'servers')).toHaveLength(5);
    expectFault(() => h.create({ min_count: 3, max_count: 2 }), 'badRequest');
    expectFault(() => h.create({ min_count: 0 }), 'badRequest');
    expect(expectFault(() => h.create(), 'overLimit').headers).toEqual({ 'retry-after': '0' });
  });

  it('answers a reservation when asked for one', () => {
    const h = harness();
    const server = {
      name: 'w',
      imageRef: h.image('CentOS 6.3'),
      flavorRef: '2',
      return_reservation_id: true,
    };
    const answer = h.ask('POST', '/servers', { server });
    expect(answer.body).toEqual({ reservation_id: expect.stringMatching(/^r-[0-9a-f]{8}$/) });
  });

  it.each([
    ['no body', undefined, 'badRequest'],
    ['no server in it', { name: 'x' }, 'badRequest'],
    ['no name', { server: { name: '  ' } }, 'badRequest'],
    ['a name too long', { server: { name: 'n'.repeat(256) } }, 'badRequest'],
    ['no image', { server: { name: 'x', flavorRef: '2' } }, 'badRequest'],
    ['an unknown image', { server: { name: 'x', flavorRef: '2', imageRef: 'nope' } }, 'itemNotFound'],
  ] as const)('refuses %s', (_, body, fault) => {
    const h = harness();
    expectFault(() => h.ask('POST', '/servers', body), fault);
  });

  it.each([
    ['an unknown flavor', { flavorRef: '99' }, 'itemNotFound'],
    ['a wrong disk configuration', { 'OS-DCF:diskConfig': 'auto' }, 'badRequest'],
    ['a wrong address', { accessIPv4: '300.1.1.1' }, 'badRequest'],
    ['metadata that is no object', { metadata: ['a'] }, 'badRequest'],
    ['a metadata value that is no text', { metadata: { a: null } }, 'badRequest'],
    ['a metadata value above 255 bytes', { metadata: { a: 'é'.repeat(128) } }, 'overLimit'],
    ['a metadata key above 255 bytes', { metadata: { ['k'.repeat(256)]: 'v' } }, 'overLimit'],
    ['a file without contents', { personality: [{ path: '/etc/motd' }] }, 'badRequest'],
    ['contents that are not base64', { personality: [{ path: '/a', contents: '%%' }] }, 'badRequest'],
    ['a path above 255 bytes', { personality: [{ path: `/${'p'.repeat(255)}`, contents: '' }] }, 'overLimit'],
  ] as const)('refuses %s', (_, overrides, fault) => {
    const h = harness();
    expectFault(() => h.create(JSON.parse(JSON.stringify(overrides))), fault);
    expect(items(h.get('/servers'), 'servers')).toEqual([]);
  });

  it('refuses an image that is too large for the flavor, or not ACTIVE', () => {
    const h = harness();
    expectFault(() => h.create({ imageRef: h.image('Windows Server 2012') }), 'badRequest');
    const id = h.active();
    const location = h.action(id, { createImage: { name: 'fresh' } }).headers?.['location'];
    expectFault(() => h.create({ imageRef: String(location) }), 'badRequest');
  });

  it('has no capacity while the region is scarce', () => {
    const h = harness({ scarcity: true });
    expect(expectFault(() => h.create(), 'serverCapacityUnavailable').code).toBe(503);
  });

  it('makes the same ids, passwords and addresses from the same seed', () => {
    const made = [7, 7, 8].map((seed) => {
      const h = harness({ seed });
      return { ...h.server(h.create()) };
    });
    expect(made[0]).toEqual(made[1]);
    expect(made[2]!['id']).not.toBe(made[0]!['id']);
  });
});
