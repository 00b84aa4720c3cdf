import { Redis } from 'ioredis';
import { expect, it } from 'vitest';
import { NO_FINDINGS } from '../../../../src/limits/learned/findings.ts';
import { createRedisBudgetStore } from '../../../../src/limits/shared/redis-store.ts';
import { redisAvailable, startRedis } from '../../../support/redis-server.ts';

it.skipIf(!redisAvailable())(
  'what was found out of limits is kept for a week after all have gone',
  async () => {
    const server = await startRedis();
    const redis = new Redis(server.url);
    const exchange = (instance: string, findings = NO_FINDINGS) =>
      createRedisBudgetStore({ redis, instance }).exchange({
        budget: 'someone|DFW',
        instances: 1,
        isLeaving: true,
        limits: [],
        findings,
      });
    const lifeMs = async () => redis.pttl((await redis.keys('*'))[0]!);
    await exchange('a');
    expect(await lifeMs()).toBeLessThanOrEqual(60_000);
    const estimate = {
      verb: 'ALL',
      unit: 'SECOND',
      version: 7,
      value: 20,
      good: 20,
      step: 1,
      failures: 2,
    } as const;
    await exchange('a', { estimates: [estimate], letThrough: [] });
    expect(await lifeMs()).toBeGreaterThan(6 * 86_400_000);
    expect((await exchange('b')).findings.estimates).toEqual([estimate]);
    redis.disconnect();
    await server.stop();
  },
);
