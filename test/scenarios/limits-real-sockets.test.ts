import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { createRedisBudgetStore } from '../../src/limits/redis-budget-store.ts';
import { createLimitedCaller } from '../support/limited-caller.ts';
import { redisAvailable, startRedis } from '../support/redis-server.ts';
import { startReferenceRegion } from '../support/reference-region.ts';
import { LIMITER_KINDS } from '../support/reference-upstreams.ts';

describe.concurrent('a region over real sockets', () => {
  it.each(LIMITER_KINDS)('answers every request of 100 callers without a 413 (%s)', async (kind) => {
    const region = await startReferenceRegion(kind, 40);
    const caller = createLimitedCaller(region.origin);
    const statuses = await caller.send(240, 100);
    await caller.close();
    await region.stop();
    expect(statuses).toHaveLength(240);
    expect(new Set(statuses)).toEqual(new Set([200]));
    // All of them and GET /limits, which is charged as well.
    expect(region.counts).toEqual({ accepted: 241, rejected: 0 });
  });

  it.skipIf(!redisAvailable())(
    'is shared by three instances whose Redis is killed and comes back',
    async () => {
      const server = await startRedis();
      const region = await startReferenceRegion('fixed', 60);
      const connections = ['a', 'b', 'c'].map((instance) => ({
        instance,
        redis: new Redis(server.url, {
          enableOfflineQueue: false,
          maxRetriesPerRequest: 0,
          commandTimeout: 200,
        }),
      }));
      for (const { redis } of connections) redis.on('error', () => undefined);
      const callers = connections.map(({ redis, instance }) =>
        createLimitedCaller(region.origin, createRedisBudgetStore({ redis, instance })),
      );
      const all = async (count: number) =>
        (await Promise.all(callers.map((caller) => caller.send(count, 20)))).flat();
      const before = await all(40);
      await server.kill();
      const without = await all(60);
      await server.restart();
      const after = await all(60);
      await Promise.all(callers.map((caller) => caller.close()));
      for (const { redis } of connections) redis.disconnect();
      await Promise.all([region.stop(), server.stop()]);
      expect(region.counts.rejected).toBe(0);
      expect(new Set([...before, ...without, ...after])).toEqual(new Set([200]));
    },
    40_000,
  );
});
