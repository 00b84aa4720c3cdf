import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type RedisServer, redisAvailable, startRedis } from '../support/redis-server.ts';
import { STUB } from '../support/stub-documents.ts';
import type { StubRegion } from '../support/stub-region.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

const DETAIL = '/dfw/v2/700100/images/detail';
const IMAGE = `/dfw/v2/700100/images/${STUB.imageId}`;

describe.skipIf(!redisAvailable())('two gateways on one Redis', () => {
  let redis: RedisServer;
  let upstream: StubUpstream;
  let dfw: StubRegion;
  let gateways: TestGateway[];
  let one: TestGateway;
  let two: TestGateway;

  beforeEach(async () => {
    redis = await startRedis();
    upstream = await startStubUpstream();
    dfw = upstream.region('DFW');
    const options = {
      identityUrl: upstream.identityUrl,
      settings: { redis: { url: redis.url, signingKeys: ['a key that both instances have in common'] } },
    };
    gateways = [await startGateway(options), await startGateway(options)];
    [one, two] = gateways as [TestGateway, TestGateway];
    for (const gateway of gateways) await connected(gateway);
  });

  afterEach(async () => {
    for (const gateway of gateways) await gateway.close();
    await upstream.close();
    await redis.stop();
  });

  /** Resolves once the gateway reads from Redis and nothing fails; until then it answers without it. */
  async function connected(gateway: TestGateway): Promise<void> {
    const reads = () => gateway.metric('sluice_redis_duration_seconds_count', { operation: 'begin' });
    const failures = () => gateway.metric('sluice_redis_errors_total');
    for (;;) {
      const [readsBefore, failuresBefore] = [await reads(), await failures()];
      await ask(`${gateway.url}/dfw/v2/700100/extensions`, { headers: { 'cache-control': 'max-age=0' } });
      if ((await reads()) > readsBefore && (await failures()) === failuresBefore) break;
    }
    dfw.forget();
  }

  it('cost the region one request for both', async () => {
    const first = await ask(one.url + DETAIL);
    expect(first.headers['x-cache']).toBe('MISS');
    const second = await ask(two.url + DETAIL);
    expect(second.status).toBe(200);
    expect(second.headers['x-cache']).toBe('HIT');
    expect(second.headers['cache-status']).toContain('detail=shared');
    expect(second.text.replaceAll(two.url, one.url)).toBe(first.text);
    expect(dfw.count('GET /images/detail')).toBe(1);
  });

  it('cost the region one request for both when 100 callers ask at the same moment', async () => {
    const asked = Array.from({ length: 100 }, (_, at) => ask(gateways[at % 2]!.url + DETAIL));
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(dfw.count('GET /images/detail')).toBe(1);
  });

  it('a write through one drops on the other at once', async () => {
    for (const gateway of gateways) await ask(gateway.url + DETAIL);
    expect((await ask(two.url + DETAIL)).headers['cache-status']).toContain('hit');
    expect((await ask(one.url + IMAGE, { method: 'DELETE' })).status).toBe(204);
    // Pub/sub is quick but not part of the answer to the write: the other is told a moment later.
    const told = () => two.metric('sluice_cache_invalidations_total', { cause: 'peer' });
    while ((await told()) === 0) await new Promise(setImmediate);
    expect((await ask(two.url + DETAIL)).headers['x-cache']).toBe('MISS');
    expect(dfw.count('GET /images/detail')).toBe(2);
  });

  it('a purge on one empties both', async () => {
    for (const gateway of gateways) await ask(gateway.url + DETAIL);
    await ask(`${one.adminUrl}/admin/cache/purge`, { method: 'POST' });
    const told = () => two.metric('sluice_cache_invalidations_total', { cause: 'peer' });
    while ((await told()) === 0) await new Promise(setImmediate);
    expect((await ask(two.url + DETAIL)).headers['x-cache']).toBe('MISS');
  });

  it('go on answering when Redis is killed in the middle, and use it again when it is back', async () => {
    await ask(one.url + DETAIL);
    const burst = Array.from({ length: 60 }, (_, at) =>
      ask(`${gateways[at % 2]!.url}/dfw/v2/700100/images?limit=${at + 1}`),
    );
    await redis.kill();
    for (const { status } of await Promise.all(burst)) expect(status).toBe(200);
    for (const gateway of gateways) {
      expect((await ask(gateway.url + DETAIL)).status).toBe(200);
      expect((await ask(`${gateway.url}/dfw/v2/700100/servers`)).status).toBe(200);
      expect((await ask(gateway.url + IMAGE, { method: 'DELETE' })).status).toBe(204);
    }
    await redis.restart();
    // Each asks for what the other has not asked yet, until the two share again.
    for (let at = 100; ; at++) {
      const path = `/dfw/v2/700100/images?limit=${at}`;
      expect((await ask(one.url + path)).status).toBe(200);
      const { status, headers } = await ask(two.url + path);
      expect(status).toBe(200);
      if (headers['cache-status']?.includes('detail=shared')) break;
    }
  }, 60_000);

  it('say so in one warning and in the metrics', async () => {
    const warnings = () =>
      one.logged().filter(({ level, msg }) => Number(level) >= 40 && String(msg).startsWith('Redis ')).length;
    const before = warnings();
    await redis.kill();
    for (let at = 0; at < 10; at++) await ask(`${one.url}/dfw/v2/700100/images?limit=${at + 1}`);
    expect(await one.metric('sluice_redis_errors_total')).toBeGreaterThan(0);
    expect(warnings() - before).toBeGreaterThanOrEqual(1);
    expect(warnings() - before).toBeLessThanOrEqual(2);
  });
});
