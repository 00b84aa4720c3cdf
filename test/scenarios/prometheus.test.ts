import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
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

const canRun = programAvailable('prometheus') && redisAvailable();

beforeEach(async () => {
  if (!canRun) return;
  upstream = await startStubUpstream();
  redis = await startRedis();
  gateway = await startGateway({
    identityUrl: upstream.identityUrl,
    settings: {
      redis: { url: redis.url },
      access: { clients: [{ name: 'billing' }] },
      limits: {
        source: 'static',
        maxWaitMs: 600_000,
        static: [
          { verb: 'GET', uri: '/servers', value: 3, unit: 'MINUTE' },
          { verb: 'GET', uri: '*', value: 60, unit: 'DAY' },
          { verb: 'DELETE', uri: '*', value: 0, unit: 'DAY' },
        ],
      },
    },
  });
  prometheus = await startPrometheus(gateway.adminUrl);
});

afterEach(async () => {
  if (!canRun) return;
  await prometheus.stop();
  await gateway.close();
  await redis.stop();
  await upstream.close();
});

const as = { headers: { 'x-sluice-client': 'billing' } };
const get = (path: string) => ask(`${gateway.url}/dfw/v2/700100${path}`, as);

/** What the questions are about happens again and again: a series has an increase from its second sample on. */
async function happen(): Promise<void> {
  await Promise.all([
    get('/flavors'),
    get('/images'),
    get('/os-keypairs'),
    ask(`${gateway.url}/dfw/v2/700100/servers/1`, { method: 'DELETE', ...as }),
  ]);
}

describe.skipIf(!canRun)('a real Prometheus', () => {
  it('answers every question of docs/on-call.md, and takes every query of the dashboards', async () => {
    const dfw = upstream.region('DFW');
    dfw.on('GET /os-keypairs', unavailable, tooMany.rateBySeconds(1), json({ keypairs: [] }));
    for (let time = 0; time < 3; time++) await get('/servers');
    const waiting = get('/servers').catch(() => {});
    await expect
      .poll(async () => (await prometheus.query('sluice_limit_waiting_requests').catch(() => [])).length, {
        timeout: 60_000,
      })
      .toBeGreaterThan(0);

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
    const [oldest] = await prometheus.query('max(sluice_limit_queue_oldest_seconds)');
    expect(Number(oldest!.value[1])).toBeGreaterThan(0);
    expect(await prometheus.query('sluice_redis_up')).toHaveLength(2);

    for (const { expression } of dashboardQueries()) {
      if (expression.startsWith('label_values')) continue;
      await prometheus.query(expression.replace('$account', 'main').replace('$client', 'billing'));
    }
    await gateway.close(0);
    await waiting;
  }, 240_000);
});
