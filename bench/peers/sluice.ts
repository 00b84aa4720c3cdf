import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { CREDENTIALS, PATHS } from '../documents.ts';
import type { BenchContext, Peer, Running } from '../peer.ts';
import { CORES, freePort, pinned, start } from '../program.ts';

const missing = ({ cli }: BenchContext): string | undefined =>
  existsSync(cli) ? undefined : `${cli} is missing (npm run build)`;

/** A hit: flavors from memory, links rewritten, ETag, metrics. */
export const sluiceHit: Peer = {
  name: 'Sluice, cache hit',
  missing,
  start: (context) => startSluice(context, 'errors', PATHS.cached),
};

/** The same with a line in the log for each request, written to /dev/null. */
export const sluiceHitLogged: Peer = {
  name: 'Sluice, cache hit, a log line each',
  missing,
  start: (context) => startSluice(context, 'all', PATHS.cached),
};

/** A known GET that is never cached: token, routing, limits, links, metrics. */
export const sluiceUncached: Peer = {
  name: 'Sluice, uncached GET',
  missing,
  start: (context) => startSluice(context, 'errors', PATHS.uncached),
};

/** The same with a line in the log for each request, written to /dev/null. */
export const sluiceUncachedLogged: Peer = {
  name: 'Sluice, uncached GET, a log line each',
  missing,
  start: (context) => startSluice(context, 'all', PATHS.uncached),
};

async function startSluice(
  context: BenchContext,
  requests: 'all' | 'errors',
  path: string,
): Promise<Running> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const file = join(context.folder, `sluice-${port}.yaml`);
  const settings = {
    listen: { port },
    admin: { port: adminPort },
    log: { requests },
    accounts: [{ name: 'bench', identity: { url: `${context.upstreamOrigin}/v2.0`, ...CREDENTIALS } }],
  };
  writeFileSync(file, stringify(settings));
  const command = pinned(CORES.server, process.execPath, [context.cli, 'serve', '-c', file]);
  const program = await start(command, `http://127.0.0.1:${adminPort}/readyz`);
  const url = `http://127.0.0.1:${port}/dfw${path}`;
  await check(url, path).catch(async (error: unknown) => {
    await program.stop();
    throw error;
  });
  return { program, url };
}

/** It must do what is claimed of it: a hit from the second request on, links that lead to Sluice. */
async function check(url: string, path: string): Promise<void> {
  await (await fetch(url)).text();
  const answer = await fetch(url);
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`Sluice answers ${answer.status}: ${text}`);
  const verdict = answer.headers.get('x-cache');
  if ((verdict === 'HIT') !== (path === PATHS.cached)) throw new Error(`${path} is a ${verdict} in Sluice`);
  if (!text.includes(`"href":"${url}`) && path === PATHS.uncached)
    throw new Error('Sluice left the links as they were');
}
