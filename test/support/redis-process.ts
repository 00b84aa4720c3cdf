import { type ChildProcess, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';

/** Starts a `redis-server`; it ends with this process at the latest. Whether it answers is for the caller to find out. */
export function launchRedis(args: readonly string[]): ChildProcess {
  const child = spawn('redis-server', args, { stdio: 'ignore', cwd: tmpdir() });
  const endWithUs = () => child.kill('SIGKILL');
  process.once('exit', endWithUs);
  child.once('exit', () => process.removeListener('exit', endWithUs));
  return child;
}

/** kill -9; resolves once it is gone. */
export async function killRedis(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}
