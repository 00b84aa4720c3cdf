import { describe, expect, it } from 'vitest';
import { expectFault, type Harness, harness, items, SELF } from './harness.ts';

const DAY_MS = 86_400_000;

describe('1.7 Efficient Polling with changes-since', () => {
  const since = (h: Harness, when: string, collection = 'servers') =>
    items(h.get(`/${collection}/detail?changes-since=${when}`), collection).map((item) => [
      item['name'],
      item['status'],
    ]);

  it('shows what changed, deleted servers included', () => {
    const h = harness();
    const id = h.create({ name: 'a' });
    h.clock.tick(60_000);
    h.create({ name: 'b' });
    expect(since(h, '2026-01-01T00:00:00Z')).toEqual([
      ['b', 'BUILD'],
      ['a', 'ACTIVE'],
    ]);
    expect(since(h, '2026-01-01T00:00:20Z')).toEqual([
      ['b', 'BUILD'],
      ['a', 'ACTIVE'],
    ]);
    expect(since(h, '2026-01-01T00:00:21Z')).toEqual([['b', 'BUILD']]);
    h.ask('DELETE', `/servers/${id}`);
    expect(since(h, '2026-01-01T00:00:21Z')).toEqual([
      ['b', 'BUILD'],
      ['a', 'DELETED'],
    ]);
    expect(since(h, '2026-01-01T00:00:21Z&status=DELETED')).toEqual([['a', 'DELETED']]);
    expect(since(h, '2026-01-01T00:02:00Z')).toEqual([]);
  });

  it('keeps deleted servers and images for 30 days', () => {
    const h = harness();
    const id = h.active({ name: 'a' });
    const location = String(h.action(id, { createImage: { name: 'i' } }).headers?.['location']);
    h.ask('DELETE', location.slice(SELF.length));
    h.ask('DELETE', `/servers/${id}`);
    h.clock.tick(30 * DAY_MS);
    expect(since(h, '2025-12-01T00:00:00Z')).toEqual([['a', 'DELETED']]);
    expect(since(h, '2025-12-01T00:00:00Z', 'images')).toEqual([['i', 'DELETED']]);
    h.clock.tick(DAY_MS);
    expect(since(h, '2025-12-01T00:00:00Z')).toEqual([]);
    expect(since(h, '2025-12-01T00:00:00Z', 'images')).toEqual([]);
  });

  it.each([
    ['2026-01-01T00:01Z', true],
    ['2026-01-01T00:01', true],
    ['2026-01-01T00:01:00', true],
    ['2026-01-01T00:01:00.000Z', true],
    ['2026-01-01T01:01:00%2B01:00', true],
    ['2026-01-01T01:01:00+01:00', true],
    ['2025-12-31T19:01:00-0500', true],
    ['2026-01-01T00:01:01Z', false],
    ['2025-12-31T20:01:01-04:00', false],
  ])('reads %s', (when, isShown) => {
    const h = harness({ buildSeconds: 60 });
    h.active();
    expect(since(h, when)).toEqual(isShown ? [['web', 'ACTIVE']] : []);
  });

  it.each(['yesterday', '2026-13-01T00:00:00Z', '1357000000', '2026-01-01'])('refuses %s', (when) => {
    expectFault(() => harness().get(`/servers?changes-since=${when}`), 'badRequest');
    expectFault(() => harness().get(`/images?changes-since=${when}`), 'badRequest');
  });
});
