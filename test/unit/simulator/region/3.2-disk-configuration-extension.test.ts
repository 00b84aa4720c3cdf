import { describe, expect, it } from 'vitest';
import { type Harness, harness, object, SELF } from './harness.ts';

const KEY = 'OS-DCF:diskConfig';

/** Takes an image of a server, waits for it, and returns its path below the tenant. */
function imageOf(h: Harness, id: string): string {
  const location = h.action(id, { createImage: { name: 'copy' } }).headers?.['location'];
  h.clock.tick(15_000);
  return String(location).slice(SELF.length);
}

describe('3.2 Disk Configuration Extension', () => {
  it.each([
    ['Debian 6 (Squeeze)', 'AUTO'],
    ['FreeBSD 9', 'MANUAL'],
  ])('is inherited from %s by the server, its image, and the next server', (name, value) => {
    const h = harness();
    const first = h.active({ imageRef: h.image(name) });
    const path = imageOf(h, first);
    expect(h.server(first)[KEY]).toBe(value);
    expect(object(h.get(path)['image'])[KEY]).toBe(value);
    expect(h.server(h.active({ imageRef: `${SELF}${path}` }))[KEY]).toBe(value);
  });

  it('that was chosen at the create goes into the image (3.2.2)', () => {
    const h = harness();
    const path = imageOf(h, h.active({ [KEY]: 'MANUAL' }));
    expect(object(h.get(path)['image'])[KEY]).toBe('MANUAL');
  });

  it('is kept by a rebuild and a resize that do not name it (3.2.3, 3.2.4)', () => {
    const h = harness();
    const id = h.active({ [KEY]: 'MANUAL' });
    h.action(id, { rebuild: { imageRef: h.image('CentOS 6.3') } });
    expect(h.server(id)[KEY]).toBe('MANUAL');
    h.clock.tick(20_000);
    h.action(id, { resize: { flavorRef: '4' } });
    expect(h.server(id)[KEY]).toBe('MANUAL');
  });
});
