import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Stored } from '../../src/cache/cache.ts';
import { keyOf, scopeOf } from '../../src/cache/key.ts';
import { MOST_UNBOUNDED_KEYS } from '../../src/cache/memory-store.ts';
import { redisKeys, SCOPES } from '../../src/cache/redis/keys.ts';
import { systemClock } from '../../src/clock.ts';
import { type RedisServer, redisAvailable, startRedis } from '../support/redis-server.ts';
import { answering, type Instance, never, ok, openInstance, ShiftedClock } from '../unit/cache/instances.ts';
import { askFor, gate } from '../unit/cache/support.ts';

/** Redis in every kind of trouble: each caller still gets an answer, one warning is logged, and Redis is used again. */

const detail = askFor('/flavors/detail');
const scope = scopeOf('main', 'DFW', 'flavors');
const entryKey = redisKeys.entry(scope, keyOf(detail, detail.path, ''));

describe.runIf(redisAvailable())('when Redis', () => {
  let redis: RedisServer;
  let admin: Redis;
  let open: Instance[];
  const clock = systemClock;

  const instance = (changes = {}): Instance => {
    const one = openInstance(redis.url, clock, changes);
    open.push(one);
    return one;
  };
  const connected = async (changes = {}): Promise<Instance> => {
    const one = instance(changes);
    await used(one);
    return one;
  };

  beforeEach(async () => {
    redis = await startRedis();
    admin = new Redis(redis.url, { retryStrategy: () => 50 });
    admin.on('error', () => {});
    open = [];
  });
  afterEach(async () => {
    for (const { cache } of open) await cache.close();
    admin.disconnect();
    await redis.stop();
  });

  it('is down at start, callers are answered, and it is used once it is there', async () => {
    await redis.kill();
    const one = instance();
    expect((await one.get(detail, answering(ok('"alone"')))).entry.body).toBe('"alone"');
    expect((await one.get(detail, never)).verdict).toBe('hit');
    await redis.restart();
    await used(one);
    await one.get(askFor('/flavors/7'), answering(ok('"shared"')));
    expect((await (await connected()).get(askFor('/flavors/7'), never)).entry.body).toBe('"shared"');
    expect([one.log.warnings.length, one.log.infos.length]).toEqual([1, 1]);
  });

  it('is killed in the middle of a burst, every caller is answered, with one warning', async () => {
    const instances = [await connected(), await connected()];
    const burst = Array.from({ length: 300 }, async (_, at) => {
      if (at === 150) await redis.kill();
      const ask = askFor(`/flavors/${at % 40}`);
      return instances[at % 2]!.get(ask, answering(ok(`"${at % 40}"`)));
    });
    for (const [at, { entry }] of (await Promise.all(burst)).entries())
      expect(entry.body).toBe(`"${at % 40}"`);
    await redis.restart();
    for (const one of instances) {
      await used(one);
      expect(one.log.warnings).toHaveLength(1);
    }
    await instances[0]!.get(detail, answering(ok('"back"')));
    expect((await instances[1]!.get(detail, never)).entry.body).toBe('"back"');
  });

  it('is slow, callers wait for its budget and no longer, and only the first of them', async () => {
    const one = await connected();
    await admin.call('CLIENT', 'PAUSE', '1500', 'ALL');
    for (let id = 0; id < 20; id++)
      expect((await one.get(askFor(`/flavors/${id}`), answering(ok('"x"')))).entry.body).toBe('"x"');
    const tried = one.commands.filter((command) => command === 'begin timeout');
    expect(tried.length).toBe(1);
    expect(one.log.warnings).toHaveLength(1);
    await used(one);
    expect(one.log.infos).toHaveLength(1);
  });

  it('is full, answers are still read from it, and a write still makes them worthless', async () => {
    const [one, two] = [await connected(), await connected()];
    const image = askFor('/images/a');
    await one.get(image, answering(ok('"old"')));
    await stored(admin, 'images');
    await admin.config('SET', 'maxmemory', '1');
    expect((await two.get(image, never)).entry.body).toBe('"old"');
    expect((await one.get(detail, answering(ok('"kept here"')))).entry.body).toBe('"kept here"');
    expect((await one.get(detail, never)).entry.body).toBe('"kept here"');
    await two.cache.invalidate({ ...image, invalidates: ['image'] });
    const third = await connected();
    expect((await third.get(image, answering(ok('"new"')))).entry.body).toBe('"new"');
    await admin.config('SET', 'maxmemory', '0');
    await one.get(askFor('/flavors/1'), answering(ok('"shared"')));
    expect((await third.get(askFor('/flavors/1'), never)).entry.body).toBe('"shared"');
  });

  it.each([
    ['text', () => admin.set(entryKey, 'no entry')],
    ['a hash', () => replaceByHash(admin, entryKey)],
    [
      'an entry cut short',
      async () => admin.set(entryKey, (await admin.getBuffer(entryKey))!.subarray(0, 120)),
    ],
    ['an entry with a wrong byte', () => admin.setrange(entryKey, 150, '\u0007')],
    ['a generation that is none', () => admin.set(redisKeys.generation(scope), 'seven')],
    ['a generation that is a hash', () => replaceByHash(admin, redisKeys.generation(scope))],
  ])('holds rubbish (%s), it is ignored and overwritten', async (_, spoil) => {
    const one = await connected();
    await one.get(detail, answering(ok(`"${'good '.repeat(60)}"`)));
    await stored(admin, 'flavors');
    await spoil();
    const two = await connected();
    expect((await two.get(detail, answering(ok('"fresh"')))).entry.body).toBe('"fresh"');
    expect((await (await connected()).get(detail, never)).entry.body).toBe('"fresh"');
  });

  it('holds anything at all under any of its keys, callers are answered by the upstream', async () => {
    const one = await connected();
    const names = [
      entryKey,
      redisKeys.generation(scope),
      redisKeys.lock(scope, keyOf(detail, detail.path, '')),
      redisKeys.unbounded(scope),
      SCOPES,
    ];
    const value = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc.bigInt({ min: -1n, max: 10n ** 20n }).map((number) => Buffer.from(`${number}`)),
      fc
        .tuple(fc.nat(), fc.uint8Array({ maxLength: 40 }))
        .map(([number, rest]) =>
          Buffer.concat([
            Buffer.from(`2 ${number} 200 1 9999999999999 9999999999999 9999999999999 p `),
            rest,
          ]),
        ),
      fc.constantFrom('list', 'hash', 'zset', 'set'),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom(...names), value), { maxLength: 4 }),
        async (spoils) => {
          for (const [name, content] of spoils) await put(admin, name, content);
          const answer = await one.get({ ...detail, cacheControl: 'max-age=0' }, answering(ok('"region"')));
          expect([answer.entry.body, answer.verdict]).toEqual(['"region"', 'miss']);
          await one.cache.invalidate({ ...detail, params: {}, invalidates: ['imageLists'] });
        },
      ),
      { numRuns: 60 },
    );
    await admin.flushall();
    expect((await (await connected()).get(detail, answering(ok('"next"')))).entry.body).toBe('"next"');
    expect(one.log.warnings.filter((line) => !line.includes('signingKeys'))).toEqual([]);
  });

  it('holds rubbish where the scopes are listed, that is overwritten and no outage', async () => {
    const one = await connected();
    await admin.set(SCOPES, 'rubbish');
    expect(await one.cache.purge({})).toBe(0);
    await one.get(detail, answering(ok('"x"')));
    await vi.waitFor(async () => expect(await admin.smembers(SCOPES)).toEqual([scope]));
    expect(one.log.warnings).toEqual([]);
  });

  it('gets full while an answer is fetched, that is no outage', async () => {
    const one = await connected();
    await one.get(detail, async () => {
      await admin.config('SET', 'maxmemory', '1');
      return ok('"x"');
    });
    await vi.waitFor(() => expect(one.log.warnings).toHaveLength(1));
    expect(one.log.warnings[0]).toContain('is full');
    expect(one.commands.filter((command) => !/ (?:ok|full|skipped)$/.test(command))).toEqual([]);
  });

  it.each([
    ['a disk that fails (MISCONF)', failingDisk, (admin: Redis) => admin.config('SET', 'save', '')],
    [
      'too few replicas (NOREPLICAS)',
      (admin: Redis) => admin.config('SET', 'min-replicas-to-write', '1'),
      (admin: Redis) => admin.config('SET', 'min-replicas-to-write', '0'),
    ],
  ])(
    'has %s, nothing is read that could not be told of, and it is used once it works',
    async (_, fail, mend) => {
      const [one, two, third] = [await connected(), await connected(), await connected()];
      const image = askFor('/images/a');
      await one.get(image, answering(ok('"old"')));
      await stored(admin, 'images');
      expect((await two.get(image, never)).entry.body).toBe('"old"');
      await fail(admin);
      await one.cache.invalidate({ ...image, invalidates: ['image'] });
      expect((await third.get(image, answering(ok('"new"')))).entry.body).toBe('"new"');
      expect(one.log.warnings).toEqual([expect.stringContaining('takes no writes')]);
      await mend(admin);
      await vi.waitFor(() => expect(two.cache.lookup(image).verdict).toBe('miss'), 10_000);
      await vi.waitFor(() => expect(one.log.infos).toHaveLength(1), 5000);
    },
  );

  it('comes back empty, answers from before are not trusted, for messages may have been lost', async () => {
    const one = await connected();
    await one.get(askFor('/images/a'), answering(ok('"old"')));
    await redis.kill();
    await redis.restart();
    await vi.waitFor(() => expect(one.cache.lookup(askFor('/images/a')).verdict).toBe('miss'), 5000);
  });

  it('was away while somebody wrote, the change is told when it is back', async () => {
    const [one, two] = [await connected(), await connected()];
    const image = askFor('/images/a');
    await one.get(image, answering(ok('"old"')));
    await two.get(image, never);
    await admin.call('CLIENT', 'PAUSE', '400', 'ALL');
    await one.cache.invalidate({ ...image, invalidates: ['image'] });
    await vi.waitFor(() => expect(two.cache.lookup(image).verdict).toBe('miss'), 5000);
    expect((await two.get(image, answering(ok('"new"')))).entry.body).toBe('"new"');
  });

  it('has a fetching instance die, the others wait for a bounded time and go themselves', async () => {
    const [dying, other] = [await connected(), await connected()];
    const asked = gate<void>();
    const stuck = dying.get(detail, () => {
      asked.open();
      return gate<Stored>().promise;
    });
    stuck.catch(() => {});
    await asked.promise;
    expect((await other.get(detail, answering(ok('"mine"')))).entry.body).toBe('"mine"');
    expect(other.commands.filter((command) => command === 'begin ok').length).toBeGreaterThan(3);
  });

  it('is shared with callers who invent queries, those share a fixed number of places, rubbish or not', async () => {
    const one = await connected();
    const unbounded = redisKeys.unbounded(scope);
    await one.get(detail, answering(ok('"kept"')));
    const entries = () => admin.keys(`${redisKeys.entry(scope, '')}*`);
    for (let at = 0; at < MOST_UNBOUNDED_KEYS + 40; at++) {
      if (at === 20) await admin.set(unbounded, 'rubbish');
      await one.get(askFor(`/flavors?_=${at}`), answering(ok('"x"')));
    }
    await vi.waitFor(async () => expect(await admin.zcard(unbounded)).toBe(MOST_UNBOUNDED_KEYS));
    // What was registered before the rubbish expires by itself.
    expect((await entries()).length).toBeLessThanOrEqual(1 + 20 + MOST_UNBOUNDED_KEYS);
    expect(await admin.pttl(unbounded)).toBeGreaterThan(3_600_000);
    expect((await (await connected()).get(detail, never)).entry.body).toBe('"kept"');
  });

  it('lets go of entries after their last use', async () => {
    const shifted = new ShiftedClock();
    const one = openInstance(redis.url, shifted, {
      flavors: { ttl: 10, staleWhileRevalidate: 20, staleIfError: 30 },
    });
    open.push(one);
    await used(one);
    await one.get(detail, answering(ok('"x"')));
    await stored(admin, 'flavors');
    const ttlMs = await admin.pttl(entryKey);
    expect(ttlMs).toBeGreaterThan(35_000);
    expect(ttlMs).toBeLessThanOrEqual(40_000);
  });
});

/** Puts a text, or something of another type, under a key. */
async function put(admin: Redis, name: string, content: Buffer | string): Promise<void> {
  await admin.del(name);
  if (typeof content !== 'string') await admin.set(name, content);
  else if (content === 'list') await admin.rpush(name, 'x');
  else if (content === 'hash') await admin.hset(name, 'x', 'y');
  else if (content === 'zset') await admin.zadd(name, 1, 'x');
  else await admin.sadd(name, 'x');
}

/** A snapshot fails, after which Redis takes no writes. */
async function failingDisk(admin: Redis): Promise<void> {
  const [, folder] = (await admin.config('GET', 'dir')) as [string, string];
  await mkdir(join(folder, 'dump.rdb', 'in-the-way'), { recursive: true });
  await admin.config('SET', 'save', '3600 1');
  await admin.bgsave();
  const isFailed = async () => (await admin.info('persistence')).includes('rdb_last_bgsave_status:err');
  await vi.waitFor(async () => expect(await isFailed()).toBe(true), 5000);
}

/** Resolves once the instance talks to Redis (again). */
async function used({ cache, commands }: Instance): Promise<void> {
  commands.length = 0;
  await vi.waitFor(async () => {
    await cache.purge({ account: 'nobody' });
    expect(commands).toContain('scopes ok');
    expect(commands.at(-1)).toBe('scopes ok');
  }, 8000);
}

/** Answers are stored behind their callers' backs; resolves once something of that class is there. */
async function stored(admin: Redis, resource: string): Promise<void> {
  await vi.waitFor(async () => expect(await admin.keys(`*${resource}*:entry:*`)).not.toEqual([]));
}

async function replaceByHash(admin: Redis, key: string): Promise<void> {
  await admin.del(key);
  await admin.hset(key, 'not', 'a number');
}
