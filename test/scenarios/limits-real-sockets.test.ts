import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { createRedisBudgetStore } from '../../src/limits/shared/redis-store.ts';
import { createLimitedCaller } from '../support/limited-caller.ts';
import { redisAvailable, startRedis } from '../support/redis-server.ts';
import { startReferenceRegion } from '../support/reference-region.ts';
import { LIMITER_KINDS, type LimiterKind } from '../support/reference-upstreams.ts';

/** A connection as `createRedis` makes them: what cannot be sent fails at once. */
function connectTo(url: string): Redis {
  const redis = new Redis(url, { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: 200 });
  redis.on('error', () => undefined);
  return redis;
}

/** Three instances of Sluice in front of one region, which share its budget through a Redis of their own. */
async function startThree(kind: LimiterKind, value: number) {
  const server = await startRedis();
  const region = await startReferenceRegion(kind, value);
  const instances = ['a', 'b', 'c'].map((instance) => {
    const redis = connectTo(server.url);
    return {
      redis,
      caller: createLimitedCaller(region.origin, createRedisBudgetStore({ redis, instance })),
    };
  });
  return {
    server,
    region,
    /** Each of them sends so many requests with so many callers. */
    async send(count: number, callers: number) {
      return (await Promise.all(instances.map(({ caller }) => caller.send(count, callers)))).flat();
    },
    async stop() {
      await Promise.all(instances.map(({ caller }) => caller.close()));
      for (const { redis } of instances) redis.disconnect();
      await Promise.all([region.stop(), server.stop()]);
    },
  };
}

/** How long the event loop, which callers, instances and regions share here, has stood still at most. */
const standstill = monitorEventLoopDelay({ resolution: 20 });
standstill.enable();

/**
 * Every request was let through, or nearly: what is on its way while the machine stands still reaches the region later than it
 * left, and on top of what left after it. That there is none without such delays the models on a fake clock hold.
 */
function expectLetThrough(statuses: readonly unknown[], rejected: number): void {
  const refused = statuses.filter((status) => status !== 200).length;
  // What has no answer within a second is taken for counted: longer, and whole seconds' worth may be late.
  const part = standstill.max / 1e6 > 500 ? 0.2 : 0.01;
  expect(refused, `standstill ${standstill.max / 1e6} ms`).toBeLessThanOrEqual(part * statuses.length);
  expect(rejected).toBeLessThanOrEqual(part * statuses.length);
}

describe.concurrent('a region over real sockets', () => {
  it.each(LIMITER_KINDS)(
    'that allows 40 a second answers 1000 requests of 200 callers, hardly one of them late (%s)',
    async (kind) => {
      const region = await startReferenceRegion(kind, 40);
      const caller = createLimitedCaller(region.origin);
      const statuses = await caller.send(1000, 200);
      await caller.close();
      await region.stop();
      expect(statuses).toHaveLength(1000);
      expectLetThrough(statuses, region.counts.rejected);
      // All of them and GET /limits, which is charged as well.
      expect(region.counts.accepted + region.counts.rejected).toBe(1001);
    },
    90_000,
  );

  it.skipIf(!redisAvailable()).each(LIMITER_KINDS)(
    'that allows 60 a second answers three instances on one Redis, hardly one request late (%s)',
    async (kind) => {
      const three = await startThree(kind, 60);
      const statuses = await three.send(200, 40);
      await three.stop();
      expect(statuses).toHaveLength(600);
      expectLetThrough(statuses, three.region.counts.rejected);
    },
    90_000,
  );

  it.skipIf(!redisAvailable())(
    'answers three instances, hardly one request late, when Redis is killed in the middle and comes back',
    async () => {
      const three = await startThree('fixed', 60);
      const before = three.send(200, 20);
      while (three.region.counts.accepted < 150) await pause(20);
      await three.server.kill();
      const killedAt = three.region.counts.accepted;
      while (three.region.counts.accepted < 350) await pause(20);
      await three.server.restart();
      const backAt = three.region.counts.accepted;
      const statuses = [...(await before), ...(await three.send(40, 20))];
      await three.stop();
      expect([killedAt < 600, backAt < 600]).toEqual([true, true]);
      expect(statuses).toHaveLength(720);
      expectLetThrough(statuses, three.region.counts.rejected);
    },
    90_000,
  );
});
