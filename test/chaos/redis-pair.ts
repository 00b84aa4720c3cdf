import type { ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { killRedis, launchRedis } from '../support/redis-process.ts';
import { startTcpSwitch, type TcpSwitch } from '../support/tcp-switch.ts';
import { lastingPorts } from './ports.ts';

const START_DEADLINE_MS = 60_000;

interface Server {
  readonly port: number;
  child: ChildProcess;
}

/** A Redis master and its replica behind one stable address, as a cloud's managed Redis is. */
export class RedisPair {
  #master: Server;
  #replica: Server;
  readonly #switch: TcpSwitch;
  readonly #directory: string;

  private constructor(master: Server, replica: Server, tcpSwitch: TcpSwitch, directory: string) {
    this.#master = master;
    this.#replica = replica;
    this.#switch = tcpSwitch;
    this.#directory = directory;
  }

  /** @param directory where they run; nothing is written there */
  static async start(directory: string): Promise<RedisPair> {
    const [first, second] = (await lastingPorts(2)) as [number, number];
    const master = { port: first, child: launch(first, directory) };
    const replica = { port: second, child: launch(second, directory, first) };
    await Promise.all([answers(first), answers(second)]);
    return new RedisPair(master, replica, await startTcpSwitch(first), directory);
  }

  get url(): string {
    return `redis://127.0.0.1:${this.#switch.port}`;
  }

  /** kill -9 of the master: all it held is gone once it is back, and the replica follows it in that. */
  async kill(): Promise<() => Promise<void>> {
    const { port, child } = this.#master;
    await killRedis(child);
    return async () => {
      this.#master.child = launch(port, this.#directory);
      await answers(port);
    };
  }

  /** The master stands still, its connections open. */
  async freeze(): Promise<() => Promise<void>> {
    const { child } = this.#master;
    child.kill('SIGSTOP');
    return async () => void child.kill('SIGCONT');
  }

  /** The master dies, the replica takes its place at the same address; the dead one comes back as its replica. */
  async failOver(): Promise<() => Promise<void>> {
    const old = this.#master;
    await killRedis(old.child);
    await this.#promote();
    return async () => {
      old.child = launch(old.port, this.#directory, this.#master.port);
      await answers(old.port);
    };
  }

  /** The replica takes the master's place; connections that are open stay with the old one, which takes no writes now. */
  async failOverToReadonly(): Promise<() => Promise<void>> {
    const { port } = this.#master;
    await this.#promote();
    await tell(port, ['REPLICAOF', '127.0.0.1', `${this.#master.port}`]);
    return async () => {};
  }

  async #promote(): Promise<void> {
    await tell(this.#replica.port, ['REPLICAOF', 'NO', 'ONE']);
    [this.#master, this.#replica] = [this.#replica, this.#master];
    this.#switch.leadTo(this.#master.port);
  }

  async stop(): Promise<void> {
    await Promise.all([killRedis(this.#master.child), killRedis(this.#replica.child)]);
    await this.#switch.close();
  }
}

function launch(port: number, directory: string, master?: number): ChildProcess {
  const follow = master === undefined ? [] : ['--replicaof', '127.0.0.1', `${master}`];
  // What a replication has left there would come back.
  const file = `${port}.rdb`;
  rmSync(join(directory, file), { force: true });
  const plain = [
    '--dbfilename',
    file,
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    '--repl-diskless-sync-delay',
    '0',
  ];
  return launchRedis(['--port', `${port}`, '--dir', directory, ...plain, ...follow]);
}

async function tell(port: number, [command, ...rest]: readonly [string, ...string[]]): Promise<unknown> {
  const redis = new Redis(port, '127.0.0.1', { lazyConnect: true, retryStrategy: () => null });
  redis.on('error', () => {});
  try {
    return await redis.call(command, ...rest);
  } finally {
    redis.disconnect();
  }
}

async function answers(port: number): Promise<void> {
  const deadline = Date.now() + START_DEADLINE_MS;
  for (;;) {
    const answer = await tell(port, ['PING']).catch(() => undefined);
    if (answer === 'PONG') return;
    if (Date.now() > deadline) throw new Error(`redis-server does not answer at port ${port}`);
    await pause(20);
  }
}
