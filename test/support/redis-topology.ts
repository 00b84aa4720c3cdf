import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { vi } from 'vitest';
import { killRedis, launchRedis } from './redis-process.ts';

/** A Redis of several processes, as production runs it. */
export interface RedisTopology {
  readonly port: number;
  /** Ends the master with kill -9. */
  killMaster(): Promise<void>;
  stop(): Promise<void>;
}

const nothing = () => undefined;

/** A master, a replica and one sentinel (quorum 1) that watches the master under the name `sluice`. */
export async function startSentinel(ports: readonly [number, number, number]): Promise<RedisTopology> {
  const [master, replica, sentinel] = ports;
  const directory = await mkdtemp(join(tmpdir(), 'sluice-sentinel-'));
  const file = join(directory, 'sentinel.conf');
  const lines = [
    `port ${sentinel}`,
    'bind 127.0.0.1',
    `dir ${directory}`,
    `sentinel monitor sluice 127.0.0.1 ${master} 1`,
    'sentinel down-after-milliseconds sluice 300',
    'sentinel failover-timeout sluice 2000',
  ];
  await writeFile(file, lines.join('\n'));
  const first = launchRedis(serverArgs(master));
  await answers(master, 'role:master');
  const others = [launchRedis([...serverArgs(replica), '--replicaof', '127.0.0.1', `${master}`])];
  await answers(replica, 'master_link_status:up');
  others.push(launchRedis([file, '--sentinel']));
  await answers(sentinel, 'slaves=1');
  return {
    port: sentinel,
    killMaster: () => killRedis(first),
    async stop() {
      await Promise.all([first, ...others].map(killRedis));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A cluster of one node that has all slots. */
export async function startCluster(port: number): Promise<RedisTopology> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-cluster-'));
  const child = launchRedis([
    ...serverArgs(port),
    '--dir',
    directory,
    '--cluster-enabled',
    'yes',
    '--cluster-announce-ip',
    '127.0.0.1',
  ]);
  await answers(port, 'role:master');
  const redis = new Redis(port, '127.0.0.1');
  await redis.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  await vi.waitFor(async () => {
    if (!String(await redis.call('CLUSTER', 'INFO')).includes('cluster_state:ok')) throw new Error('not yet');
  }, 10_000);
  redis.disconnect();
  return {
    port,
    killMaster: () => killRedis(child),
    async stop() {
      await killRedis(child);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const serverArgs = (port: number) => [
  ...['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
  ...['--repl-diskless-sync-delay', '0'],
];

/** Resolves once INFO of the server on the port says so. */
async function answers(port: number, fact: string): Promise<void> {
  const redis = new Redis(port, '127.0.0.1', { retryStrategy: () => 20 });
  redis.on('error', nothing);
  try {
    await vi.waitFor(
      async () => {
        if (!(await redis.info()).includes(fact)) throw new Error(`port ${port}: not ${fact} yet`);
      },
      { timeout: 60_000, interval: 20 },
    );
  } finally {
    redis.disconnect();
  }
}
