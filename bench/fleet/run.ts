import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeResults } from '../report.ts';
import { compareWays } from './compare.ts';
import type { Figures } from './figures.ts';
import { planJobs } from './jobs.ts';
import { type Panel, pictureOf } from './picture.ts';
import { mixOf, summaryOf, tableOf } from './report.ts';
import { CLOUDS, LIMITS, type LimitsName } from './settings.ts';

const HELP = `npm run bench:fleet -- [options]

The same CI jobs three ways at once: directly, through a first-in-first-out rate proxy, and through Sluice. Each job logs in,
looks up flavor, image and network, makes a server, waits until it is ACTIVE, uses it and deletes it, as one of the real
clients does it. What is behind each way is a simulator of its own with the limits asked for. Takes some 6 minutes.

  --jobs N           how many jobs (50)
  --seed N           draws their times, clients and parameters (1)
  --limits NAME      ovhcloud, guide or both (both)
  --arrival N        all jobs begin within that many seconds (10)
  --build N          seconds a server is in BUILD (20)
  --max-wait MS      limits.maxWaitMs of Sluice (120000: a burst that spends a limit per minute leaves nothing for a minute)
  --minutes N        gives up after that many minutes (10)
  --picture FILE     where the picture goes (bench/fleet/fleet.svg)
  --no-write         writes neither the picture nor the results in README.md and bench/README.md
  --cli FILE         another build of Sluice (dist/cli.js)
  --help
`;

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    limits: { type: 'string', default: 'both' },
    arrival: { type: 'string', default: '10' },
    build: { type: 'string', default: '20' },
    'max-wait': { type: 'string', default: '120000' },
    minutes: { type: 'string', default: '10' },
    picture: { type: 'string', default: here('fleet.svg') },
    'no-write': { type: 'boolean', default: false },
    cli: { type: 'string', default: here('../../dist/cli.js') },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(HELP);
  process.exit(0);
}
if (!existsSync(values.cli)) throw new Error(`${values.cli} is missing (npm run build)`);
const names = values.limits === 'both' ? LIMITS : LIMITS.filter((name) => name === values.limits);
if (names.length === 0) throw new Error(`--limits must be ${LIMITS.join(', ')} or both`);
const [jobs, seed] = [numberOf('jobs', 1), numberOf('seed', 0)];

const folder = mkdtempSync(join(tmpdir(), 'sluice-fleet-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));

const panels: Panel[] = [];
const summary: { name: string; figures: Figures[] }[] = [];
const sections: string[] = [];
for (const name of names) {
  const { figures, section } = await runCloud(name);
  panels.push({ title: titleOf(name), figures });
  summary.push({ name: CLOUDS[name].name, figures });
  sections.push(section);
  console.log(`\n${section}\n`);
}
const conditions = conditionsOf();
console.log(conditions);
if (!values['no-write']) {
  writeFileSync(values.picture, pictureOf(panels, conditions));
  writeResults(here('../README.md'), [conditions, ...sections].join('\n\n'), 'npm run bench:fleet');
  const short = `${summaryOf(summary)}\n\n${conditions}`;
  writeResults(here('../../README.md'), short, 'npm run bench:fleet');
  console.log(`written: ${values.picture}, bench/README.md, README.md`);
}

/** One cloud, all ways. */
async function runCloud(name: LimitsName): Promise<{ figures: Figures[]; section: string }> {
  const cloud = CLOUDS[name];
  const arrivalMs = numberOf('arrival', 0) * 1000;
  const plans = planJobs({ seed, jobs, dialect: cloud.dialect, arrivalMs });
  const gateway = { limits: { maxWaitMs: numberOf('max-wait', 0) } };
  const context = { cli: [values.cli], folder, buildSeconds: numberOf('build', 0), gateway };
  console.log(`${cloud.title}: ${jobs} jobs, seed ${seed}`);
  const done: Record<string, [number, number]> = {};
  let beganMs = Number.NaN;
  const progress = setInterval(() => {
    if (Number.isNaN(beganMs)) return console.log('  starting');
    const counts = Object.entries(done).map(([way, [good, bad]]) => `${way} ${good} done, ${bad} failed`);
    console.log(
      `  ${Math.round((Date.now() - beganMs) / 1000)} s: ${counts.join('; ') || 'no job has ended yet'}`,
    );
  }, 15_000);
  try {
    const figures = await compareWays(plans, cloud, context, {
      ready: () => {
        beganMs = Date.now();
      },
      signal: AbortSignal.timeout(numberOf('minutes', 0.1) * 60_000),
      ended: (way, { failure }) => {
        done[way] ??= [0, 0];
        done[way][failure ? 1 : 0]++;
      },
    });
    const section = `### ${titleOf(name)}\n\n${tableOf(figures)}\n\n${mixOf(plans, cloud.dialect)}`;
    return { figures, section };
  } finally {
    clearInterval(progress);
  }
}

function titleOf(name: LimitsName): string {
  const { title } = CLOUDS[name];
  return title[0]!.toUpperCase() + title.slice(1);
}

function numberOf(
  option: 'jobs' | 'seed' | 'arrival' | 'build' | 'max-wait' | 'minutes',
  least: number,
): number {
  const value = Number(values[option]);
  if (Number.isNaN(value) || value < least) throw new Error(`--${option} must be a number from ${least} on`);
  return value;
}

function conditionsOf(): string {
  const machine = `${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.version}`;
  const what = `${jobs} jobs that begin within ${values.arrival} s, servers ACTIVE after ${values.build} s, seed ${seed}`;
  return `${what}; ${machine}, load ${loadavg()[0]!.toFixed(1)}; ${new Date().toISOString().slice(0, 10)}.`;
}
