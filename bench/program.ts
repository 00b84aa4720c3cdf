import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { cpuMicros } from './cpu.ts';

/** Servers run on the one core, what loads them (and the upstream behind them) on the other. */
export const CORES = { server: 0, load: 1 } as const;

/** A server process under measurement. */
export interface Program {
  /** CPU time so far, µs, its threads and children included. */
  cpuMicros(): number;
  stop(): Promise<void>;
}

const children = new Set<ChildProcess>();

// A run that is broken off (Ctrl-C, a timeout, an error) leaves no server behind.
process.on('exit', () => {
  for (const child of children) child.kill('SIGTERM');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

/** True when a program of that name can be run. */
export function isInstalled(command: string): boolean {
  return spawnSync('which', [command], { stdio: 'ignore' }).status === 0;
}

/** The command, bound to one core. */
export function pinned(core: number, command: string, args: string[]): [string, string[]] {
  return ['taskset', ['-c', String(core), command, ...args]];
}

/** A TypeScript file as a Node process of its own. */
export function node(core: number, file: string, args: string[]): [string, string[]] {
  return pinned(core, process.execPath, ['--import', 'tsx', file, ...args]);
}

/**
 * Starts a server and waits until `readyUrl` answers with less than 500. Throws, with what the program said, when it
 * ends before, or is not ready in `patienceMs`.
 */
export async function start(
  [command, args]: [string, string[]],
  readyUrl: string,
  patienceMs = 60_000,
): Promise<Program> {
  const env = { ...process.env, NODE_ENV: 'production' };
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], env });
  children.add(child);
  child.once('exit', () => children.delete(child));
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4000);
  });
  try {
    await untilReady(child, readyUrl, patienceMs);
  } catch (error) {
    await stop(child);
    throw new Error(`${args.slice(2, 6).join(' ')} did not start: ${said || String(error)}`);
  }
  return { cpuMicros: () => cpuMicros(child.pid!), stop: () => stop(child) };
}

async function untilReady(child: ChildProcess, url: string, patienceMs: number): Promise<void> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('it ended');
    const status = await fetch(url).then(
      (answer) => answer.body?.cancel().then(() => answer.status) ?? answer.status,
      () => undefined,
    );
    if (status !== undefined && status < 500) return;
    if (Date.now() > deadline) throw new Error(`${url} answers ${status ?? 'nothing'}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(timer);
}

/** A port that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}
