import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { generateClientKey } from '../../src/access/client-key.ts';
import { hashClientKey } from '../../src/access/key-hash.ts';
import { certificateFiles } from '../certificate.ts';
import { CREDENTIALS, IMAGE_COUNT, imagePath, imagesDocument, PATHS } from '../documents.ts';
import { get } from '../get.ts';
import { generator } from '../load.ts';
import type { BenchContext, Peer, Running } from '../peer.ts';
import { CORES, freePort, pinned, start } from '../program.ts';

const missing = ({ cli }: BenchContext): string | undefined =>
  existsSync(cli) ? undefined : `${cli} is missing (npm run build)`;

const withoutWrk = (): string | undefined => (generator === 'wrk' ? undefined : 'wrk is not installed');

/** A hit: flavors from memory, links rewritten, ETag, metrics. */
export const sluiceHit: Peer = {
  name: 'Sluice, cache hit',
  missing,
  start: (context) => startSluice(context, 'errors', PATHS.cached),
};

/** The same for callers that say something else with every request: no head of theirs is met again. */
export const sluiceHitTraced: Peer = {
  name: 'Sluice, cache hit, every head another',
  missing: (context) => missing(context) ?? withoutWrk(),
  async start(context) {
    const running = await startSluice(context, 'errors', PATHS.cached);
    return { ...running, traces: 20_000 };
  },
};

/** The same with a line in the log for each request, written to /dev/null. */
export const sluiceHitLogged: Peer = {
  name: 'Sluice, cache hit, a log line each',
  missing,
  start: (context) => startSluice(context, 'all', PATHS.cached),
};

/** The same over TLS, on kept-alive connections. */
export const sluiceHitTls: Peer = {
  name: 'Sluice, cache hit over TLS',
  missing,
  start: (context) =>
    startSluice(context, 'errors', PATHS.cached, { listen: { tls: certificateFiles(context.folder) } }),
};

/** A path that no row knows: streamed, with token and limits. */
export const sluiceStreamed: Peer = {
  name: 'Sluice, streamed',
  missing,
  start: (context) => startSluice(context, 'errors', PATHS.streamed),
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

/** A hit where traces are sent, all of them or one in a hundred, to a collector on the other core. */
export const sluiceHitSpans: Peer = spans('Sluice, cache hit, all traced', 1, PATHS.cached);
export const sluiceHitFewSpans: Peer = spans('Sluice, cache hit, 1 in 100 traced', 0.01, PATHS.cached);
/** The same for a request to the region, of two spans. */
export const sluiceUncachedSpans: Peer = spans('Sluice, uncached GET, all traced', 1, PATHS.uncached);

function spans(name: string, ratio: number, path: string): Peer {
  const start = (context: BenchContext) =>
    startSluice(context, 'errors', path, { tracing: { otlp: context.upstreamOrigin, ratio } });
  return { name, missing, start };
}

/** The same hit for a caller of XML. */
export const sluiceHitXml: Peer = {
  name: 'Sluice, cache hit in XML',
  missing,
  async start(context) {
    const running = await startSluice(context, 'errors', PATHS.cached);
    return { ...running, headers: { Accept: 'application/xml' } };
  },
};

/** The same hit for a caller that has the answer already. */
export const sluiceNotModified: Peer = {
  name: 'Sluice, 304',
  missing,
  start: (context) => startUnchanged(context, PATHS.cached),
};

/** A list of a few hundred images. */
export const sluiceListHit: Peer = {
  name: 'Sluice, cache hit, 300 images',
  missing,
  start: (context) => startSluice(context, 'errors', PATHS.list),
};

/** The same for a caller that has it already. */
export const sluiceListNotModified: Peer = {
  name: 'Sluice, 304 for 300 images',
  missing,
  start: (context) => startUnchanged(context, PATHS.list),
};

async function startUnchanged(context: BenchContext, path: string): Promise<Running> {
  const running = await startSluice(context, 'errors', path);
  // Each coding has a tag of its own, and the load takes none.
  const plain = { 'Accept-Encoding': 'identity' };
  const etag = (await get(running.url, { headers: plain })).headers.get('etag')!;
  const answer = await get(running.url, { headers: { ...plain, 'If-None-Match': etag } });
  if (answer.status !== 304) throw new Error(`Sluice answers ${answer.status} instead of 304`);
  return { ...running, headers: { 'If-None-Match': etag } };
}

/** The hit where nobody is asked for a key: what the same costs with one is measured against this. */
export const sluiceOpenHit: Peer = {
  name: 'Sluice, cache hit, open',
  missing,
  start: (context) => startSluice(context, 'errors', PATHS.cached),
};

/** The hit for a client that shows its key with each request, on kept-alive connections. */
export const sluiceKeyHit: Peer = {
  name: 'Sluice, cache hit, with a key',
  missing,
  start: async (context) => (await startWithKeys(context)).running,
};

/** The same with a token that the key was exchanged for at the façade. */
export const sluiceTokenHit: Peer = {
  name: 'Sluice, cache hit, with a token',
  missing,
  async start(context) {
    const { running, key } = await startWithKeys(context);
    const login = { passwordCredentials: { username: CLIENT, password: key } };
    const answer = await get(new URL('/v2.0/tokens', running.url).href, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ auth: login }),
    });
    const { access } = (await answer.json()) as { access: { token: { id: string } } };
    return { ...running, headers: { 'X-Auth-Token': access.token.id } };
  },
};

const CLIENT = 'bench';

/** With a grant of which each request has to ask account, region, service, method and operation. */
async function startWithKeys(context: BenchContext): Promise<{ running: Running; key: string }> {
  const key = generateClientKey(CLIENT);
  const grant = {
    accounts: ['bench'],
    regions: ['DFW'],
    services: ['compute'],
    access: 'read',
    deny: ['delete*'],
  };
  const clients = [{ name: CLIENT, keyHash: hashClientKey(key), ...grant }];
  const headers = { 'X-Auth-Token': key };
  const running = await startSluice(
    context,
    'errors',
    PATHS.cached,
    { access: { mode: 'keys', clients } },
    headers,
  );
  return { running: { ...running, headers }, key };
}

/** Items of a cached list, all of them in memory by now. */
export const sluiceItemHit: Peer = {
  name: 'Sluice, item, a hit',
  missing: (context) => missing(context) ?? withoutWrk(),
  start: (context) => startItems(context, 67_108_864, /^sluice; hit; ttl=\d+$/),
};

/** Items computed from a cached list: there is room for the list and so few of its items that none is met again. */
export const sluiceItemComputed: Peer = {
  name: 'Sluice, item, computed from the list each time',
  missing: (context) => missing(context) ?? withoutWrk(),
  start: (context) => startItems(context, crowdedBytes(context), /hit; .*detail=derived$/),
};

/** The list, its index (twice its length) and some twenty items. */
const crowdedBytes = ({ upstreamOrigin }: BenchContext): number =>
  Math.ceil(3.3 * imagesDocument(upstreamOrigin).length) + 50_000;

async function startItems(context: BenchContext, maxBytes: number, status: RegExp): Promise<Running> {
  const cache = { maxBytes, derive: { images: true } };
  const running = await startSluice(context, 'errors', PATHS.list, { cache });
  const paths = Array.from({ length: IMAGE_COUNT }, (_, index) => `/dfw${imagePath(index)}`);
  let last = '';
  for (const path of [...paths, ...paths])
    last = (await get(new URL(path, running.url).href)).headers.get('cache-status') ?? '';
  if (status.test(last)) return { ...running, paths };
  await running.program.stop();
  throw new Error(`an item is "${last}" in Sluice, and not ${status}`);
}

async function startSluice(
  context: BenchContext,
  requests: 'all' | 'errors',
  path: string,
  { listen = {}, ...more }: { listen?: { tls?: object } } & Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Promise<Running> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const file = join(context.folder, `sluice-${port}.yaml`);
  const settings = {
    listen: { port, ...listen },
    admin: { port: adminPort },
    log: { requests },
    accounts: [{ name: 'bench', identity: { url: `${context.upstreamOrigin}/v2.0`, ...CREDENTIALS } }],
    ...more,
  };
  writeFileSync(file, stringify(settings));
  const command = pinned(CORES.server, process.execPath, [context.cli, 'serve', '-c', file]);
  const program = await start(command, `http://127.0.0.1:${adminPort}/readyz`);
  const url = `${listen.tls ? 'https' : 'http'}://127.0.0.1:${port}/dfw${path}`;
  await check(url, path, headers).catch(async (error: unknown) => {
    await program.stop();
    throw error;
  });
  return { program, url };
}

/** It must do what is claimed of it: a hit from the second request on, links that lead to Sluice. */
async function check(url: string, path: string, headers: Record<string, string>): Promise<void> {
  await (await get(url, { headers })).text();
  const answer = await get(url, { headers });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`Sluice answers ${answer.status}: ${text}`);
  const verdict = answer.headers.get('x-cache');
  const isCached = path !== PATHS.uncached && path !== PATHS.streamed;
  if ((verdict === 'HIT') !== isCached) throw new Error(`${path} is a ${verdict} in Sluice`);
  if (!text.includes(`"href":"${url}`) && path === PATHS.uncached)
    throw new Error('Sluice left the links as they were');
}
