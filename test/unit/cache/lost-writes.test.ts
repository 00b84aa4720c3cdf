import { describe, expect, it } from 'vitest';
import type { Change } from '../../../src/cache/invalidation.ts';
import { createLostWrites, LOST_WRITE_SETTLES_MS } from '../../../src/cache/lost-writes.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const item = (subject: string): Change => ({ kind: 'write', lists: false, subject });

const setUp = () => {
  const clock = new FakeClock();
  const repeated: [at: number, scope: string, change: Change][] = [];
  const start = clock.monotonic();
  const lost = createLostWrites(clock, (scope, change) => {
    repeated.push([clock.monotonic() - start, scope, change]);
  });
  return { clock, lost, repeated };
};

describe('a write whose answer was lost', () => {
  it('is repeated once it has settled', async () => {
    const { clock, lost, repeated } = setUp();
    lost.add('images', item('a'));
    await clock.advance(LOST_WRITE_SETTLES_MS - 1);
    expect(repeated).toEqual([]);
    await clock.advance(1);
    expect(repeated).toEqual([[LOST_WRITE_SETTLES_MS, 'images', item('a')]]);
    await clock.advance(10 * LOST_WRITE_SETTLES_MS);
    expect(repeated).toHaveLength(1);
  });

  it('does not wait for others, and those that follow are repeated together when the last has settled', async () => {
    const { clock, lost, repeated } = setUp();
    lost.add('images', item('a'));
    await clock.advance(10_000);
    lost.add('images', item('b'));
    await clock.advance(10_000);
    lost.add('images', item('c'));
    lost.add('flavors', item('d'));
    await clock.advance(10 * LOST_WRITE_SETTLES_MS);
    expect(repeated).toEqual([
      [LOST_WRITE_SETTLES_MS, 'images', item('a')],
      [20_000 + LOST_WRITE_SETTLES_MS, 'flavors', item('d')],
      [20_000 + LOST_WRITE_SETTLES_MS, 'images', { kind: 'all' }],
    ]);
  });

  it('costs no more however many there are', async () => {
    const { clock, lost, repeated } = setUp();
    for (let at = 0; at < 100_000; at++) lost.add('images', item(`${at}`));
    await clock.advance(2 * LOST_WRITE_SETTLES_MS);
    expect(repeated).toHaveLength(2);
  });

  it('is forgotten at the end', async () => {
    const { clock, lost, repeated } = setUp();
    lost.add('images', item('a'));
    lost.close();
    await clock.advance(10 * LOST_WRITE_SETTLES_MS);
    expect(repeated).toEqual([]);
  });
});
