import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CORES, isInstalled, node, pinned } from './program.ts';

/** What one burst of load came to. */
export interface LoadResult {
  /** Answers with a 2xx or 3xx status. */
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
  headers?: Record<string, string> | undefined;
  /** Asked for in turn; only wrk can. */
  paths?: string[] | undefined;
  /** So many requests in turn bear a header of their own, as those of callers with traces do; only wrk can. */
  traces?: number | undefined;
}

/** The generator in use: wrk where it is installed, for it takes least from its core; else autocannon. */
export const generator: 'wrk' | 'autocannon' = isInstalled('wrk') ? 'wrk' : 'autocannon';

/** Loads a URL from the load core and counts the answers. */
export function load(options: LoadOptions): Promise<LoadResult> {
  return generator === 'wrk' ? wrk(options) : autocannon(options);
}

async function wrk(options: LoadOptions): Promise<LoadResult> {
  const { url, connections, seconds, headers = {} } = options;
  const asked = options.paths ?? [new URL(url).pathname];
  const scripted = options.paths !== undefined || options.traces !== undefined;
  const lines = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-wrk-'));
  const script = join(folder, 'paths.lua');
  if (scripted) writeFileSync(script, scriptFor(asked, options.traces ?? 0));
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '5s', ...lines];
  if (scripted) args.push('-s', script);
  const said = await output(pinned(CORES.load, 'wrk', [...args, url])).finally(() =>
    rmSync(folder, { recursive: true, force: true }),
  );
  const done = /(\d+) requests in ([\d.]+)(ms|s|m)\b/.exec(said);
  if (!done) throw new Error(`wrk said:\n${said}`);
  const refused = Number(/Non-2xx or 3xx responses: (\d+)/.exec(said)?.[1] ?? 0);
  const broken = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(said) ?? [];
  const failed = broken.slice(1).reduce((sum, count) => sum + Number(count), refused);
  const unit = { ms: 0.001, s: 1, m: 60 }[done[3]!]!;
  return { answered: Number(done[1]) - refused, failed, seconds: Number(done[2]) * unit };
}

async function autocannon({ url, connections, seconds, headers = {} }: LoadOptions): Promise<LoadResult> {
  const script = fileURLToPath(new URL('./servers/autocannon.ts', import.meta.url));
  const said = await output(
    node(CORES.load, script, [url, String(connections), String(seconds), JSON.stringify(headers)]),
  );
  return JSON.parse(said) as LoadResult;
}

/** For wrk: its requests are made beforehand, so that choosing one costs next to nothing. */
function scriptFor(paths: string[], traces: number): string {
  const list = paths.map((path) => JSON.stringify(path)).join(',');
  return `local paths, traces = {${list}}, ${traces}
local requests, at = {}, 0
init = function()
  for i = 1, math.max(#paths, traces) do
    if traces > 0 then wrk.headers['X-Trace-Id'] = string.format('%032x', i * 2654435761) end
    requests[i] = wrk.format('GET', paths[(i - 1) % #paths + 1])
  end
end
request = function() at = at % #requests + 1 return requests[at] end
`;
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
