/**
 * What hedging gains where a few answers take long: `npx tsx bench/hedge.ts`. Sluice before a region of which 3 % of the reads take a
 * second, with hedges (`upstream.hedge.maxPercent`) and without, both at once; open-loop at 100 reads a second each. Of
 * what the callers waited, and what the region was asked for, the second half counts: until then it is not known what is slow.
 */

import { parseArgs } from 'node:util';
import { createRandom } from '../src/simulator/chaos/random.ts';
import { startGateway, type TestGateway } from '../test/support/gateway.ts';
import { json } from '../test/support/stub-answers.ts';
import { type StubUpstream, startStubUpstream } from '../test/support/stub-upstream.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    rate: { type: 'string', default: '100' },
  },
});
const SECONDS = Number(values.seconds);
const RATE = Number(values.rate);

/** What may be hedged, see `upstream.hedge`. */
interface Hedges {
  readonly maxPercent: number;
  readonly percentile: number;
}

const NONE: Hedges = { maxPercent: 0, percentile: 95 };
const USUAL: Hedges = { maxPercent: 5, percentile: 95 };

/** How the region answers: most in some 10 ms, a few in a second. */
interface Slowness {
  readonly title: string;
  /** Which part of the answers takes a second. */
  readonly part: number;
  /** Slots of the limit a second; null: there is none. */
  readonly limit: number | null;
  readonly hedges: readonly Hedges[];
}

const usual = (title: string, part: number, limit: number | null = null): Slowness => ({
  ...{ title, part, limit },
  hedges: [NONE, USUAL],
});

const CASES: readonly Slowness[] = [
  usual('3 % take 1 s', 0.03),
  usual('the same, a limit of 200 a second', 0.03, 200),
  usual('the same, a limit of 110 a second', 0.03, 110),
  { ...usual('10 % take 1 s', 0.1), hedges: [NONE, USUAL, { maxPercent: 15, percentile: 85 }] },
  usual('none takes long', 0),
];
const SLOW_MS = 1_000;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function open({ part, limit }: Slowness, hedge: Hedges) {
  const upstream = await startStubUpstream({ regions: ['DFW'] });
  const dfw = upstream.region('DFW');
  const random = createRandom(1);
  dfw.on('GET /servers/1', async (exchange) => {
    await pause(random() < part ? SLOW_MS : 5 + 10 * random());
    await json({ server: { id: '1' } })(exchange);
  });
  const rows = [{ verb: 'GET', uri: '/servers*', regex: '^/servers', value: limit, unit: 'SECOND' }];
  const limits = limit === null ? { enabled: false } : { source: 'static', static: rows };
  const gateway = await startGateway({
    identityUrl: upstream.identityUrl,
    settings: { limits, upstream: { hedge } },
  });
  return { upstream, gateway };
}

/** One read after the other at a fixed rate, whatever becomes of them; how long each took, ms. */
async function readAll(gateway: TestGateway, onHalf: () => void): Promise<number[]> {
  const took: number[] = [];
  const count = SECONDS * RATE;
  const asked: Promise<void>[] = [];
  const begun = performance.now();
  for (let index = 0; index < count; index++) {
    await pause(begun + (index * 1_000) / RATE - performance.now());
    if (index === Math.floor(count / 2)) onHalf();
    const isCounted = index >= count / 2;
    asked.push(
      (async () => {
        const sent = performance.now();
        const answer = await fetch(`${gateway.url}/dfw/v2/700100/servers/1`);
        await answer.arrayBuffer();
        if (answer.status !== 200) throw new Error(`a read was answered ${answer.status}`);
        if (isCounted) took.push(performance.now() - sent);
      })(),
    );
  }
  await Promise.all(asked);
  return took.sort((a, b) => a - b);
}

async function measure(slowness: Slowness, hedge: Hedges): Promise<string> {
  const { upstream, gateway } = await open(slowness, hedge);
  try {
    const sent = () => sentTo(upstream);
    let before = 0;
    const took = await readAll(gateway, () => {
      before = sent();
    });
    const extra = (sent() - before) / took.length - 1;
    const at = (part: number) =>
      `${took[Math.min(took.length - 1, Math.floor(part * took.length))]!.toFixed(0)} ms`;
    const { maxPercent, percentile } = hedge;
    const hedged = maxPercent === 0 ? 'none' : `${maxPercent} %, after the ${percentile}th percentile`;
    const cells = [slowness.title, hedged, at(0.5), at(0.95), at(0.99), at(0.999)];
    return `| ${cells.join(' | ')} | ${(100 * Math.max(0, extra)).toFixed(1)} % |`;
  } finally {
    await gateway.close();
    await upstream.close();
  }
}

const sentTo = (upstream: StubUpstream): number => upstream.region('DFW').count('GET /servers/1');

console.log(
  '| the region’s reads | hedges at most | p50 | p95 | p99 | p99.9 | more requests to the region |',
);
console.log('| --- | --- | ---: | ---: | ---: | ---: | ---: |');
for (const slowness of CASES)
  for (const row of await Promise.all(slowness.hedges.map((hedge) => measure(slowness, hedge))))
    console.log(row);
