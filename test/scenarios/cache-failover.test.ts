import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { scopeOf } from '../../src/cache/key.ts';
import { redisKeys } from '../../src/cache/redis/keys.ts';
import { type Clock, systemClock } from '../../src/clock.ts';
import { type RedisServer, redisAvailable, startRedis } from '../support/redis-server.ts';
import { startTcpSwitch, type TcpSwitch } from '../support/tcp-switch.ts';
import { answering, type Instance, never, ok, openInstance } from '../unit/cache/instances.ts';
import { askFor } from '../unit/cache/support.ts';

/** A master that becomes a replica while instances are connected to it: what was deleted stays deleted for all of them. */

const image = askFor('/images/a');
const generation = redisKeys.generation(scopeOf('main', 'DFW', 'images'));
const written = { ...image, invalidates: ['image', 'imageLists'] as const };
const SOON = { timeout: 15_000, interval: 20 };

/** Real time in which no timer takes long. */
const hastyClock: Clock = {
  ...systemClock,
  setTimer: (callback, delayMs) => systemClock.setTimer(callback, Math.min(delayMs, 100)),
};

describe.runIf(redisAvailable())('after a failover with open connections', () => {
  let [old, next] = [] as unknown as [RedisServer, RedisServer];
  let way: TcpSwitch;
  let admins: Redis[];
  let open: Instance[];

  const adminOf = ({ url }: RedisServer): Redis => {
    const admin = new Redis(url, { retryStrategy: () => 50 });
    admin.on('error', () => {});
    admins.push(admin);
    return admin;
  };
  const connected = async (clock: Clock = systemClock): Promise<Instance> => {
    const one = openInstance(`redis://127.0.0.1:${way.port}`, clock);
    open.push(one);
    await used(one);
    return one;
  };

  beforeEach(async () => {
    [admins, open] = [[], []];
    [old, next] = [await startRedis(), await startRedis()];
    way = await startTcpSwitch(old.port);
  });
  afterEach(async () => {
    for (const { cache } of open) await cache.close();
    for (const admin of admins) admin.disconnect();
    await way.close();
    for (const redis of [old, next]) await redis.stop();
  });

  /** The next server holds all that the old one does. */
  async function follow(): Promise<void> {
    await adminOf(next).replicaof('127.0.0.1', old.port);
    await vi.waitFor(async () => expect(await isInStep(adminOf(next))).toBe(true), SOON);
  }

  /** The two change places; connections that are open stay with the old one. */
  async function changePlaces(): Promise<void> {
    await adminOf(next).replicaof('NO', 'ONE');
    await adminOf(old).replicaof('127.0.0.1', next.port);
    way.leadTo(next.port);
  }

  it('a delete is told to the new master, and no instance gives the old answer any more', async () => {
    const [one, two] = [await connected(), await connected()];
    await one.get(image, answering(ok('"old"')));
    await two.get(image, never);
    await follow();
    await changePlaces();
    await one.cache.invalidate(written);
    await vi.waitFor(() => expect(two.cache.lookup(image).verdict).toBe('miss'), SOON);
    await used(two);
    expect((await two.get(image, answering(ok('"new"')))).entry.body).toBe('"new"');
    const third = await connected();
    await vi.waitFor(async () => expect((await third.get(image, never)).entry.body).toBe('"new"'), SOON);
    expect(one.log.warnings).toEqual([expect.stringContaining('is a replica')]);
    await vi.waitFor(() => expect(one.log.infos).toHaveLength(1), SOON);
  }, 60_000);

  it('one that is told of nothing and asks for nothing finds out by itself', async () => {
    const [one, idle] = [await connected(), await connected(hastyClock)];
    await one.get(image, answering(ok('"old"')));
    await idle.get(image, never);
    await follow();
    await adminOf(next).replicaof('NO', 'ONE');
    way.leadTo(next.port);
    // Nothing is told to whoever listens here.
    await adminOf(old).replicaof('127.0.0.1', 1);
    await one.cache.invalidate(written);
    await vi.waitFor(() => expect(idle.cache.lookup(image).verdict).toBe('miss'), SOON);
  }, 60_000);

  it('a delete stays pending while there is no master, and is told as soon as there is one', async () => {
    const [one, two] = [await connected(hastyClock), await connected(hastyClock)];
    await one.get(image, answering(ok('"old"')));
    await two.get(image, never);
    await adminOf(old).replicaof('127.0.0.1', next.port);
    await one.cache.invalidate(written);
    const third = openInstance(old.url, systemClock);
    open.push(third);
    // A server that takes no writes is not read from either: the change could not be told to it.
    expect((await third.get(image, answering(ok('"new"')))).entry.body).toBe('"new"');
    await adminOf(old).replicaof('NO', 'ONE');
    await vi.waitFor(() => expect(two.cache.lookup(image).verdict).toBe('miss'), SOON);
  }, 60_000);

  it('a delete that the new master never got is told again', async () => {
    const [one, two] = [await connected(), await connected()];
    await one.get(image, answering(ok('"old"')));
    await two.get(image, never);
    await follow();
    await adminOf(next).replicaof('NO', 'ONE');
    const before = await adminOf(next).get(generation);
    await one.cache.invalidate(written);
    await old.kill();
    way.leadTo(next.port);
    await vi.waitFor(
      async () => expect(Number(await adminOf(next).get(generation))).toBeGreaterThan(Number(before)),
      SOON,
    );
    const third = await connected();
    expect((await third.get(image, answering(ok('"new"')))).entry.body).toBe('"new"');
  }, 60_000);
});

describe.runIf(redisAvailable())('whatever becomes of messages', () => {
  it('a change that was not heard of is found within seconds', async () => {
    const redis = await startRedis();
    const admin = new Redis(redis.url);
    const one = openInstance(redis.url, hastyClock);
    try {
      await used(one);
      await one.get(image, answering(ok('"old"')));
      await vi.waitFor(async () => expect(await admin.exists(generation)).toBe(1), SOON);
      await admin.set(generation, String(Number(await admin.get(generation)) + 1));
      await vi.waitFor(() => expect(one.cache.lookup(image).verdict).toBe('miss'), SOON);
    } finally {
      await one.cache.close();
      admin.disconnect();
      await redis.stop();
    }
  }, 30_000);
});

async function isInStep(replica: Redis): Promise<boolean> {
  const info = await replica.info('replication');
  return info.includes('master_link_status:up') && (await replica.exists(generation)) === 1;
}

/** Resolves once the instance talks to a Redis that it can write to. */
async function used({ cache, commands }: Instance): Promise<void> {
  await vi.waitFor(async () => {
    commands.length = 0;
    await cache.fetch(cache.lookup(askFor('/extensions', { region: 'PROBE' })), answering(ok('{}')));
    await cache.purge({ region: 'PROBE' });
    expect(commands).toContain('begin ok');
    expect(commands).toContain('scopes ok');
  }, SOON);
}
