import { describe, expect, it } from 'vitest';
import { expectFault, harness, object, SELF } from './harness.ts';

const HOUR_MS = 3_600_000;

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
