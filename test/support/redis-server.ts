import { type ChildProcess, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as openSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { killRedis, launchRedis } from './redis-process.ts';

/** A real Redis of this test's own, on a free port, without persistence. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** kill -9: what a crashed machine looks like. Everything it held is gone. */
  kill(): Promise<void>;
  /** Starts it again on the same port (empty). */
  restart(): Promise<void>;
  /** Ends it and removes its directory. */
  stop(): Promise<void>;
}

const START_DEADLINE_MS = 60_000;
let installed: boolean | undefined;

/**
 * Whether tests against a real Redis can run. Where it is missing they are skipped and say so on stderr;
 * with CI=true that is an error, so that a build machine never passes by leaving them out.
 */
export function redisAvailable(): boolean {
  installed ??= spawnSync('redis-server', ['--version']).status === 0;
  if (installed) return true;
  if (process.env['CI'] === 'true')
    throw new Error('redis-server is not installed; with CI=true the Redis tests must run');
  process.stderr.write('\n*** redis-server is not installed: the tests against Redis are SKIPPED ***\n');
  return false;
}

/** Starts a Redis and resolves once it accepts connections. */
export async function startRedis(): Promise<RedisServer> {
  const port = await freePort();
  const directory = await mkdtemp(join(tmpdir(), 'sluice-redis-'));
  let child = await launch(port, directory);
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    kill: () => killRedis(child),
    async restart() {
      await killRedis(child);
      child = await launch(port, directory);
    },
    async stop() {
      await killRedis(child);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function launch(port: number, directory: string): Promise<ChildProcess> {
  const options = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', directory];
  const child = launchRedis([...options, '--save', '', '--appendonly', 'no']);
  const deadline = Date.now() + START_DEADLINE_MS;
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`redis-server ended at once with code ${child.exitCode}`);
    if (Date.now() > deadline) throw new Error(`redis-server did not answer on port ${port}`);
    await delay(10);
  }
  return child;
}

/** True when a server on the port answers PING: an open port alone does not mean that it is ready. */
function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = openSocket(port, '127.0.0.1', () => socket.write('PING\r\n'));
    const finish = (ready: boolean) => {
      socket.destroy();
      resolve(ready);
    };
    socket.once('data', (data) => finish(data.toString().startsWith('+PONG')));
    socket.once('error', () => finish(false));
    socket.once('end', () => finish(false));
  });
}
