import { describe, expect, it } from 'vitest';
import { expectFault, harness, items, object, SELF } from './harness.ts';

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
