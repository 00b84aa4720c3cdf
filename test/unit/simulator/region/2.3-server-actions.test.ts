import { describe, expect, it } from 'vitest';
import { expectFault, harness } from './harness.ts';

describe('2.3 Server Actions', () => {
  it.each([undefined, {}, [], 'reboot', { reboot: {}, resize: {} }])('refuse the body %j', (body) => {
    const h = harness();
    expectFault(() => h.ask('POST', `/servers/${h.active()}/action`, body), 'badRequest');
  });

  it('answer 400 for an action there is not, as nova does, and 404 for a server there is not', () => {
    const h = harness();
    expect(expectFault(() => h.action(h.active(), { evacuate: null }), 'badRequest').code).toBe(400);
    expectFault(() => h.action('nobody', { reboot: null }), 'itemNotFound');
  });

  it('are refused by a server of another tenant', () => {
    const h = harness();
    const id = h.active();
    expectFault(() => h.ask('POST', `/servers/${id}/action`, { reboot: null }, '999'), 'itemNotFound');
  });
});
