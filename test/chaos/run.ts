import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { reportOf } from './report.ts';
import { runSession } from './session.ts';

/** `npm run chaos -- --seed N --minutes M`: see `HELP`. */

const HELP = `Three instances of Sluice, a Redis with its replica and a simulated cloud under the load of jobs, while a plan
made of the seed breaks, freezes and restarts them; then both ends' logs are judged.

  --seed N      the plan and the jobs; another one each time when left out
  --minutes M   how long it is disturbed (2)
  --jobs J      jobs of each of the four clients at a time (3)
  --findings F  findings that are written out (20)
  --quiet       does not say what it does while it does it

Exit code 0: no finding; 1: findings, with the seed that repeats the plan, and where the instances' logs are.
It needs redis-server, and dist/ (npm run build).`;

const SHOWN_BYTES = 1_500;

const { values: options } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    minutes: { type: 'string', default: '2' },
    jobs: { type: 'string', default: '3' },
    findings: { type: 'string', default: '20' },
    quiet: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

// What was started ends with this process.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

if (options.help) {
  console.log(HELP);
} else {
  const seed = whole('seed', options.seed);
  let startedMs = Date.now();
  const tell = (line: string) => {
    if (!options.quiet)
      console.log(`${((Date.now() - startedMs) / 1_000).toFixed(1).padStart(6)} s  ${line}`);
  };
  console.log(`seed ${seed}, ${options.minutes} minutes`);
  const session = await runSession({
    seed,
    durationMs: Number(options.minutes) * 60_000,
    jobsAtOnce: whole('jobs', options.jobs),
    command: [process.execPath, fileURLToPath(new URL('../../dist/cli.js', import.meta.url))],
    tell,
    started: () => {
      startedMs = Date.now();
    },
  });
  for (const { rule, atMs, text } of session.findings.slice(0, whole('findings', options.findings)))
    console.log(
      `\n${rule.toUpperCase()} at ${((atMs - startedMs) / 1_000).toFixed(1)} s\n  ${text.slice(0, SHOWN_BYTES)}`,
    );
  console.log(`\n${reportOf(session).join('\n')}`);
  if (session.findings.length > 0) {
    console.log(`logs of both ends and of the instances: ${session.directory}`);
    console.log(`again: npm run chaos -- --seed ${seed} --minutes ${options.minutes} --jobs ${options.jobs}`);
    process.exitCode = 1;
  }
}

function whole(name: string, text: string): number {
  const value = Number(text);
  if (text !== '' && Number.isInteger(value) && value >= 0) return value;
  console.error(`--${name} takes a whole number, not ${text}\n\n${HELP}`);
  process.exit(2);
}
