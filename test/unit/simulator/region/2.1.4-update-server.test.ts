import { describe, expect, it } from 'vitest';
import { expectFault, harness } from './harness.ts';

describe('2.1.4 Update Server', () => {
  it('changes name and access addresses, and nothing else', () => {
    const h = harness();
    const id = h.active();
    const before = h.server(id);
    h.clock.tick(5000);
    const answer = h.ask('PUT', `/servers/${id}`, {
      server: { name: 'new', accessIPv4: '192.0.2.3', accessIPv6: '::babe:192.0.2.3', status: 'ERROR' },
    });
    expect(answer).toMatchObject({ status: 200, operation: 'updateServer' });
    expect(h.server(id)).toEqual({
      ...before,
      name: 'new',
      accessIPv4: '192.0.2.3',
      accessIPv6: '::babe:192.0.2.3',
      updated: '2026-01-01T00:00:25Z',
    });
    expect(answer.body).toEqual({ server: h.server(id) });
  });

  it('clears addresses that are given empty', () => {
    const h = harness();
    const id = h.active();
    h.ask('PUT', `/servers/${id}`, { server: { name: 'web', accessIPv4: '', accessIPv6: '' } });
    expect(h.server(id)).toMatchObject({ accessIPv4: '', accessIPv6: '' });
  });

  it('refuses wrong values, and a server that is being built', () => {
    const h = harness();
    const building = h.create();
    expect(
      expectFault(() => h.ask('PUT', `/servers/${building}`, { server: { name: 'x' } }), 'buildInProgress')
        .code,
    ).toBe(409);
    h.clock.tick(20_000);
    for (const server of [{ name: '' }, { name: 5 }, { accessIPv4: 'here' }, { accessIPv6: '1.2.3.4' }])
      expectFault(() => h.ask('PUT', `/servers/${building}`, { server }), 'badRequest');
    expectFault(() => h.ask('PUT', `/servers/${building}`, { name: 'x' }), 'badRequest');
    expect(h.server(building)['name']).toBe('web');
  });
});
