import { createServer } from 'node:net';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { NO_FINDINGS } from '../../src/limits/learned/findings.ts';
import { createRedisBudgetStore } from '../../src/limits/shared/redis-store.ts';
import { createRedis } from '../../src/redis/connection.ts';
import { redisAvailable } from '../support/redis-server.ts';
import { type RedisTopology, startCluster, startSentinel } from '../support/redis-topology.ts';
import {
  answering,
  type Instance,
  NO_REDIS,
  never,
  ok,
  openInstance,
  ShiftedClock,
} from '../unit/cache/instances.ts';
import { askFor } from '../unit/cache/support.ts';

/** What instances share, where Redis is more than one server: cached answers, news of changes, and budgets. */

const detail = askFor('/flavors/detail');
const image = askFor('/images/a');

let topology: RedisTopology | undefined;
let open: { close(): Promise<void> | void }[] = [];

afterEach(async () => {
  for (const one of open) await one.close();
  open = [];
  await topology?.stop();
  topology = undefined;
});

async function instances(settings: Parameters<typeof openInstance>[0]): Promise<[Instance, Instance]> {
  const clock = new ShiftedClock();
  const both: [Instance, Instance] = [openInstance(settings, clock), openInstance(settings, clock)];
  open.push(...both.map(({ cache }) => cache));
  for (const one of both) await used(one);
  return both;
}

/** Resolves once the instance talks to Redis (again). */
async function used({ cache, commands }: Instance): Promise<void> {
  commands.length = 0;
  await vi.waitFor(
    async () => {
      await cache.purge({ account: 'nobody' });
      expect(commands.at(-1)).toBe('scopes ok');
    },
    { timeout: 15_000, interval: 50 },
  );
}

async function share([one, two]: [Instance, Instance], text: string): Promise<void> {
  await vi.waitFor(
    async () => {
      await one.cache.purge({});
      await one.get(detail, answering(ok(text)));
      expect((await two.get(detail, never)).entry.body).toBe(text);
    },
    { timeout: 15_000, interval: 100 },
  );
}

describe.runIf(redisAvailable())('Redis', () => {
  it('behind Sentinel is used, and after its master was killed the one that took over', async () => {
    topology = await startSentinel([await freePort(), await freePort(), await freePort()]);
    const sentinels = {
      name: 'sluice',
      nodes: [{ host: '127.0.0.1', port: topology.port }],
      password: null,
      sentinelPassword: null,
    };
    const both = await instances({ ...NO_REDIS, sentinels });
    await share(both, '"shared"');
    await topology.killMaster();
    expect((await both[0].get(image, answering(ok('"meanwhile"')))).entry.body).toBe('"meanwhile"');
    for (const one of both) await used(one);
    await share(both, '"after the failover"');
    for (const one of both) expect([one.log.warnings.length, one.log.infos.length]).toEqual([1, 1]);
  }, 60_000);

  it('as a Cluster is used for answers, news and budgets', async () => {
    topology = await startCluster(await freePort());
    const cluster = { nodes: [{ host: '127.0.0.1', port: topology.port }], password: null };
    const both = await instances({ ...NO_REDIS, cluster });
    await share(both, '"shared"');
    await both[0].get(image, answering(ok('"old"')));
    await vi.waitFor(async () => expect((await both[1].get(image, never)).entry.body).toBe('"old"'));
    await both[0].cache.invalidate({ ...image, invalidates: ['image'] });
    await vi.waitFor(() => expect(both[1].cache.lookup(image).verdict).toBe('miss'));
    const redis = createRedis({ ...NO_REDIS, cluster }, { warn: () => {}, info: () => {} })!;
    open.push({ close: () => redis.disconnect() });
    const store = createRedisBudgetStore({ redis, instance: 'a' });
    const nothing = { limits: [], findings: NO_FINDINGS };
    const report = { budget: 'someone|DFW', instances: 1, isLeaving: false, ...nothing };
    await vi.waitFor(async () => expect((await store.exchange(report)).instances).toBe(1), 5000);
  }, 30_000);
});

it.runIf(redisAvailable())(
  'a Cluster that redis.url names is said to be one, and callers are answered',
  async () => {
    topology = await startCluster(await freePort());
    const admin = new Redis(topology.port, '127.0.0.1');
    open.push({ close: () => admin.disconnect() });
    const one = openInstance(`redis://127.0.0.1:${topology.port}`, new ShiftedClock());
    open.push(one.cache);
    await used(one);
    // What this node has not got, another one would have.
    await admin.call('CONFIG', 'SET', 'cluster-require-full-coverage', 'no');
    await admin.call('CLUSTER', 'DELSLOTSRANGE', '0', '16383');
    const ask = askFor('/flavors/detail', { region: 'ELSEWHERE' });
    expect((await one.get(ask, answering(ok('"x"')))).entry.body).toBe('"x"');
    expect(one.log.warnings).toEqual([expect.stringContaining('is a cluster')]);
  },
  30_000,
);

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address !== null && typeof address === 'object'
          ? resolve(address.port)
          : reject(new Error('no port')),
      );
    });
  });
}
