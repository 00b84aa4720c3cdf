import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type PublishedLimit, UNIT_MS } from '../../../src/limits/published/limit.ts';
import { emptyState, encodeState } from '../../../src/limits/shared/state.ts';
import { createSeal } from '../../../src/redis/seal.ts';
import { type RedisServer, redisAvailable, startRedis } from '../../support/redis-server.ts';
import { LIMITER_KINDS, type LimiterKind } from '../../support/reference-upstreams.ts';
import { limit, refused, requestFor } from './harness.ts';
import { type Instance, World } from './world.ts';

// Days pass here, with an exchange through a real Redis twice in each second of theirs.
vi.setConfig({ testTimeout: 900_000 });

let server: RedisServer;
let redis: Redis;

/** A region of one limit whose instances share a budget in a real Redis. */
const worldOf = (kind: LimiterKind, published: PublishedLimit): World =>
  new World({
    kind,
    limits: [published],
    redis,
    trip: (sent) => ({ thereMs: (sent * 37) % 60, backMs: (sent * 37) % 60 }),
  });

/** A budget in which all others have long gone: everything is free. */
const madeUp = (key: string) => encodeState(emptyState(0), key, createSeal(['another key']));

const total = (world: World) => world.instances.reduce((sum, { sent }) => sum + sent, 0);

describe.skipIf(!redisAvailable())('a budget shared through Redis', () => {
  beforeAll(async () => {
    server = await startRedis();
    redis = new Redis(server.url);
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  it.each(LIMITER_KINDS)('is kept by three instances that all want it (%s)', async (kind) => {
    const world = worldOf(kind, limit('GET', '*', 60, 'SECOND'));
    const three = ['a', 'b', 'c'].map((name) => world.join(name));
    for (const instance of three) instance.flood(400);
    await world.run(15_000);
    expect(world.rejections).toBe(0);
    // What a strict window allows when slots are held through an answer of 60 ms on average.
    const allowed = (60 * 15_000) / 1060;
    expect(total(world) / allowed).toBeGreaterThan(0.9);
    expect(Math.min(...three.map(({ sent }) => sent)) / total(world)).toBeGreaterThan(0.25);
    expect(world.exchanges / total(world)).toBeLessThan(0.2);
  });

  it('goes to the one that wants it when the others idle', async () => {
    const world = worldOf('sliding', limit('GET', '*', 60, 'SECOND'));
    const [busy] = ['a', 'b', 'c'].map((name) => world.join(name));
    await world.run(3_000);
    busy!.flood(900);
    await world.run(15_000);
    expect(world.rejections).toBe(0);
    expect(busy!.sent / ((60 * 15_000) / 1060)).toBeGreaterThan(0.85);
  });

  it('comes back to a newcomer and to those who idled', async () => {
    const world = worldOf('fixed', limit('GET', '*', 60, 'SECOND'));
    const first = world.join('a');
    first.flood(3000);
    await world.run(5_000);
    const second = world.join('b');
    second.flood(3000);
    await world.run(2_000);
    const before = { first: first.sent, second: second.sent };
    await world.run(8_000);
    expect(world.rejections).toBe(0);
    const part = (second.sent - before.second) / (total(world) - before.first - before.second);
    expect(part).toBeGreaterThan(0.45);
    expect(part).toBeLessThan(0.55);
  });

  it('lets those wait who come in a burst to one instance while another has all of it', async () => {
    const world = worldOf('fixed', limit('GET', '*', 20, 'SECOND'));
    const [busy, other] = [world.join('a'), world.join('b')];
    busy.flood(2000);
    await world.run(3_000);
    other.flood(40, { maxWaitMs: 10_000 });
    await world.run(10_000);
    expect([other.refused, other.sent]).toEqual([0, 40]);
  });

  it('goes round when there are fewer slots than instances', async () => {
    const world = worldOf('fixed', limit('GET', '*', 2, 'SECOND'));
    const five = ['a', 'b', 'c', 'd', 'e'].map((name) => world.join(name));
    for (const instance of five) instance.flood(50);
    await world.run(40_000);
    expect(world.rejections).toBe(0);
    for (const { sent } of five) expect(sent).toBeGreaterThan(4);
  });

  it.each(LIMITER_KINDS)('gets the slots of a killed instance back, and not too early (%s)', async (kind) => {
    const world = worldOf(kind, limit('GET', '*', 40, 'SECOND'));
    const [victim, heir] = [world.join('a'), world.join('b')];
    victim.flood(2000);
    heir.flood(2000);
    await world.run(5_000);
    victim.kill();
    await world.run(5_000);
    const before = heir.sent;
    await world.run(5_000);
    expect(world.rejections).toBe(0);
    expect(heir.sent - before).toBeGreaterThan(0.9 * 5 * 40 * (1000 / 1060));
  });

  it.each(LIMITER_KINDS)(
    'is never exceeded when Redis goes, stays away and comes back empty (%s)',
    async (kind) => {
      const world = worldOf(kind, limit('GET', '*', 60, 'SECOND'));
      const [busy, calm, idle] = ['a', 'b', 'c'].map((name) => world.join(name));
      busy!.flood(4000);
      await world.run(3_000);
      await world.lose();
      calm!.flood(1000);
      await world.run(12_000);
      const alone = total(world);
      idle!.flood(1000);
      await world.run(5_000);
      // Each has a third of the limit by now.
      expect(total(world) - alone).toBeGreaterThan(0.9 * 5 * 60 * (1000 / 1060));
      world.isStoreUp = true;
      await world.run(15_000);
      expect(world.rejections).toBe(0);
    },
  );

  it.each(LIMITER_KINDS)(
    'is not exceeded by instances that start without Redis, told how many they are (%s)',
    async (kind) => {
      const world = worldOf(kind, limit('GET', '*', 60, 'SECOND'));
      world.isStoreUp = false;
      const three = ['a', 'b', 'c'].map((name) => world.join(name, 3));
      for (const instance of three) instance.flood(2000);
      await world.run(10_000);
      expect(total(world)).toBeGreaterThan(0.9 * 7 * 60 * (1000 / 1060));
      world.isStoreUp = true;
      await world.run(10_000);
      expect(world.rejections).toBe(0);
    },
  );

  it('is spoken of once it has been away for a lease, not for an answer that was late once', async () => {
    const world = worldOf('fixed', limit('GET', '*', 60, 'SECOND'));
    const { states } = world.join('a');
    await world.run(3_000);
    world.isStoreUp = false;
    await world.run(600);
    world.isStoreUp = true;
    await world.run(3_000);
    expect(states).toEqual([]);
    world.isStoreUp = false;
    await world.run(5_000);
    expect(states).toEqual(['alone']);
    world.isStoreUp = true;
    await world.run(1_000);
    expect(states).toEqual(['alone', 'shared']);
  });

  it('is never exceeded when Redis restarts empty at once', async () => {
    const world = worldOf('fixed', limit('GET', '*', 60, 'SECOND'));
    const [busy, other] = ['a', 'b', 'c'].map((name) => world.join(name));
    busy!.flood(4000);
    await world.run(3_000);
    await world.lose();
    world.isStoreUp = true;
    other!.flood(1000);
    await world.run(10_000);
    expect(world.rejections).toBe(0);
    expect(other!.sent).toBeGreaterThan(100);
  });

  it('remembers what the dead have used when Redis loses everything', async () => {
    const world = worldOf('sliding', limit('GET', '*', 20, 'MINUTE'));
    const [victim, heir] = ['a', 'b', 'c'].map((name) => world.join(name));
    victim!.flood(8);
    await world.run(1_000);
    victim!.kill();
    await world.run(4_000);
    await world.lose();
    world.isStoreUp = true;
    heir!.flood(30);
    await world.run(50_000);
    expect(world.rejections).toBe(0);
    expect(victim!.sent).toBe(8);
    // All that the victim was granted stays taken: how much that was depends on who came first.
    expect(heir!.sent).toBeGreaterThanOrEqual(3);
    expect(heir!.sent).toBeLessThanOrEqual(12);
    await world.run(120_000);
    expect(heir!.sent).toBe(30);
    expect(world.rejections).toBe(0);
  });

  it.each<[string, (key: string) => Promise<unknown>]>([
    ['text', (key) => redis.set(key, 'rubbish')],
    ['JSON of another kind', (key) => redis.set(key, '{"live": 7}')],
    ['a budget that somebody without the key has made up', (key) => redis.set(key, madeUp(key))],
    ['more than anybody leaves there', (key) => redis.setrange(key, 8 * 1024 * 1024, 'x')],
    [
      'the state of another version',
      (key) =>
        redis.set(
          key,
          '{"born":0,"dead":{},"strangers":{},"live":{"c":{"seen":1e15,"limits":{"k":{"o":5}}}}}',
        ),
    ],
    ['a hash', (key) => redis.hset(key, 'a', 'b')],
  ])('is made anew from rubbish: %s', async (_what, rubbish) => {
    const world = worldOf('fixed', limit('GET', '*', 60, 'SECOND'));
    const [busy, other] = ['a', 'b'].map((name) => world.join(name));
    busy!.flood(2000);
    await world.run(3_000);
    await world.spoil(rubbish);
    other!.flood(1000);
    await world.run(10_000);
    expect(world.rejections).toBe(0);
    expect(other!.sent).toBeGreaterThan(100);
    expect([busy!.states, other!.states]).toEqual([[], []]);
  });

  it.each<[string, (key: string) => Promise<unknown>]>([
    ['rubbish', (key) => redis.set(key, 'rubbish')],
    ['what somebody without the key has made up', (key) => redis.set(key, madeUp(key))],
    ['nothing', async () => {}],
  ])(
    'holds nobody up for ever, and is not exceeded, where all is overwritten again and again with %s',
    async (_what, rubbish) => {
      const world = worldOf('sliding', limit('GET', '*', 60, 'SECOND'));
      const both = ['a', 'b'].map((name) => world.join(name, 2));
      await world.run(3_000);
      for (const one of both) one.flood(3_000);
      const spoilFor = async (ms: number) => {
        for (let at = 0; at < ms; at += 100) {
          await world.spoil(rubbish);
          await world.run(100);
        }
      };
      await spoilFor(10_000);
      const before = both.map(({ sent }) => sent);
      await spoilFor(5_000);
      expect(world.rejections).toBe(0);
      // Each has its half of the limit.
      for (const [index, { sent }] of both.entries())
        expect(sent - before[index]!).toBeGreaterThan(0.8 * 5 * 30 * (1000 / 1060));
      await world.run(15_000);
      expect(world.rejections).toBe(0);
      for (const { states } of both) expect(states.at(-1)).toBe('shared');
    },
  );

  it('is not what it was before, where somebody brings that back', async () => {
    const world = worldOf('sliding', limit('GET', '*', 30, 'MINUTE'));
    const [first, second] = ['a', 'b'].map((name) => world.join(name));
    await world.run(3_000);
    const kept = new Map<string, string>();
    await world.copy(async (key) => kept.set(key, (await redis.get(key))!));
    first!.flood(29);
    await world.run(5_000);
    await world.spoil((key) => redis.set(key, kept.get(key)!));
    second!.flood(29);
    await world.run(20_000);
    expect(world.rejections).toBe(0);
    expect(first!.sent + second!.sent).toBeLessThanOrEqual(30);
  });

  it('follows what the region says, where all start anew on one that somebody has brought back', async () => {
    const published = limit('POST', '/servers', 50, 'DAY');
    const world = worldOf('sliding', published);
    const first = world.join('a');
    await world.run(3_000);
    const kept = new Map<string, string>();
    await world.copy(async (key) => kept.set(key, (await redis.get(key))!));
    for (let index = 0; index < 30; index++) {
      first.request({ method: 'POST' });
      await world.run(1_000);
    }
    expect(first.sent).toBe(30);
    first.kill();
    await world.run(3_600_000);
    await world.spoil((key) => redis.set(key, kept.get(key)!));
    const second = world.join('b');
    // GET /limits is asked before anything else is sent.
    const now = world.clock.monotonic();
    second.shaper.setLimits([{ ...published, remaining: 20 }], { askedAt: now, answeredAt: now });
    await world.run(3_000);
    for (let index = 0; index < 30; index++) {
      second.request({ method: 'POST', maxWaitMs: 5_000 });
      await world.run(1_000);
    }
    expect(world.rejections).toBe(0);
    expect(second.sent).toBeGreaterThan(10);
    expect(second.sent).toBeLessThanOrEqual(20);
  });

  it('lets a newcomer send although the region says that others have used a part of the limit', async () => {
    const published = limit('GET', '*', 100, 'MINUTE');
    const world = worldOf('sliding', published);
    const first = world.join('a');
    first.flood(40);
    await world.run(3_000);
    const newcomer = world.join('b');
    const now = world.clock.monotonic();
    newcomer.shaper.setLimits([{ ...published, verb: 'ALL', remaining: 50 }], {
      askedAt: now,
      answeredAt: now,
    });
    newcomer.flood(20);
    await world.run(3_000);
    expect(newcomer.sent).toBe(20);
  });

  it('tells who joins of the limits, before it has asked the region anything', async () => {
    const world = worldOf('sliding', limit('GET', '*', 60, 'SECOND'));
    world.join('a').flood(2000);
    await world.run(3_000);
    const newcomer = world.joinUnasked('b', [limit('GET', '/guess', 10, 'MINUTE')]);
    await world.run(1_100);
    expect(newcomer.shaper.windows.map((window) => [window.limit.uri, window.limit.value])).toEqual([
      ['*', 60],
    ]);
    expect(world.rejections).toBe(0);
  });

  it('keeps a slot for the question of an instance that has not told of the limit', async () => {
    const world = worldOf('sliding', limit('GET', '*', 60, 'SECOND'));
    world.joinUnasked('a', [limit('GET', '/guess', 10, 'MINUTE')]);
    await world.run(100);
    const busy = world.join('b');
    busy.flood(2000);
    await world.run(3_000);
    expect(busy.shaper.windows[0]!.capacity).toBe(59);
  });

  it.each(['DAY', 'HOUR'] as const)(
    'tells on every instance when a spent limit per %s has room again',
    async (unit) => {
      const unitSeconds = (UNIT_MS[unit] * 1.0005) / 1000;
      const world = worldOf('sliding', limit('POST', '/servers', 20, unit));
      const three = ['a', 'b', 'c'].map((name) => world.join(name));
      await world.run(2_000);
      three[0]!.flood(5, { method: 'POST' });
      await world.run(300_000);
      three[0]!.flood(15, { method: 'POST' });
      await world.run(5_000);
      expect(three[0]!.sent).toBe(20);
      const expectIn = (instance: Instance, seconds: number) => {
        const refusal = refused(instance.shaper.acquire(requestFor('/servers', { method: 'POST' })));
        expect(refusal.reason).toBe('spent');
        expect(Math.abs(refusal.retryAfterSeconds - seconds)).toBeLessThan(60);
      };
      for (const instance of three) expectIn(instance, unitSeconds - 305);
      // As time goes by, and when the one that used them is gone.
      await world.run(300_000);
      for (const instance of three) expectIn(instance, unitSeconds - 605);
      three[0]!.kill();
      await world.run(5_000);
      const late = world.join('d');
      await world.run(2_000);
      for (const instance of [three[1]!, three[2]!, late]) expectIn(instance, unitSeconds - 612);
    },
  );

  it('tells it when others than its instances have spent it, and holds on to that time', async () => {
    const published = limit('POST', '/servers', 20, 'HOUR');
    const world = worldOf('sliding', published);
    const three = ['a', 'b', 'c'].map((name) => world.join(name));
    await world.run(2_000);
    const tell = async (instance: Instance) => {
      const now = world.clock.monotonic();
      instance.shaper.setLimits([{ ...published, remaining: 0 }], { askedAt: now, answeredAt: now });
      await world.run(3_000);
    };
    await tell(three[0]!);
    await world.run(600_000);
    await tell(three[1]!);
    for (const { shaper } of three) {
      const refusal = refused(shaper.acquire(requestFor('/servers', { method: 'POST' })));
      expect(refusal).toMatchObject({ reason: 'spent' });
      expect(refusal.retryAfterSeconds).toBeGreaterThan(2_900);
      expect(refusal.retryAfterSeconds).toBeLessThan(3_060);
    }
  });

  it('keeps a DAY limit over the restart of every instance', async () => {
    const world = worldOf('sliding', limit('POST', '/servers', 50, 'DAY'));
    const first = world.join('a');
    for (let index = 0; index < 30; index++) {
      first.request({ method: 'POST' });
      await world.run(1_000);
    }
    first.kill();
    await world.run(3_600_000);
    const second = world.join('b');
    for (let index = 0; index < 30; index++) {
      second.request({ method: 'POST', maxWaitMs: 5_000 });
      await world.run(1_000);
    }
    expect(world.rejections).toBe(0);
    expect(first.sent).toBe(30);
    expect(second.sent).toBeGreaterThan(15);
    expect(second.sent).toBeLessThanOrEqual(20);
    expect(second.refused).toBe(30 - second.sent);
  });

  it.each(LIMITER_KINDS)('is never exceeded whatever happens to instances and Redis (%s)', async (kind) => {
    const step = fc.record({
      action: fc.constantFrom('flood', 'flood', 'join', 'kill', 'lose', 'recover'),
      which: fc.nat(4),
      count: fc.integer({ min: 1, max: 150 }),
      pauseMs: fc.integer({ min: 0, max: 3_000 }),
    });
    const story = fc.record({
      value: fc.integer({ min: 3, max: 60 }),
      steps: fc.array(step, { minLength: 3, maxLength: 12 }),
    });
    await fc.assert(
      fc.asyncProperty(story, async ({ value, steps }) => {
        const world = worldOf(kind, limit('GET', '*', value, 'SECOND'));
        for (const name of ['a', 'b', 'c']) world.join(name).flood(20);
        await world.run(1_500);
        for (const [index, { action, which, count, pauseMs }] of steps.entries()) {
          const alive = world.instances.filter(({ isAlive }) => isAlive);
          if (action === 'flood') alive[which % alive.length]!.flood(count);
          if (action === 'kill' && alive.length > 1) alive[which % alive.length]!.kill();
          if (action === 'lose') await world.lose();
          if (action === 'recover') world.isStoreUp = true;
          // Whoever starts while Redis is away cannot know of the others, so nobody does here.
          if (action === 'join' && world.isStoreUp) world.join(`late${index}`).flood(count);
          await world.run(action === 'flood' || action === 'kill' ? pauseMs : 3_000);
        }
        expect(world.rejections).toBe(0);
      }),
      { numRuns: 15 },
    );
  });

  it('has all slots back when an instance leaves in order', async () => {
    const world = worldOf('sliding', limit('GET', '*', 20, 'MINUTE'));
    const [leaver, stayer] = [world.join('a'), world.join('b')];
    leaver.flood(5);
    await world.run(1_000);
    await Promise.all([leaver.shaper.close(), world.run(0)]);
    stayer.flood(15);
    await world.run(2_000);
    expect(stayer.sent).toBe(15);
    expect(world.rejections).toBe(0);
  });
});
