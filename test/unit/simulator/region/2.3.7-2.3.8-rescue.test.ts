import { describe, expect, it } from 'vitest';
import { harness } from './harness.ts';

const HOUR_MS = 3_600_000;

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

  it('that ends during a reboot leaves rescue mode when the reboot is over', () => {
    const h = harness();
    const id = h.active();
    h.action(id, { rescue: null });
    h.clock.tick(8000 + 1.5 * HOUR_MS - 2000);
    h.action(id, { reboot: null });
    h.clock.tick(2000);
    expect(h.server(id)['OS-EXT-STS:task_state']).toBe('rebooting');
    h.clock.tick(6000 + 7999);
    expect(h.server(id)['status']).toBe('PREP_UNRESCUE');
    h.clock.tick(1);
    expect(h.server(id)['status']).toBe('ACTIVE');
  });
});
