import { parseArgs } from 'node:util';
import { openContext } from './context.ts';
import { PATHS } from './documents.ts';
import { openInspector } from './inspector.ts';
import { load } from './load.ts';
import { judge } from './mark.ts';
import { residentMb } from './memory.ts';
import { sluiceHit } from './peers/sluice.ts';
import { freePort } from './program.ts';

/**
 * Hits, known misses and streamed answers, a third of each of `--minutes`, and after it the heap after a full collection. It is
 * flat when the mean of the last third of the minutes is at most 5 % above that of the second; the first warms up.
 */
const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const minutes = Math.max(3, Math.round(Number(values.minutes)));
const MOST = 1.05;

const { context, close } = await openContext();
const port = await freePort();
// For the Sluice that is started next; it inherits the environment.
process.env['NODE_OPTIONS'] = `--inspect=127.0.0.1:${port}`;
const { program, url } = await sluiceHit.start(context);
process.env['NODE_OPTIONS'] = '';
const heaps: number[] = [];
let requests = 0;
try {
  const inspector = await openInspector(port);
  const urls = [PATHS.cached, PATHS.uncached, PATHS.streamed].map((path) => new URL(`/dfw${path}`, url).href);
  for (let minute = 1; minute <= minutes; minute++) {
    for (const each of urls) {
      const { answered, failed } = await load({ url: each, connections: 32, seconds: 60 / urls.length });
      if (failed > 0) throw new Error(`${each}: ${failed} of ${answered + failed} failed`);
      requests += answered;
    }
    heaps.push(await inspector.heapAfterCollection());
    const [heap, all] = [heaps.at(-1)! / 1e6, residentMb(program.pid)];
    console.log(
      `minute ${minute}: ${requests} requests, heap ${heap.toFixed(1)} MB, resident ${all.toFixed(0)} MB`,
    );
  }
  inspector.close();
} finally {
  await program.stop();
  await close();
}
const mean = (all: readonly number[]): number => all.reduce((sum, one) => sum + one, 0) / all.length;
const third = Math.floor(heaps.length / 3);
const value = mean(heaps.slice(-third)) / mean(heaps.slice(third, -third));
judge([{ what: 'heap of the last third, of the second', value, atMost: MOST, unit: 'x' }]);
