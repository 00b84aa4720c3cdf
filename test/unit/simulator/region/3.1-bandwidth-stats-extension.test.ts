import { describe, expect, it } from 'vitest';
import { harness, items } from './harness.ts';

describe('3.1 Bandwidth Stats Extension', () => {
  const stats = (h: ReturnType<typeof harness>, id: string) => items(h.server(id), 'rax-bandwidth:bandwidth');

  it('is empty at first, then grows with time from the beginning of the day', () => {
    const h = harness();
    const id = h.create();
    expect(stats(h, id)).toEqual([]);
    h.clock.tick(10 * 60_000 + 5000);
    const [before] = stats(h, id);
    expect(before).toMatchObject({
      interface: 'public',
      audit_period_start: '2026-01-01T00:00:00Z',
      audit_period_end: '2026-01-01T00:10:00Z',
    });
    h.clock.tick(10 * 60_000);
    const [after] = stats(h, id);
    expect(after?.['bandwidth_inbound']).toBe(2 * Number(before?.['bandwidth_inbound']));
    expect(after?.['bandwidth_outbound']).toBe(2 * Number(before?.['bandwidth_outbound']));
    h.clock.tick(24 * 3_600_000);
    expect(stats(h, id)[1]).toMatchObject({
      interface: 'private',
      audit_period_start: '2026-01-02T00:00:00Z',
      audit_period_end: '2026-01-02T00:20:00Z',
    });
  });

  it('begins with the server when that is younger than the day', () => {
    const h = harness();
    h.clock.tick(5 * 3_600_000);
    const id = h.create();
    h.clock.tick(120_000);
    expect(stats(h, id)[0]).toMatchObject({
      audit_period_start: '2026-01-01T05:00:00Z',
      audit_period_end: '2026-01-01T05:02:00Z',
    });
  });
});
