import { describe, expect, it } from 'vitest';
import { expectFault, harness } from './harness.ts';

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
