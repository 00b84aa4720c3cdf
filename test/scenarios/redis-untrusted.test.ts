import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { keyOf, scopeOf } from '../../src/cache/key.ts';
import { encodeEntry } from '../../src/cache/redis/codec.ts';
import { CHANNEL, redisKeys, SCOPES } from '../../src/cache/redis/keys.ts';
import { encodeMessage } from '../../src/cache/redis/message.ts';
import { createSeal, type Seal } from '../../src/redis/seal.ts';
import { ask } from '../support/ask.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type RedisServer, redisAvailable, startRedis } from '../support/redis-server.ts';
import { STUB } from '../support/stub-documents.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';
import { askFor } from '../unit/cache/support.ts';

/** Somebody else can write to the Redis that the gateways share: they are answered by the region all the same. */

const KEY = 'the key that all instances have in common';
const PLACE = '/dfw/v2/700100';
const FLAVORS = `${PLACE}/flavors/detail`;
const IMAGE = `${PLACE}/images/${STUB.imageId}`;

describe.runIf(redisAvailable())('a Redis that somebody else writes to', () => {
  let redis: RedisServer;
  let admin: Redis;
  let upstream: StubUpstream;
  let gateways: TestGateway[];

  beforeEach(async () => {
    redis = await startRedis();
    admin = new Redis(redis.url);
    upstream = await startStubUpstream();
    gateways = [];
  });
  afterEach(async () => {
    for (const gateway of gateways) await gateway.close();
    admin.disconnect();
    await upstream.close();
    await redis.stop();
  });

  async function start(signingKeys: string[]): Promise<TestGateway> {
    const settings = { redis: { url: redis.url, signingKeys } };
    const gateway = await startGateway({ identityUrl: upstream.identityUrl, settings });
    gateways.push(gateway);
    const reads = () => gateway.metric('sluice_redis_duration_seconds_count', { operation: 'begin' });
    while ((await reads()) === 0)
      await ask(`${gateway.url}${PLACE}/extensions`, { headers: { 'cache-control': 'max-age=0' } });
    upstream.region('DFW').forget();
    return gateway;
  }

  /** Puts an answer where the gateways look for one, as one of them would write it who has that seal. */
  async function forge(path: string, body: string, seal: Seal, headers = {}): Promise<void> {
    const request = askFor(path, { account: 'main', tenant: '700100', region: 'DFW' });
    const scope = scopeOf('main', 'DFW', request.operation.cache!);
    const key = keyOf(request, path, '');
    const now = Date.now();
    const times = { storedAt: now, freshUntil: now + 3e6, staleUntil: now + 6e6, errorUntil: now + 6e6 };
    const generation = `${now}000`;
    const facts = { key, scope, tenant: '700100', subject: undefined, query: '', ...times };
    const entry = encodeEntry({ ...facts, status: 200, body, headers }, generation, seal)!;
    await admin.set(redisKeys.generation(scope), generation);
    await admin.set(redisKeys.entry(scope, key), entry);
  }

  it('gets no answer of its own out to a caller, whatever key it has', async () => {
    const gateway = await start([KEY]);
    const found = () =>
      gateway.metric('sluice_redis_errors_total', { operation: 'begin', outcome: 'rubbish' });
    for (const seal of [createSeal([]), createSeal(['another key, which is long enough'])]) {
      const before = await found();
      // A Redis that is slow for a moment is not asked, and nothing found in it.
      await vi.waitFor(async () => {
        await ask(`${gateway.adminUrl}/admin/cache/purge`, { method: 'POST' });
        await forge('/flavors/detail', '{"flavors": [{"id": "forged"}]}', seal);
        const answer = await ask(gateway.url + FLAVORS);
        expect([answer.status, answer.headers['x-cache']]).toEqual([200, 'MISS']);
        expect(answer.text).not.toContain('forged');
        expect(await found()).toBeGreaterThan(before);
      }, 10_000);
    }
    expect(gateway.logText()).toContain('redis.signingKeys');
  });

  it('shares what an instance with the newest or an older key wrote', async () => {
    const [one, two] = [await start([KEY]), await start(['a newer key that is as long as others', KEY])];
    await ask(one.url + FLAVORS);
    expect((await ask(two.url + FLAVORS)).headers['cache-status']).toContain('detail=shared');
    expect(upstream.region('DFW').count('GET /flavors/detail')).toBe(1);
  });

  it('cannot put anything into a head where no key is set, and the operator is told what that means', async () => {
    const gateway = await start([]);
    await forge('/flavors/detail', '{"flavors": []}', createSeal([]), { 'retry-after': '1\r\nX-Evil: 1' });
    const answer = await ask(gateway.url + FLAVORS);
    expect([answer.status, answer.headers['x-cache'], answer.headers['x-evil']]).toEqual([
      200,
      'MISS',
      undefined,
    ]);
    expect(gateway.logText()).toContain('redis.signingKeys is empty');
  });

  it('makes no metric series and no memory with invented messages, and drops nothing', async () => {
    const gateway = await start([KEY]);
    for (const _ of ['MISS', 'HIT']) await ask(gateway.url + FLAVORS);
    const seriesBefore = await series(gateway);
    const bySomebody = createSeal([]);
    for (let at = 0; at < 300; at++) {
      const scope = scopeOf('main', `INVENTED${at}`, 'flavors');
      const change = { kind: 'all' } as const;
      await admin.publish(CHANNEL, `${at} ${encodeMessage({ from: 'x', scope, change }, bySomebody)}`);
      await admin.publish(CHANNEL, `${at} ${encodeMessage({ from: 'x', scope, change }, createSeal([KEY]))}`);
    }
    const known = scopeOf('main', 'DFW', 'flavors');
    const forged = encodeMessage({ from: 'x', scope: known, change: { kind: 'all' } }, bySomebody);
    for (const text of [forged, `9007199254740991 ${forged}`, `${'9'.repeat(400)} ${forged}`])
      await admin.publish(CHANNEL, text);
    for (const text of [
      '',
      ' ',
      '1 {',
      '1 null',
      '1 []',
      `1 ${'['.repeat(30_000)}`,
      '{}',
      `1 "${'x'.repeat(100_000)}"`,
    ])
      await admin.publish(CHANNEL, text);
    await vi.waitFor(async () =>
      expect(await gateway.metric('sluice_redis_errors_total', { operation: 'message' })).toBe(300 + 3 + 8),
    );
    expect((await ask(gateway.url + FLAVORS)).headers['x-cache']).toBe('HIT');
    expect((await series(gateway)).filter((name) => !seriesBefore.includes(name))).toEqual([]);
  });

  it('makes no metric series with invented scopes for a purge', async () => {
    const gateway = await start([KEY]);
    const invented = Array.from({ length: 200 }, (_, at) => scopeOf('main', `INVENTED${at}`, 'flavors'));
    await admin.sadd(SCOPES, ...invented, 'no scope', 'a\nb\nc', 'x'.repeat(100_000));
    expect((await ask(`${gateway.adminUrl}/admin/cache/purge`, { method: 'POST' })).status).toBe(200);
    expect((await series(gateway)).join('\n')).not.toMatch(/INVENTED|no scope/);
  });

  it('does not keep a deleted image alive among instances whose keys differ', async () => {
    const [one, two] = [await start([KEY]), await start(['another key, which is long enough'])];
    for (const gateway of [one, two]) await ask(gateway.url + IMAGE);
    expect((await ask(two.url + IMAGE)).headers['x-cache']).toBe('HIT');
    expect((await ask(one.url + IMAGE, { method: 'DELETE' })).status).toBe(204);
    await vi.waitFor(
      async () => expect((await ask(two.url + IMAGE)).headers['x-cache']).not.toBe('HIT'),
      10_000,
    );
  });

  it.each([
    ['a text', 'seven'],
    ['400 digits', '9'.repeat(400)],
    ['the last number there is', '9007199254740991'],
    ['a megabyte', 'x'.repeat(2_000_000)],
  ])('that holds %s for a generation is set right, and invalidations go on', async (_, rubbish) => {
    const [one, two] = [await start([KEY]), await start([KEY])];
    await admin.set(redisKeys.generation(scopeOf('main', 'DFW', 'images')), rubbish);
    for (const gateway of [one, two]) await ask(gateway.url + IMAGE);
    expect((await ask(two.url + IMAGE)).headers['x-cache']).toBe('HIT');
    await ask(one.url + IMAGE, { method: 'DELETE' });
    await vi.waitFor(
      async () => expect((await ask(two.url + IMAGE)).headers['x-cache']).not.toBe('HIT'),
      10_000,
    );
  });
});

describe.runIf(redisAvailable())('credentials that Redis refuses', () => {
  it.each([
    ['a password', 'redis://:s3cr3t-pass-9f@127.0.0.1:'],
    ['a user', 'redis://user:s3cr3t-pass-9f@127.0.0.1:'],
  ])('are not logged (%s), and the warning says what is wrong', async (_, address) => {
    const redis = await startRedis();
    const admin = new Redis(redis.url);
    const upstream = await startStubUpstream();
    await admin.config('SET', 'requirepass', 'another-password');
    const settings = { redis: { url: `${address}${redis.port}` }, log: { level: 'trace', requests: 'all' } };
    const gateway = await startGateway({ identityUrl: upstream.identityUrl, settings });
    try {
      expect((await ask(gateway.url + FLAVORS)).status).toBe(200);
      await vi.waitFor(() => expect(gateway.logText()).toContain('Redis refuses the credentials'), 5000);
      expect(gateway.logText()).not.toContain('s3cr3t-pass-9f');
      expect(gateway.logText()).not.toContain('"command"');
    } finally {
      await gateway.close();
      await upstream.close();
      admin.disconnect();
      await redis.stop();
    }
  });
});

/** Names and labels of all samples. */
async function series({ adminUrl }: TestGateway): Promise<string[]> {
  const { text } = await ask(`${adminUrl}/metrics`);
  const lines = text
    .split('\n')
    .filter((line) => line.startsWith('sluice_') && !/duration|_http_/.test(line));
  return lines.map((line) => line.slice(0, line.lastIndexOf(' ')));
}
