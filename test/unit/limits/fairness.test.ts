import { describe, expect, it } from 'vitest';
import type { SlotRequest } from '../../../src/limits/slot-request.ts';
import { limit, requestFor, shaperWith, TEST_SETTINGS } from './harness.ts';
import { randomOf } from './random.ts';

/**
 * What a flood may cost another client. A window hands its slots out as they come free, `unit / value` apart on
 * average, but no sooner: after an idle second a burst takes all of them at once (work conserving), and they come
 * free together a unit later. So the promise is about slots: whoever wants no more than its share waits for its own
 * slot and at most one turn of every other client, by share, wherever in the window that falls.
 */

interface Play {
  readonly value: number;
  readonly shares: Readonly<Record<string, number>>;
  /** The quiet client's requests come so far apart, ms. */
  readonly quietGapMs: number;
  /** How many requests of each flooding client wait at any time. */
  readonly flooders: Readonly<Record<string, number>>;
  readonly forMs: number;
}

interface Outcome {
  /** The quiet client's waits, ms, sorted. */
  readonly waits: number[];
  /** How many slots went to others while one of its requests waited, sorted. */
  readonly passed: number[];
}

/** Slots come free evenly here: the first `value` requests of the flood were sent one slot's spacing apart. */
async function play({ value, shares, quietGapMs, flooders, forMs }: Play): Promise<Outcome> {
  const { shaper, clock } = shaperWith([limit('GET', '*', value, 'SECOND')], {
    shares: (client) => shares[client] ?? 1,
  });
  const waits: number[] = [];
  const passed: number[] = [];
  let served = 0;
  const send = async (client: string, then: () => void) => {
    const permit = await shaper.acquire(requestFor('/servers', { client }));
    if (permit.refused) throw new Error(permit.reason);
    served++;
    permit.answered(200);
    then();
  };
  const spacingMs = 1005.5 / value;
  for (let slot = 0; slot < value; slot++) {
    await send('warm up', () => undefined);
    await clock.advance(spacingMs);
  }
  const flood = (client: string): void => void send(client, () => flood(client));
  for (const [client, depth] of Object.entries(flooders))
    for (let index = 0; index < depth; index++) flood(client);
  for (let at = 0; at < forMs; at += quietGapMs) {
    const arrivedAt = clock.monotonic();
    const before = served;
    void send('quiet', () => {
      waits.push(clock.monotonic() - arrivedAt);
      passed.push(served - before - 1);
    });
    await clock.advance(quietGapMs);
  }
  const ascending = (left: number, right: number) => left - right;
  return { waits: waits.sort(ascending), passed: passed.sort(ascending) };
}

const p99 = (sorted: readonly number[]): number => sorted[Math.ceil(sorted.length * 0.99) - 1]!;

describe('a client that floods', () => {
  it.each([
    ['one of equal share', { flood: 1 }, { flood: 200 }],
    ['one of three times the share', { flood: 3 }, { flood: 200 }],
    ['however deep its flood', { flood: 1 }, { flood: 5000 }],
    ['several of them', { a: 1, b: 2, c: 1 }, { a: 100, b: 100, c: 100 }],
  ])(
    'raises the p99 wait of another by at most one spacing of slots times its share (%s)',
    async (_, shares, flooders) => {
      const value = 40;
      const spacingMs = 1000 / value;
      // Half of what its share would give it: alone it would never wait.
      const total = 1 + Object.values(shares).reduce((sum, share) => sum + share, 0);
      const quietGapMs = 2 * spacingMs * total + 3;
      const { waits, passed } = await play({ value, shares, quietGapMs, flooders, forMs: 30_000 });
      expect(waits.length).toBeGreaterThan(50);
      // Its own slot is the last of them. Slots come free up to 1/2048 of a second late.
      const turns = total - 1;
      expect(p99(passed)).toBeLessThanOrEqual(turns - 1);
      expect(p99(waits)).toBeLessThanOrEqual(turns * spacingMs * 1.02);
    },
  );

  it.each([
    ['interactive', {}],
    ['batch', { priority: 'batch' as const }],
  ])(
    'leaves 25 and 75 percent to shares of 1 and 3, whoever leaves or is turned away (%s)',
    async (_, how) => {
      const settings = { ...TEST_SETTINGS, maxQueuePerClient: 60 };
      const { shaper, clock } = shaperWith([limit('GET', '*', 40, 'SECOND')], {
        settings,
        shares: (client) => (client === 'large' ? 3 : 1),
      });
      const random = randomOf(7);
      const left: Record<string, number> = {};
      const turnedAway: Record<string, number> = {};
      const send = async (client: string, overrides: Partial<SlotRequest>) => {
        const leaver = new AbortController();
        if (random() < 0.2) clock.setTimer(() => leaver.abort(), 50 + random() * 3_000);
        const asked = shaper.acquire(requestFor('/servers', { client, signal: leaver.signal, ...overrides }));
        const given = await Promise.resolve(asked).catch(() => undefined);
        if (given?.refused) turnedAway[client] = (turnedAway[client] ?? 0) + 1;
        if (!given || given.refused) return;
        const key = overrides.priority === 'background' ? 'background' : client;
        left[key] = (left[key] ?? 0) + 1;
        clock.setTimer(() => given.answered(200), random() * 100);
      };
      for (let turn = 0; turn < 600; turn++) {
        for (let index = 0; index < 4; index++) {
          void send('small', random() < 0.5 ? how : {});
          void send('large', random() < 0.5 ? how : {});
        }
        if (turn % 20 === 0) void send('large', { priority: 'background' });
        await clock.advance(50);
      }
      await shaper.close();
      const all = left['small']! + left['large']!;
      expect(all).toBeGreaterThan(40 * 25);
      expect(left['large']! / all).toBeGreaterThan(0.72);
      expect(left['large']! / all).toBeLessThan(0.78);
      expect(Object.keys(turnedAway).sort()).toEqual(['large', 'small']);
      // Background work goes last: not once while a caller waits, which is always after the first moments.
      expect(left['background'] ?? 0).toBeLessThanOrEqual(1);
    },
  );

  it('does not starve the one who needs two limits when each is flooded by another', async () => {
    const { shaper, clock } = shaperWith([
      limit('GET', '*', 20, 'SECOND'),
      limit('GET', '/servers', 10, 'SECOND'),
      limit('ALL', 'x', 10, 'SECOND', { regex: 'detail' }),
    ]);
    const left: Record<string, number> = {};
    const flood = async (client: string, path: string): Promise<void> => {
      for (;;) {
        const permit = await shaper.acquire(requestFor(path, { client }));
        if (permit.refused) return;
        left[client] = (left[client] ?? 0) + 1;
        permit.answered(200);
      }
    };
    // `/servers/detail` needs both narrow limits, which cross: neither contains the other.
    for (let depth = 0; depth < 50; depth++) {
      void flood('servers', '/servers');
      void flood('detail', '/images/detail');
      void flood('both', '/servers/detail');
    }
    await clock.advance(30_000);
    await shaper.close();
    // 10 a second of each narrow limit: `both` may take up to half of each.
    expect(left['both']).toBeGreaterThan(30 * 5 * 0.8);
    expect(left['servers']).toBeGreaterThan(30 * 5 * 0.8);
    expect(left['detail']).toBeGreaterThan(30 * 5 * 0.8);
  });
});
