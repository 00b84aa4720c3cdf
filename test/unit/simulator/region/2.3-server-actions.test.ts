import { describe, expect, it } from 'vitest';
import { BOOKMARK, expectFault, harness, items, object, SELF } from './harness.ts';

const HOUR_MS = 3_600_000;

describe('2.3 Server Actions', () => {
  it.each([undefined, {}, [], 'reboot', { reboot: {}, resize: {} }])('refuse the body %j', (body) => {
    const h = harness();
    expectFault(() => h.ask('POST', `/servers/${h.active()}/action`, body), 'badRequest');
  });

  it('answer 501 for an action there is not (1.10.3), and 404 for a server there is not', () => {
    const h = harness();
    expect(expectFault(() => h.action(h.active(), { evacuate: null }), 'notImplemented').code).toBe(501);
    expectFault(() => h.action('nobody', { reboot: null }), 'itemNotFound');
  });

  it('are refused by a server of another tenant', () => {
    const h = harness();
    const id = h.active();
    expectFault(() => h.ask('POST', `/servers/${id}/action`, { reboot: null }, '999'), 'itemNotFound');
  });
});

describe('2.3.1 Change Administrator Password', () => {
  it('needs adminPass', () => {
    const h = harness();
    const id = h.active();
    for (const change of [null, {}, { adminPass: '' }, { adminPass: 5 }])
      expectFault(() => h.action(id, { changePassword: change }), 'badRequest');
    expect(h.server(id)['status']).toBe('ACTIVE');
  });

  it('ends in ERROR when the password is too simple, and the next one heals it (2.1.2.1)', () => {
    const h = harness({ minPasswordLength: 8, actionSeconds: 4 });
    const id = h.create({ adminPass: 'short' });
    expect(h.server(id)['status']).toBe('BUILD');
    h.clock.tick(20_000);
    expect(h.server(id)).toMatchObject({
      status: 'ERROR',
      fault: { code: 500, created: '2026-01-01T00:00:20Z', message: expect.stringContaining('too simple') },
    });
    h.action(id, { changePassword: { adminPass: 'long-enough' } });
    expect(h.server(id)['status']).toBe('PASSWORD');
    h.clock.tick(4000);
    expect(h.server(id)['status']).toBe('ACTIVE');
    expect(h.server(id)).not.toHaveProperty('fault');
    h.action(id, { changePassword: { adminPass: 'x' } });
    h.clock.tick(4000);
    expect(h.server(id)['status']).toBe('ERROR');
  });
});

describe('2.3.2 Reboot Server', () => {
  it.each([
    [null, 'REBOOT'],
    [{}, 'REBOOT'],
    [{ type: 'SOFT' }, 'REBOOT'],
    [{ type: 'soft' }, 'REBOOT'],
    [{ type: 'HARD' }, 'HARD_REBOOT'],
  ])('with %j goes through %s', (reboot, status) => {
    const h = harness();
    const id = h.active();
    expect(h.action(id, { reboot })).toEqual({ status: 202, operation: 'reboot' });
    expect(h.server(id)['status']).toBe(status);
    h.clock.tick(8000);
    expect(h.server(id)['status']).toBe('ACTIVE');
  });

  it('refuses another type', () => {
    const h = harness();
    expectFault(() => h.action(h.active(), { reboot: { type: 'WARM' } }), 'badRequest');
  });
});

describe('2.3.3 Rebuild Server', () => {
  it('answers 202 with the server, its password and Location; what is not given stays', () => {
    const h = harness();
    const id = h.active({ metadata: { keep: 'me' }, accessIPv4: '192.0.2.9' });
    const before = h.server(id);
    const image = h.image('CentOS 6.3');
    const answer = h.action(id, { rebuild: { imageRef: image, adminPass: 'Given-1', flavorRef: '8' } });
    expect(answer).toMatchObject({ status: 202, headers: { location: `${SELF}/servers/${id}` } });
    expect(object(answer.body)['server']).toEqual({
      ...before,
      adminPass: 'Given-1',
      image: { id: image, links: [{ rel: 'bookmark', href: `${BOOKMARK}/images/${image}` }] },
      status: 'REBUILD',
      progress: 0,
      'OS-EXT-STS:task_state': 'rebuilding',
      'OS-EXT-STS:power_state': 0,
      updated: '2026-01-01T00:00:20Z',
    });
    h.clock.tick(10_000);
    expect(h.server(id)).toMatchObject({ status: 'REBUILD', progress: 50 });
    h.clock.tick(10_000);
    expect(h.server(id)).toMatchObject({ status: 'ACTIVE', progress: 100, addresses: before['addresses'] });
    expect(h.server(id)).not.toHaveProperty('adminPass');
  });

  it('replaces what is given', () => {
    const h = harness();
    const id = h.active({ metadata: { old: '1' } });
    const rebuild = {
      imageRef: `${SELF}/images/${h.image('CentOS 6.3')}`,
      name: 'renamed',
      metadata: { new: '2' },
      accessIPv6: '2001:db8::77',
      'OS-DCF:diskConfig': 'MANUAL',
      personality: [{ path: '/etc/motd', contents: 'aGVsbG8=' }],
    };
    const server = object(object(h.action(id, { rebuild }).body)['server']);
    expect(server).toMatchObject({
      name: 'renamed',
      metadata: { new: '2' },
      accessIPv6: '2001:db8::77',
      'OS-DCF:diskConfig': 'MANUAL',
      adminPass: expect.stringMatching(/^\w{12}$/),
    });
  });

  it.each([
    [{}, 'badRequest'],
    [{ imageRef: 'nope' }, 'itemNotFound'],
    [{ imageRef: 'WINDOWS' }, 'badRequest'],
    [{ imageRef: 'CENTOS', name: '' }, 'badRequest'],
    [{ imageRef: 'CENTOS', 'OS-DCF:diskConfig': 'manual' }, 'badRequest'],
    [{ imageRef: 'CENTOS', metadata: 'x' }, 'badRequest'],
    [{ imageRef: 'CENTOS', personality: Array(7).fill({ path: '/a', contents: '' }) }, 'overLimit'],
  ] as const)('refuses %j and leaves the server alone', (given, fault) => {
    const h = harness();
    const id = h.active();
    const before = h.server(id);
    const text = JSON.stringify(given)
      .replace('WINDOWS', h.image('Windows Server 2012'))
      .replace('CENTOS', h.image('CentOS 6.3'));
    expectFault(() => h.action(id, { rebuild: JSON.parse(text) }), fault);
    expect(h.server(id)).toEqual(before);
  });
});

describe('2.3.4-2.3.6 Resize, Confirm, Revert', () => {
  const resized = (settings = {}) => {
    const h = harness(settings);
    const id = h.active();
    h.action(id, { resize: { flavorRef: '4' } });
    h.clock.tick(8000);
    return { h, id };
  };

  it('has the old flavor until VERIFY_RESIZE, then the new one', () => {
    const h = harness({ actionSeconds: 50 });
    const id = h.active();
    expect(h.action(id, { resize: { flavorRef: `${SELF}/flavors/4` } }).status).toBe(202);
    const seen = [0, 10, 20, 10, 10].map((seconds) => {
      h.clock.tick(seconds * 1000);
      const server = h.server(id);
      return [
        server['status'],
        server['OS-EXT-STS:task_state'],
        server['progress'],
        object(server['flavor'])['id'],
      ];
    });
    expect(seen).toEqual([
      ['RESIZE', 'resize_prep', 0, '2'],
      ['RESIZE', 'resize_migrating', 20, '2'],
      ['RESIZE', 'resize_migrated', 60, '2'],
      ['RESIZE', 'resize_finish', 80, '2'],
      ['VERIFY_RESIZE', null, 100, '4'],
    ]);
  });

  it('is confirmed with 204', () => {
    const { h, id } = resized();
    expect(h.action(id, { confirmResize: null })).toEqual({ status: 204, operation: 'confirmResize' });
    h.clock.tick(8000);
    expect(h.server(id)).toMatchObject({ status: 'ACTIVE', flavor: { id: '4' } });
    h.clock.tick(25 * HOUR_MS);
    expect(h.server(id)['updated']).toBe('2026-01-01T00:00:36Z');
  });

  it('is reverted with 202', () => {
    const { h, id } = resized();
    expect(h.action(id, { revertResize: null }).status).toBe(202);
    expect(h.server(id)['status']).toBe('REVERT_RESIZE');
    h.clock.tick(8000);
    expect(h.server(id)).toMatchObject({ status: 'ACTIVE', flavor: { id: '2' } });
  });

  it('is confirmed by itself after 24 hours, not before', () => {
    const { h, id } = resized();
    h.clock.tick(24 * HOUR_MS - 1000);
    expect(h.server(id)['status']).toBe('VERIFY_RESIZE');
    h.clock.tick(1000);
    expect(h.server(id)['OS-EXT-STS:task_state']).toBe('resize_confirming');
    h.clock.tick(8000);
    expect(h.server(id)).toMatchObject({
      status: 'ACTIVE',
      flavor: { id: '4' },
      updated: '2026-01-02T00:00:36Z',
    });
  });

  it('is confirmed by itself even when nobody looked for days', () => {
    const { h, id } = resized();
    h.clock.tick(72 * HOUR_MS);
    expect(h.server(id)).toMatchObject({ status: 'ACTIVE', updated: '2026-01-02T00:00:36Z' });
  });

  it('refuses the flavor it has, one there is not, and a smaller disk under MANUAL (3.2)', () => {
    const h = harness();
    const id = h.active({ 'OS-DCF:diskConfig': 'MANUAL', flavorRef: '3' });
    expect(expectFault(() => h.action(id, { resize: { flavorRef: '3' } }), 'resizeNotAllowed').code).toBe(
      403,
    );
    expectFault(() => h.action(id, { resize: { flavorRef: '2' } }), 'resizeNotAllowed');
    expectFault(() => h.action(id, { resize: { flavorRef: '77' } }), 'itemNotFound');
    expectFault(() => h.action(id, { resize: {} }), 'badRequest');
    expect(h.action(id, { resize: { flavorRef: '4' } }).status).toBe(202);
  });

  it('takes the disk configuration along (3.2.4), or keeps it', () => {
    const h = harness();
    const id = h.active();
    h.action(id, { resize: { flavorRef: '3', 'OS-DCF:diskConfig': 'MANUAL' } });
    expect(h.server(id)['OS-DCF:diskConfig']).toBe('MANUAL');
  });

  it('needs room in the quota and in the region', () => {
    const h = harness({ absolute: { maxTotalRAMSize: 1024 } });
    const id = h.active();
    expect(expectFault(() => h.action(id, { resize: { flavorRef: '4' } }), 'overLimit').headers).toEqual({
      'retry-after': '0',
    });
    h.action(id, { resize: { flavorRef: '3' } });
    expect(h.region.absoluteLimits('710042')).toMatchObject({ totalRAMUsed: 1024 });
    h.clock.tick(8000);
    h.action(id, { revertResize: null });
    expect(h.region.absoluteLimits('710042')).toMatchObject({ totalRAMUsed: 512, totalCoresUsed: 1 });
    h.clock.tick(8000);
    h.settings.scarcity = true;
    expectFault(() => h.action(id, { resize: { flavorRef: '3' } }), 'serverCapacityUnavailable');
  });
});

describe('2.3.7-2.3.8 Rescue, Unrescue', () => {
  it.each([[null], ['none'], [{}]])('rescue with %j answers 200 with a password', (rescue) => {
    const h = harness();
    const id = h.active();
    const answer = h.action(id, { rescue });
    expect(answer).toEqual({
      status: 200,
      operation: 'rescue',
      body: { adminPass: expect.stringMatching(/^\w{12}$/) },
    });
    expect(h.server(id)).toMatchObject({ status: 'PREP_RESCUE', 'OS-EXT-STS:task_state': 'rescuing' });
    h.clock.tick(8000);
    expect(h.server(id)).toMatchObject({ status: 'RESCUE', 'OS-EXT-STS:vm_state': 'rescued' });
    expect(h.action(id, { unrescue: null })).toEqual({ status: 202, operation: 'unrescue' });
    h.clock.tick(8000);
    expect(h.server(id)['status']).toBe('ACTIVE');
  });

  it('takes a password for the rescue', () => {
    const h = harness();
    expect(h.action(h.active(), { rescue: { adminPass: 'mine' } }).body).toEqual({ adminPass: 'mine' });
  });

  it('ends by itself after 90 minutes, a reboot in between notwithstanding', () => {
    const h = harness();
    const id = h.active();
    h.action(id, { rescue: null });
    h.clock.tick(8000 + HOUR_MS);
    h.action(id, { reboot: { type: 'SOFT' } });
    expect(h.server(id)).toMatchObject({ status: 'RESCUE', 'OS-EXT-STS:task_state': 'rebooting' });
    h.clock.tick(HOUR_MS / 2 - 1000);
    expect(h.server(id)['status']).toBe('RESCUE');
    h.clock.tick(1000);
    expect(h.server(id)['status']).toBe('PREP_UNRESCUE');
    h.clock.tick(8000);
    expect(h.server(id)['status']).toBe('ACTIVE');
  });
});

describe('2.3.9 Create Image', () => {
  it('answers 202 with the Location of an image that goes from SAVING to ACTIVE', () => {
    const h = harness({ imageSeconds: 40 });
    const id = h.active({ 'OS-DCF:diskConfig': 'MANUAL' });
    const answer = h.action(id, { createImage: { name: 'gold', metadata: { tier: 'gold' } } });
    const location = String(answer.headers?.['location']);
    expect(answer).toEqual({ status: 202, operation: 'createImage', headers: { location } });
    const path = location.slice(SELF.length);
    const image = object(h.get(path)['image']);
    expect(image).toMatchObject({
      name: 'gold',
      status: 'SAVING',
      progress: 0,
      metadata: { tier: 'gold' },
      'OS-DCF:diskConfig': 'MANUAL',
      minDisk: 10,
      minRam: 256,
      server: { id },
    });
    expect(h.server(id)).toMatchObject({ status: 'ACTIVE', 'OS-EXT-STS:task_state': 'image_snapshot' });
    h.clock.tick(10_000);
    expect(h.get(path)['image']).toMatchObject({ status: 'SAVING', progress: 25 });
    h.clock.tick(30_000);
    expect(h.get(path)['image']).toMatchObject({
      status: 'ACTIVE',
      progress: 100,
      updated: '2026-01-01T00:01:00Z',
    });
    expect(h.server(id)['OS-EXT-STS:task_state']).toBe(null);
  });

  it('makes an image that servers can be created from, of its own tenant only', () => {
    const h = harness();
    const location = String(h.action(h.active(), { createImage: { name: 'gold' } }).headers?.['location']);
    h.clock.tick(15_000);
    const copy = h.active({ imageRef: location });
    expect(h.server(copy)['status']).toBe('ACTIVE');
    expectFault(() => h.create({ imageRef: location }, '999'), 'itemNotFound');
    expect(items(h.get('/images?type=SNAPSHOT', '999'), 'images')).toEqual([]);
  });

  it('is refused while another one is taken, and frees the server when its image goes', () => {
    const h = harness();
    const id = h.active();
    const location = String(h.action(id, { createImage: { name: 'a' } }).headers?.['location']);
    expectFault(() => h.action(id, { createImage: { name: 'b' } }), 'backupOrResizeInProgress');
    expectFault(() => h.action(id, { reboot: null }), 'backupOrResizeInProgress');
    h.ask('DELETE', location.slice(SELF.length));
    expect(h.server(id)['OS-EXT-STS:task_state']).toBe(null);
    expect(h.action(id, { createImage: { name: 'b' } }).status).toBe(202);
  });

  it('needs a name, and not too much metadata', () => {
    const h = harness({ absolute: { maxImageMeta: 1 } });
    const id = h.active();
    expectFault(() => h.action(id, { createImage: {} }), 'badRequest');
    expectFault(() => h.action(id, { createImage: null }), 'badRequest');
    expectFault(
      () => h.action(id, { createImage: { name: 'x', metadata: { a: '1', b: '2' } } }),
      'overLimit',
    );
    expect(items(h.get('/images?type=SNAPSHOT'), 'images')).toEqual([]);
  });
});
