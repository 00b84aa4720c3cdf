import { describe, expect, it } from 'vitest';
import { expectFault, harness, names, SELF, TENANT } from './harness.ts';

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
