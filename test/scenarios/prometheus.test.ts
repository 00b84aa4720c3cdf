import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { askAsClient, BUSY_CLIENT, BUSY_READS, startBusyGateway } from '../support/busy-gateway.ts';
import type { TestGateway } from '../support/gateway.ts';
import { programAvailable } from '../support/programs.ts';
import { type Prometheus, startPrometheus } from '../support/prometheus.ts';
import { dashboardQueries, questionQueries } from '../support/queries.ts';
import { type RedisServer, redisAvailable, startRedis } from '../support/redis-server.ts';
import { json, tooMany, unavailable } from '../support/stub-answers.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

let upstream: StubUpstream;
let redis: RedisServer;
let gateway: TestGateway;
let prometheus: Prometheus;
/** Requests that wait for a slot as long as the test lasts. */
let waiting: Promise<unknown>[];

const canRun = programAvailable('prometheus') && redisAvailable();

beforeEach(async () => {
  if (!canRun) return;
  waiting = [];
  upstream = await startStubUpstream();
  redis = await startRedis();
  gateway = await startBusyGateway(upstream, { redis: { url: redis.url } });
  prometheus = await startPrometheus(gateway.adminUrl);
});

afterEach(async () => {
  if (!canRun) return;
  await prometheus.stop();
  await gateway.close();
  await redis.stop();
  await upstream.close();
});

const get = (path: string) => askAsClient(gateway, path);

/** What the questions are about happens again and again: a series has an increase from its second sample on. */
async function happen(): Promise<void> {
  if ((await gateway.metric('sluice_limit_queue_depth')) === 0) waiting.push(get('/servers').catch(() => {}));
  await Promise.all([
    get('/flavors'),
    get('/images'),
    get('/os-keypairs'),
    askAsClient(gateway, '/servers/1', 'DELETE'),
  ]);
}

describe.skipIf(!canRun)('a real Prometheus', () => {
  it('answers every question of docs/on-call.md, and takes every query of the dashboards', async () => {
    const dfw = upstream.region('DFW');
    dfw.on('GET /os-keypairs', unavailable, tooMany.rateBySeconds(1), json({ keypairs: [] }));
    for (let time = 0; time < BUSY_READS; time++) await get('/servers');
    await expect
      .poll(
        () =>
          prometheus.query('up').then(
            (series) => series.length,
            () => 0,
          ),
        { timeout: 60_000 },
      )
      .toBe(1);

    const open = new Set(questionQueries().map(({ expression }) => expression));
    expect(open.size).toBeGreaterThan(15);
    await expect
      .poll(
        async () => {
          await happen();
          for (const expression of open)
            if ((await prometheus.query(expression)).length > 0) open.delete(expression);
          return [...open];
        },
        { timeout: 90_000, interval: 1_000 },
      )
      .toEqual([]);
    const oldest = async () => {
      await happen();
      const [series] = await prometheus.query('max(sluice_limit_queue_oldest_seconds)');
      return Number(series?.value[1] ?? 0);
    };
    await expect.poll(oldest, { timeout: 60_000, interval: 1_000 }).toBeGreaterThan(0);
    expect(await prometheus.query('sluice_redis_up')).toHaveLength(2);

    for (const { expression } of dashboardQueries()) {
      if (expression.startsWith('label_values')) continue;
      await prometheus.query(expression.replace('$account', 'main').replace('$client', BUSY_CLIENT));
    }
    await gateway.close(0);
    await Promise.all(waiting);
  }, 240_000);
});
