import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { flavorsDocument } from './documents.ts';
import { generator } from './load.ts';
import { compare, type MeasureOptions } from './measure.ts';
import { measurePart, PARTS } from './parts.ts';
import type { BenchContext, Peer } from './peer.ts';
import { bareFastify } from './peers/bare-fastify.ts';
import { fastifyHttpProxy } from './peers/http-proxy.ts';
import { nginxCache, nginxProxy } from './peers/nginx.ts';
import {
  sluiceHit,
  sluiceHitFewSpans,
  sluiceHitLogged,
  sluiceHitSpans,
  sluiceHitTraced,
  sluiceHitXml,
  sluiceItemComputed,
  sluiceItemHit,
  sluiceKeyHit,
  sluiceListHit,
  sluiceListNotModified,
  sluiceNotModified,
  sluiceOpenHit,
  sluiceTokenHit,
  sluiceUncached,
  sluiceUncachedLogged,
  sluiceUncachedSpans,
} from './peers/sluice.ts';
import { varnish } from './peers/varnish.ts';
import { CORES, freePort, isInstalled, node, type Program, start } from './program.ts';
import { tableOf, writeResults } from './report.ts';

/**
 * `npm run bench`: what a request costs the server in CPU time, by the kernel's accounting, Sluice beside its peers
 * in one run. `--rounds`, `--seconds`, `--connections` change the effort, `--only hit|forms|access|tracing|computed|uncached|translation|…` takes one question,
 * `--cli FILE` measures another build, `--no-write` leaves README.md alone.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    connections: { type: 'string', default: '32' },
    cli: { type: 'string', default: fileURLToPath(new URL('../dist/cli.js', import.meta.url)) },
    only: { type: 'string' },
    'no-write': { type: 'boolean', default: false },
  },
});

interface Question {
  key: string;
  title: string;
  /** Name of the peer whose cost is 1. */
  base: string;
  peers: Peer[];
}

const QUESTIONS: Question[] = [
  {
    key: 'hit',
    title: 'A cache hit: `GET /flavors/detail`, seven flavors',
    base: bareFastify.name,
    peers: [bareFastify, sluiceHit, sluiceHitTraced, sluiceHitLogged, nginxCache, varnish],
  },
  {
    key: 'forms',
    title: 'A cache hit in its forms: the same list as JSON, as XML, and as a 304; a long list and its 304',
    base: sluiceHit.name,
    peers: [sluiceHit, sluiceHitXml, sluiceNotModified, sluiceListHit, sluiceListNotModified],
  },
  {
    key: 'access',
    title:
      'A cache hit with a client key, and with a token, beside the same where nobody is asked (mark: 1.10)',
    base: sluiceOpenHit.name,
    peers: [sluiceOpenHit, sluiceKeyHit, sluiceTokenHit],
  },
  {
    key: 'tracing',
    title: 'Traces: a cache hit and an uncached GET, beside the same where nothing is traced',
    base: sluiceHit.name,
    peers: [sluiceHit, sluiceHitFewSpans, sluiceHitSpans, sluiceUncached, sluiceUncachedSpans],
  },
  {
    key: 'computed',
    title: 'An item of a cached list: `GET /images/{id}`, 300 images',
    base: sluiceItemHit.name,
    peers: [sluiceItemHit, sluiceItemComputed],
  },
  {
    key: 'uncached',
    title: 'An uncached, known GET: `GET /servers/{id}`, 2 kB of JSON from the upstream',
    base: fastifyHttpProxy.name,
    peers: [fastifyHttpProxy, sluiceUncached, sluiceUncachedLogged, nginxProxy],
  },
];

const options: MeasureOptions = {
  rounds: Number(values.rounds),
  seconds: Number(values.seconds),
  warmUpSeconds: Math.min(3, Number(values.seconds)),
  connections: Number(values.connections),
};

if (!isInstalled('taskset') || cpus().length < 2)
  throw new Error('the bench needs taskset (util-linux) and two cores: one for the server, one for the load');
const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
// nginx and varnishd leave root before they read it.
chmodSync(folder, 0o755);
let upstream: Program | undefined;
try {
  const copyFile = join(folder, 'copy.json');
  const port = await freePort();
  const upstreamOrigin = `http://127.0.0.1:${port}`;
  const context: BenchContext = { upstreamOrigin, cli: values.cli, folder, copyFile };
  writeFileSync(copyFile, flavorsDocument(upstreamOrigin));
  upstream = await startUpstream(context, port);
  await copySluicesHit(context);
  const sections = [conditions()];
  for (const question of QUESTIONS) {
    if (values.only !== undefined && values.only !== question.key) continue;
    const comparison = await compare(question.peers, context, options);
    sections.push(`### ${question.title}\n\n${tableOf(comparison, question.base)}`);
    console.log(`\n${sections.at(-1)}`);
  }
  for (const part of PARTS) {
    if (values.only !== undefined && values.only !== part.key) continue;
    sections.push(measurePart(part));
    console.log(`\n${sections.at(-1)}`);
  }
  const readme = fileURLToPath(new URL('./README.md', import.meta.url));
  if (!values['no-write'] && values.only === undefined) writeResults(readme, sections.join('\n\n'));
} finally {
  await upstream?.stop();
}

/** The upstream, on the load core. */
function startUpstream(context: BenchContext, port: number): Promise<Program> {
  const script = fileURLToPath(new URL('./servers/upstream.ts', import.meta.url));
  const command = node(CORES.load, script, [String(port), context.copyFile]);
  return start(command, `${context.upstreamOrigin}/v2.0/tokens`);
}

/** From now on the peers send what Sluice itself sends. */
async function copySluicesHit(context: BenchContext): Promise<void> {
  if (sluiceHit.missing(context) !== undefined) return;
  const { program, url } = await sluiceHit.start(context);
  try {
    const answer = await fetch(url);
    if (answer.status !== 200) throw new Error(`Sluice answered ${answer.status}: ${await answer.text()}`);
    writeFileSync(context.copyFile, await answer.text());
  } finally {
    await program.stop();
  }
}

function conditions(): string {
  const machine = `${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.version}`;
  const effort = `${options.rounds} rounds of ${options.seconds} s, ${options.connections} connections, ${generator}`;
  return `${machine}; ${effort}; ${new Date().toISOString().slice(0, 10)}.`;
}
