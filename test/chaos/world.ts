import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { simulatorSettings } from '../../src/simulator/config.ts';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { Balancer, Instance } from './instance.ts';
import { lastingPorts } from './ports.ts';
import type { Recorder } from './recorder.ts';
import { RedisPair } from './redis-pair.ts';
import { createTenants, instanceConfig, simulatorInput, type Tenant } from './settings.ts';

const NAMES = ['a', 'b', 'c'];

/** A cloud, a Redis with its replica, three instances of Sluice, and what stands before them. */
export interface World {
  readonly tenants: readonly Tenant[];
  readonly simulator: Simulator;
  readonly cloudUrl: string;
  readonly redis: RedisPair;
  readonly instances: readonly Instance[];
  readonly balancer: Balancer;
  /** Logs and configurations of the instances. */
  readonly directory: string;
  /** Ends all of it. @param keep leaves the logs where they are */
  close(keep: boolean): Promise<void>;
}

/** @param command what runs Sluice, `node dist/cli.js` */
export async function startWorld(
  seed: number,
  command: readonly string[],
  recorder: Recorder,
): Promise<World> {
  const tenants = createTenants();
  const directory = await mkdtemp(join(tmpdir(), 'sluice-chaos-'));
  const simulator = createSimulator(simulatorSettings(simulatorInput(tenants, seed)), {
    observe: (exchange) => recorder.exchange(exchange),
  });
  const { url: cloudUrl } = await simulator.listen();
  const redis = await RedisPair.start(directory);
  const instances: Instance[] = [];
  const ports = await lastingPorts(2 * NAMES.length);
  for (const [index, name] of NAMES.entries()) {
    const [port, adminPort] = ports.slice(2 * index) as [number, number];
    const address = { name, port, adminPort, redisUrl: redis.url, cloudUrl, instances: NAMES.length };
    const config = (round: number) => instanceConfig(tenants, address, round);
    instances.push(new Instance({ name, port, adminPort, command, directory, config }));
  }
  for (const instance of instances) instance.start();
  const balancer = new Balancer(instances);
  const close = async (keep: boolean) => {
    balancer.close();
    await Promise.all(instances.map((instance) => instance.end('SIGKILL')));
    await redis.stop();
    await simulator.close();
    if (!keep) await rm(directory, { recursive: true, force: true });
  };
  try {
    await Promise.all(instances.map((instance) => instance.untilReady()));
  } catch (error) {
    await close(true);
    throw error;
  }
  return { tenants, simulator, cloudUrl, redis, instances, balancer, directory, close };
}
