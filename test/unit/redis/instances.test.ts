import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createRedis, type RedisConnection } from '../../../src/redis/connection.ts';
import {
  differences,
  exchangeInstances,
  fingerprintOf,
  type InstanceRecord,
  leaveInstances,
  RECORD_LIFE_MS,
  readInstances,
} from '../../../src/redis/instances.ts';
import { createSeal } from '../../../src/redis/seal.ts';
import { type RedisServer, redisAvailable, startRedis } from '../../support/redis-server.ts';

const KEY = 'sluice:1:instances';
const seal = createSeal(['a key that both instances have in common']);
const record = (id: string): InstanceRecord => {
  return { id, host: 'here', version: '1.0.0', startedAt: 5, settings: { 'limits.maxWaitMs': 'x' } };
};

it('settings have the same digests exactly when they are the same', () => {
  const one = fingerprintOf({
    limits: { maxWaitMs: 1, static: [{ verb: 'GET' }] },
    cache: { enabled: true },
  });
  expect(Object.keys(one)).toEqual(['limits.maxWaitMs', 'limits.static', 'cache.enabled']);
  const other = fingerprintOf({
    limits: { maxWaitMs: 2, static: [{ verb: 'GET' }] },
    cache: { enabled: true },
  });
  expect(differences(one, other)).toEqual(['limits.maxWaitMs']);
  expect(differences(one, one)).toEqual([]);
  expect(differences(one, {})).toEqual([]);
});

describe.skipIf(!redisAvailable())('the records of instances', () => {
  let server: RedisServer;
  let redis: RedisConnection;
  beforeAll(async () => {
    server = await startRedis();
    redis = createRedis(
      { url: server.url, sentinels: null, cluster: null, signingKeys: [] },
      { warn: () => {}, info: () => {} },
      { commandTimeoutMs: 20_000 },
    )!;
    await new Promise((resolve) => redis.once('ready', resolve));
  });
  beforeEach(async () => void (await redis.del(KEY)));
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });
  const ids = async () => (await readInstances(redis, seal)).records.map(({ id }) => id).sort();

  it('are read by all, renewed and taken away', async () => {
    expect(await ids()).toEqual([]);
    expect((await exchangeInstances(redis, seal, record('one'))).records).toEqual([record('one')]);
    await exchangeInstances(redis, seal, record('two'));
    await exchangeInstances(redis, seal, record('two'));
    expect(await ids()).toEqual(['one', 'two']);
    await leaveInstances(redis, 'one');
    expect(await ids()).toEqual(['two']);
    expect(await redis.pttl(KEY)).toBeGreaterThan(RECORD_LIFE_MS);
  });

  it('count no longer when they have not been renewed', async () => {
    await exchangeInstances(redis, seal, record('one'));
    const [text] = await redis.hvals(KEY);
    const long = Date.now() - RECORD_LIFE_MS - 1_000;
    await redis.hset(KEY, 'one', text!.replace(/^\d+/, String(long)));
    expect(await ids()).toEqual([]);
    await exchangeInstances(redis, seal, record('two'));
    expect(await redis.hkeys(KEY)).toEqual(['two']);
  });

  it('are believed only with a seal of ours, and as far as they are records', async () => {
    await exchangeInstances(redis, createSeal(['another key that nobody here has got']), record('stranger'));
    const now = String(Date.now());
    await redis.hset(KEY, 'rubbish', `${now} nothing`, 'worse', 'no time');
    for (const wrong of [
      { ...record('a'), host: 'a\nb' },
      { ...record('b'), startedAt: 1e300 },
      { ...record('c'), settings: { 'x"': 'y' } },
      [],
    ]) {
      const text = JSON.stringify(wrong);
      await redis.hset(KEY, text, `${now} ${seal.of('instance', text)} ${text}`);
    }
    expect(await readInstances(redis, seal)).toEqual({ records: [], foreign: 6 });
  });

  it('begin anew when somebody has written more than there can be', async () => {
    await redis.hset(
      KEY,
      Object.fromEntries(Array.from({ length: 1_001 }, (_, at) => [`x${at}`, 'rubbish'])),
    );
    expect((await exchangeInstances(redis, seal, record('one'))).records).toHaveLength(1);
    expect(await redis.hlen(KEY)).toBe(1);
  });
});
