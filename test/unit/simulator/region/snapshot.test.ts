import { describe, expect, it } from 'vitest';
import { type Harness, harness, items, names, SELF, TENANT } from './harness.ts';

/** A second region that was restored from the first, on the same clock. */
function restarted(h: Harness): Harness {
  const other = harness(h.settings, h.clock);
  other.region.restore(JSON.parse(JSON.stringify(h.region.snapshot())));
  return other;
}

const everything = (h: Harness) => [
  h.get('/servers/detail'),
  h.get('/servers/detail?changes-since=2000-01-01T00:00:00Z'),
  h.get('/images/detail'),
  h.get('/flavors/detail'),
  h.get('/os-networksv2'),
  h.get('/limits'),
  h.get('/servers/detail', '999'),
];

describe('snapshot and restore', () => {
  it('bring everything back, and what was under way goes on', () => {
    const h = harness();
    const id = h.active({ metadata: { a: 'b' } });
    h.ask('POST', `/servers/${id}/os-volume_attachments`, { volumeAttachment: { volumeId: 'v' } });
    h.action(id, { createImage: { name: 'i' } });
    h.ask('DELETE', `/servers/${h.create({ name: 'gone' })}`);
    h.create({ name: 'theirs' }, '999');
    const resizing = h.create({ name: 'resizing' });
    h.clock.tick(20_000);
    h.action(resizing, { resize: { flavorRef: '4' } });
    const other = restarted(h);
    expect(everything(other)).toEqual(everything(h));
    for (const seconds of [4, 4, 15, 25 * 3600]) {
      h.clock.tick(seconds * 1000);
      expect(everything(other)).toEqual(everything(h));
    }
    expect(other.server(resizing)).toMatchObject({ status: 'ACTIVE', flavor: { id: '4' } });
    expect(() =>
      other.ask('POST', `/servers/${resizing}/os-volume_attachments`, {
        volumeAttachment: { volumeId: 'v' },
      }),
    ).toThrow('detach it first');
  });

  it('never give the same id or address again', () => {
    const h = harness();
    const first = h.server(h.create());
    const other = restarted(h);
    const second = other.server(other.create());
    expect(second['id']).not.toBe(first['id']);
    expect(second['addresses']).not.toEqual(first['addresses']);
    expect(second['id']).toBe(h.server(h.create())['id']);
  });

  it('share nothing with the region they were made of', () => {
    const h = harness();
    const id = h.active();
    const saved = h.region.snapshot();
    const text = JSON.stringify(saved);
    h.ask('PUT', `/servers/${id}/metadata`, { metadata: { later: '1' } });
    expect(JSON.stringify(saved)).toBe(text);
    const other = harness(h.settings, h.clock);
    other.region.restore(saved);
    other.ask('DELETE', `/servers/${id}`);
    expect(JSON.stringify(saved)).toBe(text);
  });

  it.each([null, {}, [], { form: 2 }, { form: 1, random: [] }])('refuse %j', (value) => {
    expect(() => harness().region.restore(value)).toThrow('no saved state');
  });
});

describe('seed', () => {
  it('plants servers at rest, whatever the quota', () => {
    const h = harness({ absolute: { maxTotalInstances: 1 } });
    h.region.seed({
      servers: [
        { tenantId: TENANT, name: 'web', count: 3, flavor: '4', image: 'CentOS 6.3', metadata: { a: '1' } },
        { tenantId: TENANT, name: 'old', status: 'SHUTOFF', created: '2025-06-01T00:00:00Z' },
      ],
    });
    expect(names(h.get('/servers'), 'servers')).toEqual(['web-3', 'web-2', 'web-1', 'old']);
    const [web] = items(h.get('/servers/detail'), 'servers');
    expect(web).toMatchObject({
      status: 'ACTIVE',
      progress: 100,
      accessIPv4: expect.stringContaining('198.18.'),
      flavor: { id: '4' },
      image: { id: h.image('CentOS 6.3') },
    });
    expect(items(h.get('/servers/detail'), 'servers')[3]).toMatchObject({
      status: 'SHUTOFF',
      created: '2025-06-01T00:00:00Z',
    });
    expect(h.region.absoluteLimits(TENANT)).toMatchObject({ totalInstancesUsed: 4 });
  });

  it('plants images of all and of one tenant', () => {
    const h = harness();
    h.region.seed({
      images: [
        { name: 'all', id: 'i-1' },
        { name: 'one', id: 'i-2', tenantId: TENANT },
      ],
    });
    expect(h.get('/images/i-1', '999')['image']).toMatchObject({ links: [{ rel: 'self' }, {}, {}] });
    expect(h.get('/images/i-2')['image']).toMatchObject({ links: [{ href: `${SELF}/images/i-2` }, {}, {}] });
    expect(() => h.get('/images/i-2', '999')).toThrow('no image i-2');
  });

  it('ends a seeded resize and rescue by themselves', () => {
    const h = harness();
    h.region.seed({
      servers: [
        { tenantId: TENANT, name: 'a', status: 'VERIFY_RESIZE', created: '2025-01-01T00:00:00Z' },
        { tenantId: TENANT, name: 'b', status: 'RESCUE', created: '2025-01-01T00:00:00Z' },
      ],
    });
    expect(items(h.get('/servers/detail'), 'servers').map((item) => item['status'])).toEqual([
      'RESCUE',
      'VERIFY_RESIZE',
    ]);
    h.clock.tick(25 * 3_600_000);
    expect(names(h.get('/servers?status=ACTIVE'), 'servers')).toEqual(['b', 'a']);
  });

  it.each([
    [{ servers: [{ tenantId: 't', name: 'x', image: 'none' }] }],
    [{ servers: [{ tenantId: 't', name: 'x', flavor: 'none' }] }],
    [{ servers: [{ tenantId: 't', name: 'x', created: 'someday' }] }],
  ])('refuses %j', (seed) => {
    expect(() => harness().region.seed(seed)).toThrow("seed's");
  });
});

describe('scale', () => {
  it('pages through 10,000 servers in order, each exactly once, while they change', () => {
    const h = harness({ absolute: {} });
    const COUNT = 10_000;
    h.region.seed({
      servers: [
        { tenantId: TENANT, name: 's', count: COUNT / 2, created: '2025-01-01T00:00:00Z' },
        { tenantId: TENANT, name: 't', count: COUNT / 2 },
        { tenantId: '999', name: 'other', count: 100 },
      ],
    });
    const seen: string[] = [];
    let marker = '';
    for (let page = 0; page < 20; page++) {
      const members = items(h.get(`/servers/detail?limit=1000&marker=${marker}`), 'servers');
      if (members.length === 0) break;
      seen.push(...members.map((server) => String(server['name'])));
      marker = String(members.at(-1)?.['id']);
      // A build begins and a page's last server is deleted between two pages: neither moves the others.
      h.create({ name: 'new' });
      h.ask('DELETE', `/servers/${marker}`);
    }
    const expected = ['t', 's'].flatMap((letter) =>
      Array.from({ length: COUNT / 2 }, (_, index) => `${letter}-${COUNT / 2 - index}`),
    );
    expect(seen).toEqual(expected);
    expect(h.region.absoluteLimits(TENANT)['totalInstancesUsed']).toBe(COUNT);
  });
});
