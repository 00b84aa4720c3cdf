import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { CORES, isInstalled, node, pinned } from './program.ts';

/** What one burst of load came to. */
export interface LoadResult {
  /** Answers with a 2xx status. */
  answered: number;
  /** Anything else: other statuses, broken connections, timeouts. */
  failed: number;
  seconds: number;
}

export interface LoadOptions {
  url: string;
  /** Kept-alive connections, each with one request under way at a time. */
  connections: number;
  seconds: number;
}

/** The generator in use: wrk where it is installed, for it takes least from its core; else autocannon. */
export const generator: 'wrk' | 'autocannon' = isInstalled('wrk') ? 'wrk' : 'autocannon';

/** Loads a URL from the load core and counts the answers. */
export function load(options: LoadOptions): Promise<LoadResult> {
  return generator === 'wrk' ? wrk(options) : autocannon(options);
}

async function wrk({ url, connections, seconds }: LoadOptions): Promise<LoadResult> {
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '5s', url];
  const said = await output(pinned(CORES.load, 'wrk', args));
  const done = /(\d+) requests in ([\d.]+)(ms|s|m)\b/.exec(said);
  if (!done) throw new Error(`wrk said:\n${said}`);
  const refused = Number(/Non-2xx or 3xx responses: (\d+)/.exec(said)?.[1] ?? 0);
  const broken = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(said) ?? [];
  const failed = broken.slice(1).reduce((sum, count) => sum + Number(count), refused);
  const unit = { ms: 0.001, s: 1, m: 60 }[done[3]!]!;
  return { answered: Number(done[1]) - refused, failed, seconds: Number(done[2]) * unit };
}

async function autocannon({ url, connections, seconds }: LoadOptions): Promise<LoadResult> {
  const script = fileURLToPath(new URL('./servers/autocannon.ts', import.meta.url));
  const said = await output(node(CORES.load, script, [url, String(connections), String(seconds)]));
  return JSON.parse(said) as LoadResult;
}

async function output([command, args]: [string, string[]]): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${args.slice(2).join(' ')} ended with ${code}:\n${said}`);
  return said;
}
