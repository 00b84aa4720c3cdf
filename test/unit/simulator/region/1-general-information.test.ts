import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/json.ts';
import {
  expectFault,
  type Harness,
  harness,
  items,
  names,
  nextLink,
  object,
  SELF,
  TENANT,
} from './harness.ts';

const DAY_MS = 86_400_000;

/** All members of a collection, following next links, and how many pages that took. */
function walk(h: Harness, url: string, name: string): { members: JsonObject[]; pages: number } {
  const members: JsonObject[] = [];
  let pages = 0;
  for (let next: string | undefined = url; next !== undefined; pages++) {
    const document = h.get(next);
    members.push(...items(document, name));
    next = nextLink(document, name)?.slice(SELF.length);
  }
  return { members, pages };
}

describe('1.6 Paginated Collections', () => {
  it.each([
    ['/images?limit=7', 'images', 34, 5],
    ['/images/detail?limit=34', 'images', 34, 1],
    ['/images?type=BASE&limit=10', 'images', 34, 4],
    ['/flavors?limit=3', 'flavors', 7, 3],
    ['/flavors/detail?limit=1&minRam=4096', 'flavors', 4, 4],
  ])('pages through %s', (url, name, count, pages) => {
    const walked = walk(harness(), url, name);
    expect(walked.pages).toBe(pages);
    expect(new Set(walked.members.map((item) => item['id'])).size).toBe(count);
    expect(walked.members).toHaveLength(count);
  });

  it('keeps the page size and the filters in the next link, and only the marker changes', () => {
    const h = harness();
    const document = h.get('/images/detail?status=ACTIVE&limit=2&marker=&name=CentOS%206.3');
    expect(nextLink(document, 'images')).toBeUndefined();
    const page = h.get('/images/detail?status=ACTIVE&limit=2');
    const last = items(page, 'images')[1]?.['id'];
    expect(page['images_links']).toEqual([
      { rel: 'next', href: `${SELF}/images/detail?status=ACTIVE&limit=2&marker=${last}` },
    ]);
    const second = h.get(String(nextLink(page, 'images')).slice(SELF.length));
    expect(nextLink(second, 'images')).toMatch(/\?status=ACTIVE&limit=2&marker=(?!.*marker)/);
  });

  it('answers an empty page after the last item, and for limit 0', () => {
    const h = harness();
    const id = h.create();
    expect(h.get(`/servers?limit=1&marker=${id}`)).toEqual({ servers: [] });
    expect(h.get('/servers?limit=0')['servers']).toEqual([]);
  });

  it.each(['servers', 'images', 'flavors'])('refuses a bad marker or limit of %s', (name) => {
    const h = harness();
    expect(expectFault(() => h.get(`/${name}?marker=nope`), 'itemNotFound').code).toBe(404);
    for (const limit of ['abc', '-1', '1.5'])
      expectFault(() => h.get(`/${name}/detail?limit=${limit}`), 'badRequest');
    const fault = expectFault(() => h.get(`/${name}?limit=1001`), 'overLimit');
    expect([fault.code, fault.headers]).toEqual([413, {}]);
    expect(h.get(`/${name}?limit=1000`)).toHaveProperty(name);
  });

  it('goes on after a marker that was deleted meanwhile', () => {
    const h = harness();
    const ids = ['a', 'b', 'c'].map((name) => h.create({ name }));
    h.ask('DELETE', `/servers/${ids[1]}`);
    expect(names(h.get(`/servers?marker=${ids[1]}`), 'servers')).toEqual(['a']);
  });

  it('pages through base and own images in one order, newest first', () => {
    const h = harness();
    h.region.seed({
      images: [
        { name: 'between', tenantId: TENANT, created: '2012-07-01T00:00:00Z' },
        { name: 'newest', tenantId: TENANT },
        { name: 'oldest', tenantId: TENANT, created: '2001-01-01T00:00:00Z' },
      ],
    });
    const { members } = walk(h, '/images/detail?limit=3', 'images');
    const created = members.map((image) => String(image['created']));
    expect(members).toHaveLength(37);
    expect(created).toEqual([...created].sort().reverse());
    expect([members[0]?.['name'], members.at(-1)?.['name']]).toEqual(['newest', 'oldest']);
  });
});

describe('1.7 Efficient Polling with changes-since', () => {
  const since = (h: Harness, when: string, collection = 'servers') =>
    items(h.get(`/${collection}/detail?changes-since=${when}`), collection).map((item) => [
      item['name'],
      item['status'],
    ]);

  it('shows what changed, deleted servers included', () => {
    const h = harness();
    const id = h.create({ name: 'a' });
    h.clock.tick(60_000);
    h.create({ name: 'b' });
    expect(since(h, '2026-01-01T00:00:00Z')).toEqual([
      ['b', 'BUILD'],
      ['a', 'ACTIVE'],
    ]);
    expect(since(h, '2026-01-01T00:00:20Z')).toEqual([
      ['b', 'BUILD'],
      ['a', 'ACTIVE'],
    ]);
    expect(since(h, '2026-01-01T00:00:21Z')).toEqual([['b', 'BUILD']]);
    h.ask('DELETE', `/servers/${id}`);
    expect(since(h, '2026-01-01T00:00:21Z')).toEqual([
      ['b', 'BUILD'],
      ['a', 'DELETED'],
    ]);
    expect(since(h, '2026-01-01T00:00:21Z&status=DELETED')).toEqual([['a', 'DELETED']]);
    expect(since(h, '2026-01-01T00:02:00Z')).toEqual([]);
  });

  it('keeps deleted servers and images for 30 days', () => {
    const h = harness();
    const id = h.active({ name: 'a' });
    const location = String(h.action(id, { createImage: { name: 'i' } }).headers?.['location']);
    h.ask('DELETE', location.slice(SELF.length));
    h.ask('DELETE', `/servers/${id}`);
    h.clock.tick(30 * DAY_MS);
    expect(since(h, '2025-12-01T00:00:00Z')).toEqual([['a', 'DELETED']]);
    expect(since(h, '2025-12-01T00:00:00Z', 'images')).toEqual([['i', 'DELETED']]);
    h.clock.tick(DAY_MS);
    expect(since(h, '2025-12-01T00:00:00Z')).toEqual([]);
    expect(since(h, '2025-12-01T00:00:00Z', 'images')).toEqual([]);
  });

  it.each([
    ['2026-01-01T00:01Z', true],
    ['2026-01-01T00:01', true],
    ['2026-01-01T00:01:00', true],
    ['2026-01-01T00:01:00.000Z', true],
    ['2026-01-01T01:01:00%2B01:00', true],
    ['2026-01-01T01:01:00+01:00', true],
    ['2025-12-31T19:01:00-0500', true],
    ['2026-01-01T00:01:01Z', false],
    ['2025-12-31T20:01:01-04:00', false],
  ])('reads %s', (when, isShown) => {
    const h = harness({ buildSeconds: 60 });
    h.active();
    expect(since(h, when)).toEqual(isShown ? [['web', 'ACTIVE']] : []);
  });

  it.each(['yesterday', '2026-13-01T00:00:00Z', '1357000000', '2026-01-01'])('refuses %s', (when) => {
    expectFault(() => harness().get(`/servers?changes-since=${when}`), 'badRequest');
    expectFault(() => harness().get(`/images?changes-since=${when}`), 'badRequest');
  });
});

describe('1.8 Limits (absolute), 3.5 Used Limits Extension', () => {
  it('counts what the tenant uses', () => {
    const h = harness();
    h.create({ flavorRef: '4' });
    const id = h.create({ flavorRef: '3' });
    h.create({}, '999');
    expect(object(h.get('/limits')['limits'])).toMatchObject({
      rate: [],
      absolute: {
        maxTotalInstances: 100,
        maxTotalRAMSize: 66560,
        maxPersonality: 6,
        totalInstancesUsed: 2,
        totalRAMUsed: 3072,
        totalCoresUsed: 3,
      },
    });
    h.ask('DELETE', `/servers/${id}`);
    expect(h.region.absoluteLimits(TENANT)).toMatchObject({ totalInstancesUsed: 1, totalRAMUsed: 2048 });
  });

  it.each([
    [{ maxTotalInstances: 1 }, {}],
    [{ maxTotalRAMSize: 1000 }, {}],
    [{ maxTotalCores: 1 }, {}],
    [{ maxServerMeta: 1 }, { metadata: { a: '1', b: '2' } }],
    [{ maxPersonality: 0 }, { personality: [{ path: '/a', contents: '' }] }],
    [{ maxPersonalitySize: 2 }, { personality: [{ path: '/a', contents: 'YWJj' }] }],
  ] as const)('enforces %j with 413 and Retry-After: 0', (absolute, overrides) => {
    const h = harness({ absolute });
    h.create();
    const fault = expectFault(() => h.create(JSON.parse(JSON.stringify(overrides))), 'overLimit');
    expect([fault.code, fault.headers['retry-after']]).toEqual([413, '0']);
    expect(fault.message).toContain(Object.keys(absolute)[0]);
  });

  it('counts decoded bytes of personality, not letters (2.1.2.3)', () => {
    const h = harness({ absolute: { maxPersonalitySize: 3 } });
    h.create({ personality: [{ path: '/a', contents: 'YW\nJj' }] });
    expect(h.region.absoluteLimits(TENANT)['totalInstancesUsed']).toBe(1);
  });

  it('can differ by tenant, and -1 is no limit', () => {
    const h = harness({
      absolute: { maxTotalInstances: -1 },
      absoluteByTenant: { '999': { maxTotalInstances: 1 } },
    });
    h.create({ min_count: 150 });
    h.create({}, '999');
    expectFault(() => h.create({}, '999'), 'overLimit');
    expect(h.region.absoluteLimits('999')['maxTotalInstances']).toBe(1);
  });

  it('has room again once a server is gone', () => {
    const h = harness({ absolute: { maxTotalInstances: 1 } });
    const id = h.create();
    expectFault(() => h.create(), 'overLimit');
    h.ask('DELETE', `/servers/${id}`);
    h.create();
  });
});

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

describe('1.11 Faults', () => {
  it('answers 405 with Allow for a method that is not possible', () => {
    const fault = expectFault(() => harness().ask('DELETE', '/flavors'), 'badMethod');
    expect([fault.code, fault.headers]).toEqual([405, { allow: 'GET, HEAD' }]);
  });

  it('answers HEAD like GET, and doubled slashes like single ones', () => {
    const h = harness();
    expect(h.ask('HEAD', '/flavors').status).toBe(200);
    expect(h.get('//flavors//2')).toHaveProperty('flavor');
  });
});

describe('1.11.2 Asynchronous Faults', () => {
  it('puts a server in ERROR with the fault inside; it can be deleted', () => {
    const h = harness();
    const id = h.create();
    h.clock.tick(10_000);
    h.region.fail('server', id, 'No valid host was found.');
    h.clock.tick(60_000);
    expect(h.server(id)).toMatchObject({
      status: 'ERROR',
      progress: 50,
      'OS-EXT-STS:vm_state': 'error',
      'OS-EXT-STS:task_state': null,
      fault: { code: 500, created: '2026-01-01T00:00:10Z', message: 'No valid host was found.' },
      updated: '2026-01-01T00:00:10Z',
    });
    expectFault(() => h.action(id, { reboot: null }), 'conflictingRequest');
    expect(h.ask('DELETE', `/servers/${id}`).status).toBe(204);
    expect(h.region.absoluteLimits(TENANT)['totalInstancesUsed']).toBe(0);
  });

  it('takes a server in RESIZE back to ACTIVE with its old flavor (2.3.4)', () => {
    const h = harness();
    const id = h.active();
    h.action(id, { resize: { flavorRef: '5' } });
    h.region.fail('server', id, 'The target host went away.');
    expect(h.server(id)).toMatchObject({ status: 'ACTIVE', flavor: { id: '2' }, progress: 100 });
    expect(h.region.absoluteLimits(TENANT)['totalRAMUsed']).toBe(512);
  });

  it('puts an image in ERROR, and frees its server', () => {
    const h = harness({ imageSeconds: 10 });
    const id = h.active();
    const path = String(h.action(id, { createImage: { name: 'i' } }).headers?.['location']).slice(
      SELF.length,
    );
    h.clock.tick(4000);
    h.region.fail('image', path.slice('/images/'.length), 'The store is full.');
    expect(h.get(path)['image']).toMatchObject({
      status: 'ERROR',
      progress: 40,
      fault: { code: 500, message: 'The store is full.' },
    });
    expect(h.server(id)['OS-EXT-STS:task_state']).toBe(null);
    expect(names(h.get('/images?status=ERROR'), 'images')).toEqual(['i']);
    expect(h.ask('DELETE', path).status).toBe(204);
  });

  it('is refused for what there is not', () => {
    const h = harness();
    expectFault(() => h.region.fail('server', 'nobody', 'x'), 'itemNotFound');
    expectFault(() => h.region.fail('image', h.image('CentOS 6.3'), 'x'), 'itemNotFound');
  });
});
