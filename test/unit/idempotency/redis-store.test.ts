import { once } from 'node:events';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LocalStore } from '../../../src/idempotency/local-store.ts';
import { RedisIdempotencyStore } from '../../../src/idempotency/redis-store.ts';
import type { Claimed } from '../../../src/idempotency/store.ts';
import { createSeal } from '../../../src/redis/seal.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { redisAvailable, startRedis } from '../../support/redis-server.ts';
import { KEEP_MS, recordAt } from './records.ts';

const SILENT = { warn: () => undefined, info: () => undefined };

/** A Redis, and what one instance remembers in it. */
async function start() {
  const server = await startRedis();
  const [redis, other] = [new Redis(server.url), new Redis(server.url)];
  const clock = new FakeClock();
  const store = new RedisIdempotencyStore({
    redis,
    clock,
    log: SILENT,
    observe: { usesRedis: () => undefined, redis: () => undefined },
    seal: createSeal(['a key of thirty-two characters..']),
    keepMs: KEEP_MS,
    local: new LocalStore({ clock, maxBytes: 1_000_000 }),
  });
  onTestFinished(async () => {
    await store.close();
    other.disconnect();
    await server.stop();
  });
  await once(redis, 'ready');
  const claim = async (name: string): Promise<[isSure: boolean, isContested: boolean]> => {
    const claimed: Claimed = await store.claim(name, recordAt(clock));
    if (claimed.state !== 'claimed') throw new Error('somebody has it');
    return [claimed.isSure, claimed.held.isContested === true];
  };
  return { other, clock, claim };
}

describe.skipIf(!redisAvailable())('a claim in Redis', () => {
  it('is not sure for the first minute of a process: what was lost before it nobody can tell', async () => {
    const { clock, claim } = await start();
    expect(await claim('a')).toEqual([false, true]);
    clock.tick(60_000);
    expect(await claim('b')).toEqual([true, false]);
  });

  it('is not sure for a day after a failover that no connection was lost in, and contested for a minute', async () => {
    const { other, clock, claim } = await start();
    clock.tick(60_000);
    expect(await claim('a')).toEqual([true, false]);
    // A replica that is made the master begins a history of its own.
    await other.replicaof('127.0.0.1', 1);
    await other.replicaof('NO', 'ONE');
    expect(await claim('b')).toEqual([false, true]);
    clock.tick(60_000);
    expect(await claim('c')).toEqual([false, false]);
    clock.tick(KEEP_MS);
    expect(await claim('d')).toEqual([true, false]);
  });
});
