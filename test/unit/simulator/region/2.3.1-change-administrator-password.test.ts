import { describe, expect, it } from 'vitest';
import { expectFault, harness } from './harness.ts';

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
    expect(h.server(id)).not.toHaveProperty('fault');
    h.clock.tick(4000);
    expect(h.server(id)['status']).toBe('ACTIVE');
    expect(h.server(id)).not.toHaveProperty('fault');
    h.action(id, { changePassword: { adminPass: 'x' } });
    h.clock.tick(4000);
    expect(h.server(id)['status']).toBe('ERROR');
  });
});
