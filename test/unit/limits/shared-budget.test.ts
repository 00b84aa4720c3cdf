import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Ask, Permit } from '../../../src/limits/ask.ts';
import { BudgetLease } from '../../../src/limits/budget-lease.ts';
import type { BudgetStore, ExchangeAnswer, ExchangeReport } from '../../../src/limits/budget-store.ts';
import { type PublishedLimit, UNIT_MS } from '../../../src/limits/published-limit.ts';
import { createRedisBudgetStore } from '../../../src/limits/redis-budget-store.ts';
import { createShaper, type Shaper } from '../../../src/limits/shaper.ts';
import { silentObserver } from '../../../src/limits/shaper-observer.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { type RedisServer, redisAvailable, startRedis } from '../../support/redis-server.ts';
import {
  createReferenceLimiter,
  LIMITER_KINDS,
  type LimiterKind,
} from '../../support/reference-upstreams.ts';
import { ask, limit, TEST_SETTINGS } from './harness.ts';

let server: RedisServer;
let redis: Redis;
let worlds = 0;

/** Instances that share a budget in a real Redis, on one fake clock that waits for Redis' answers. */
class World {
  readonly clock = new FakeClock();
  readonly instances: Instance[] = [];
  readonly limiter: ReturnType<typeof createReferenceLimiter>;
  readonly published: PublishedLimit;
  isStoreUp = true;
  exchanges = 0;
  rejections = 0;
  readonly #prefix = `world${worlds++}:`;
  readonly #pending = new Set<Promise<unknown>>();

  constructor(kind: LimiterKind, published: PublishedLimit) {
    this.published = published;
    this.limiter = createReferenceLimiter(kind, published.value, UNIT_MS[published.unit]);
  }

  /** @param instances how many it takes there to be until Redis has said */
  join(name: string, instances = 1): Instance {
    const real = createRedisBudgetStore({
      redis,
      instance: name,
      prefix: this.#prefix,
      now: () => this.clock.now(),
    });
    const instance = new Instance(
      this,
      (report) => {
        if (!this.isStoreUp) return Promise.reject(new Error('Redis is away'));
        this.exchanges++;
        const answer = real.exchange(report);
        this.#pending.add(answer);
        const done = () => void this.#pending.delete(answer);
        answer.then(done, done);
        return answer;
      },
      instances,
    );
    this.instances.push(instance);
    return instance;
  }

  /** Redis is gone with all it knew. */
  async lose(): Promise<void> {
    this.isStoreUp = false;
    const keys = await redis.keys(`${this.#prefix}*`);
    if (keys.length > 0) await redis.del(...keys);
  }

  /** Somebody writes over what Redis holds. */
  async spoil(rubbish: (key: string) => Promise<unknown>): Promise<void> {
    for (const key of await redis.keys(`${this.#prefix}*`)) {
      await redis.del(key);
      await rubbish(key);
    }
  }

  /** Moves time on, event by event, letting every exchange finish at the moment it was made. */
  async run(ms: number): Promise<void> {
    const end = this.clock.monotonic() + ms;
    await this.#quiet();
    for (let next = this.clock.nextIn(); next !== undefined; next = this.clock.nextIn()) {
      if (this.clock.monotonic() + next > end) break;
      this.clock.tick(next);
      await this.#quiet();
    }
    this.clock.tick(end - this.clock.monotonic());
  }

  async #quiet(): Promise<void> {
    do {
      await Promise.allSettled(this.#pending);
      await new Promise((resolve) => setImmediate(resolve));
    } while (this.#pending.size > 0);
  }
}

class Instance {
  readonly shaper: Shaper;
  readonly states: string[] = [];
  isAlive = true;
  sent = 0;
  refused = 0;
  readonly #world: World;

  constructor(world: World, exchange: BudgetStore['exchange'], instances: number) {
    this.#world = world;
    const { clock } = world;
    this.shaper = createShaper({
      clock,
      settings: TEST_SETTINGS,
      shares: () => 1,
      observe: silentObserver,
      lease: (holder) =>
        new BudgetLease({
          clock,
          store: { exchange: (report) => this.#whileAlive(exchange, report) },
          holder,
          budget: 'someone|DFW',
          instances,
          onState: (state) => this.states.push(state),
        }),
    });
    this.shaper.setLimits([world.published]);
  }

  #whileAlive(exchange: BudgetStore['exchange'], report: ExchangeReport): Promise<ExchangeAnswer> {
    return this.isAlive ? exchange(report) : new Promise(() => undefined);
  }

  /** Asks for so many slots at once. */
  flood(count: number, overrides: Partial<Ask> = {}): void {
    for (let index = 0; index < count; index++) this.request(overrides);
  }

  request(overrides: Partial<Ask> = {}): void {
    const outcome = this.shaper.acquire(ask('/servers', overrides));
    const given = (answer: Awaited<typeof outcome>) => {
      if (answer.refused) this.refused++;
      else if (this.isAlive) this.#send(answer);
    };
    if (outcome instanceof Promise) void outcome.then(given, () => undefined);
    else given(outcome);
  }

  #send(permit: Permit): void {
    const world = this.#world;
    this.sent++;
    const latencyMs = (this.sent * 37) % 60;
    world.clock.setTimer(() => {
      if (!world.limiter.arrive(world.clock.monotonic())) world.rejections++;
      world.clock.setTimer(() => permit.answered(200), latencyMs);
    }, latencyMs);
  }

  /** kill -9. */
  kill(): void {
    this.isAlive = false;
  }
}

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
    const world = new World(kind, limit('GET', '*', 60, 'SECOND'));
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
    const world = new World('sliding', limit('GET', '*', 60, 'SECOND'));
    const [busy] = ['a', 'b', 'c'].map((name) => world.join(name));
    await world.run(3_000);
    busy!.flood(900);
    await world.run(15_000);
    expect(world.rejections).toBe(0);
    expect(busy!.sent / ((60 * 15_000) / 1060)).toBeGreaterThan(0.85);
  });

  it('comes back to a newcomer and to those who idled', async () => {
    const world = new World('fixed', limit('GET', '*', 60, 'SECOND'));
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

  it('goes round when there are fewer slots than instances', async () => {
    const world = new World('fixed', limit('GET', '*', 2, 'SECOND'));
    const five = ['a', 'b', 'c', 'd', 'e'].map((name) => world.join(name));
    for (const instance of five) instance.flood(50);
    await world.run(40_000);
    expect(world.rejections).toBe(0);
    for (const { sent } of five) expect(sent).toBeGreaterThan(4);
  });

  it.each(LIMITER_KINDS)('gets the slots of a killed instance back, and not too early (%s)', async (kind) => {
    const world = new World(kind, limit('GET', '*', 40, 'SECOND'));
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
      const world = new World(kind, limit('GET', '*', 60, 'SECOND'));
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
      const world = new World(kind, limit('GET', '*', 60, 'SECOND'));
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
    const world = new World('fixed', limit('GET', '*', 60, 'SECOND'));
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
    const world = new World('fixed', limit('GET', '*', 60, 'SECOND'));
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

  it.each<[string, (key: string) => Promise<unknown>]>([
    ['text', (key) => redis.set(key, 'rubbish')],
    ['JSON of another kind', (key) => redis.set(key, '{"live": 7}')],
    ['a hash', (key) => redis.hset(key, 'a', 'b')],
  ])('is made anew from rubbish: %s', async (_what, rubbish) => {
    const world = new World('fixed', limit('GET', '*', 60, 'SECOND'));
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

  it('lets a newcomer send although the region says that others have used a part of the limit', async () => {
    const world = new World('sliding', limit('GET', '*', 100, 'MINUTE'));
    const first = world.join('a');
    first.flood(40);
    await world.run(3_000);
    const newcomer = world.join('b');
    const now = world.clock.monotonic();
    newcomer.shaper.setLimits([{ ...world.published, unit: 'MINUTE', verb: 'ALL', remaining: 50 }], {
      askedAt: now,
      answeredAt: now,
    });
    newcomer.flood(20);
    await world.run(3_000);
    expect(newcomer.sent).toBe(20);
  });

  it('keeps a DAY limit over the restart of every instance', async () => {
    const world = new World('sliding', limit('POST', '/servers', 50, 'DAY'));
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
        const world = new World(kind, limit('GET', '*', value, 'SECOND'));
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
    const world = new World('sliding', limit('GET', '*', 20, 'MINUTE'));
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
