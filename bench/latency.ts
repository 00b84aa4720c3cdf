import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { openContext } from './context.ts';
import { PATHS } from './documents.ts';
import { judge, type Mark } from './mark.ts';
import { median } from './median.ts';
import type { Peer, Running } from './peer.ts';
import { nginxCache, nginxProxy, nginxStreamed } from './peers/nginx.ts';
import { sluiceHit, sluiceStreamed, sluiceUncached } from './peers/sluice.ts';
import { CORES, node } from './program.ts';

/**
 * How much later an answer comes for what stands in between, at 1,000 requests a second that come whether or not those before
 * are answered: p50 and p99, less those of the upstream itself (of a hit, which asks nobody, all of it). Sluice and nginx are up
 * at the same time and loaded in turn; each figure is the median of the rounds. Mark: p99 of Sluice at most 3 of nginx's.
 */
const PER_SECOND = 1_000;
const SECONDS = 4;
const ROUNDS = 5;
/** At five times the rate: a server runs for months, and V8 compiles what is used for some ten thousand requests first. */
const WARM_UP_SECONDS = 10;
const MOST = 3;
const script = fileURLToPath(new URL('./servers/open-loop.ts', import.meta.url));

const ms = (value: number): string => `${value.toFixed(2)} ms`;

interface Latency {
  readonly answered: number;
  readonly failed: number;
  readonly p50: number;
  readonly p99: number;
}

/** What is compared, and the upstream's path behind it. */
const PAIRS: readonly (readonly [what: string, sluice: Peer, nginx: Peer, behind: string | undefined])[] = [
  ['hit', sluiceHit, nginxCache, undefined],
  ['known miss', sluiceUncached, nginxProxy, PATHS.uncached],
  ['streamed', sluiceStreamed, nginxStreamed, PATHS.streamed],
];

const { context, close } = await openContext();
const marks: Mark[] = [];
try {
  for (const [what, sluice, nginx, behind] of PAIRS) {
    const reason = nginx.missing(context);
    if (reason !== undefined) console.log(`${what}: nginx is left out, ${reason}`);
    const peers = reason === undefined ? [sluice, nginx] : [sluice];
    const added = await measure(peers, behind);
    for (const [at, { p50, p99 }] of added.entries())
      console.log(`${what}: ${peers[at]!.name.padEnd(28)} p50 ${ms(p50)}, p99 ${ms(p99)}`);
    const [own, other] = added;
    if (other !== undefined)
      marks.push({ what: `${what}, p99, of nginx's`, value: own!.p99 / other.p99, atMost: MOST, unit: 'x' });
  }
} finally {
  await close();
}
judge(marks);

/** The latency that each peer adds. */
async function measure(peers: readonly Peer[], behind: string | undefined) {
  const running: Running[] = [];
  try {
    for (const peer of peers) running.push(await peer.start(context));
    const urls = running.map(({ url }) => url);
    if (behind !== undefined) urls.unshift(context.upstreamOrigin + behind);
    const rounds: Latency[][] = urls.map(() => []);
    for (const url of urls) await load(url, WARM_UP_SECONDS, 5 * PER_SECOND);
    for (let round = 0; round < ROUNDS; round++)
      for (const [at, url] of urls.entries()) rounds[at]!.push(await load(url, SECONDS));
    const all = rounds.map((each) => ({ p50: medianOf(each, 'p50'), p99: medianOf(each, 'p99') }));
    const base = behind === undefined ? { p50: 0, p99: 0 } : all.shift()!;
    // On a busy machine the noise may be more than what is added.
    const least = 0.01;
    return all.map(({ p50, p99 }) => ({
      p50: Math.max(least, p50 - base.p50),
      p99: Math.max(least, p99 - base.p99),
    }));
  } finally {
    await Promise.all(running.map(({ program }) => program.stop()));
  }
}

function medianOf(rounds: readonly Latency[], key: 'p50' | 'p99'): number {
  return median(rounds.map((round) => round[key]));
}

async function load(url: string, seconds: number, perSecond = PER_SECOND): Promise<Latency> {
  const [command, args] = node(CORES.load, script, [url, String(perSecond), String(seconds)]);
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  for await (const chunk of child.stdout) said += chunk;
  const result = JSON.parse(said) as Latency;
  if (result.failed > 0 || result.answered < perSecond * seconds) throw new Error(`${url}: ${said}`);
  return result;
}
