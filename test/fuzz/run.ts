import { parseArgs } from 'node:util';
import { type AnyTarget, runTarget } from './target.ts';
import { READERS } from './targets.ts';
import { wireTargets } from './wire/targets.ts';
import { startVictim } from './wire/victim.ts';

/**
 * `npm run fuzz -- --minutes 30 [--inputs 1000000] [--seed N] [--only TEXT]`: gives all targets inputs in turn, until the
 * time is over or there were enough. `--only TEXT --seed N --path P`, as a failure says them, repeats it.
 */

/** How long each target has its turn, ms. */
const TURN_MS = 2_000;
const REPORT_MS = 60_000;

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    inputs: { type: 'string', default: 'Infinity' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    only: { type: 'string', default: '' },
    path: { type: 'string' },
  },
});
const seed = Number(options.seed);
const endsAt = performance.now() + Number(options.minutes) * 60_000;

const victim = await startVictim();
const targets = [...READERS, ...wireTargets(victim)].filter(({ name }) => name.includes(options.only));
const tallies = new Map(targets.map((target) => [target, { inputs: 0, ms: 0, values: 20 }]));
const total = () => [...tallies.values()].reduce((sum, { inputs }) => sum + inputs, 0);

function report(): void {
  for (const [{ name }, { inputs, ms }] of tallies)
    console.log(
      `${String(inputs).padStart(9)}  ${name}, ${((ms * 1000) / Math.max(1, inputs)).toFixed(0)} µs each`,
    );
  console.log(`${String(total()).padStart(9)}  in all, seed ${seed}`);
}

/** About as many values as a turn has time for. */
async function turn(target: AnyTarget, number: number): Promise<void> {
  const tally = tallies.get(target)!;
  const started = performance.now();
  const ownSeed = options.path === undefined ? (seed + number) | 0 : seed;
  tally.inputs += await runTarget(target, tally.values, ownSeed, options.path);
  const ms = performance.now() - started;
  tally.ms += ms;
  tally.values = Math.max(1, Math.min(tally.values * 2, Math.round((tally.values * TURN_MS) / ms)));
}

let reportedAt = performance.now();
let failure: unknown;
try {
  for (let number = 0; performance.now() < endsAt && total() < Number(options.inputs); number++) {
    for (const target of targets) await turn(target, number);
    if (options.path !== undefined) break;
    if (performance.now() - reportedAt < REPORT_MS) continue;
    reportedAt = performance.now();
    report();
  }
  const { rssBytes } = await victim.how();
  console.log(`the gateway holds ${Math.round(rssBytes / 2 ** 20)} MiB`);
} catch (error) {
  failure = error;
}
report();
victim.close();
if (failure !== undefined) {
  const message = failure instanceof Error ? failure.message : String(failure);
  console.error(message.replaceAll(/^.{4000,}$/gm, (line) => `${line.slice(0, 4_000)} …`));
  console.error('Repeat it with: npm run fuzz -- --only "…" --seed N --path P, as said above.');
  process.exitCode = 1;
}
