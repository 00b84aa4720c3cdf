import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { stringify } from 'yaml';
import { BUILT, openContext } from './context.ts';
import { cpuMicros } from './cpu.ts';
import { CREDENTIALS } from './documents.ts';
import { judge } from './mark.ts';
import { median } from './median.ts';
import { CORES, freePort, pinned } from './program.ts';

/**
 * How long `sluice serve` takes from the start of its process until `/readyz` is 200, with Identity at hand: the median of five
 * starts, the first of which, with cold files, does not count. Beside it the CPU time, which a busy machine changes less,
 * and that of a Node process that does nothing.
 */
const STARTS = 5;
const MOST_MS = 600;

const { context, close } = await openContext();
const [port, adminPort] = [await freePort(), await freePort()];
const config = join(context.folder, 'ready.yaml');
writeFileSync(
  config,
  stringify({
    listen: { port },
    admin: { port: adminPort },
    accounts: [{ name: 'bench', identity: { url: `${context.upstreamOrigin}/v2.0`, ...CREDENTIALS } }],
  }),
);

const isReady = (): Promise<boolean> =>
  new Promise((resolve) => {
    const asked = request({ port: adminPort, path: '/readyz', agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.once('error', () => resolve(false));
    asked.end();
  });

/** One start: wall and CPU time until it is ready, ms. */
async function begin(args: string[], isDone: () => Promise<boolean>): Promise<[wall: number, cpu: number]> {
  const [command, all] = pinned(CORES.server, process.execPath, args);
  const begun = performance.now();
  const child = spawn(command, all, { stdio: 'ignore' });
  try {
    while (!(await isDone())) {
      if (child.exitCode !== null || performance.now() - begun > 60_000)
        throw new Error('it does not get ready');
      await pause(2);
    }
    return [performance.now() - begun, cpuMicros(child.pid!) / 1000];
  } finally {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}

const starts: [number, number][] = [];
const idle: number[] = [];
try {
  for (let start = 0; start <= STARTS; start++) {
    const one = await begin([BUILT, 'serve', '-c', config], isReady);
    if (start > 0) starts.push(one);
    const [, cpu] = await begin(['-e', 'setInterval(() => {}, 1000)'], async () => {
      await pause(300);
      return true;
    });
    idle.push(cpu);
  }
} finally {
  await close();
}
const [wall, cpu] = [0, 1].map((at) => starts.map((start) => start[at]!)) as [number[], number[]];
console.log(
  `CPU time until then: ${median(cpu).toFixed(0)} ms; of an empty Node: ${median(idle).toFixed(0)} ms`,
);
console.log(`fastest ${Math.min(...wall).toFixed(0)} ms, slowest ${Math.max(...wall).toFixed(0)} ms`);
judge([{ what: 'until ready', value: median(wall), atMost: MOST_MS, unit: 'ms' }]);
