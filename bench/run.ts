import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BUILT, openContext } from './context.ts';
import { generator } from './load.ts';
import { compare, type MeasureOptions } from './measure.ts';
import { measurePart, PARTS } from './parts.ts';
import { isInstalled } from './program.ts';
import { marksOf, QUESTIONS } from './questions.ts';
import { tableOf, writeResults } from './report.ts';

/**
 * `npm run bench`: what a request costs the server in CPU time, by the kernel's accounting, Sluice beside its peers
 * in one run. `--rounds`, `--seconds`, `--connections` change the effort, `--only hit|forms|access|tls|tracing|computed|uncached|streamed|…` takes one question,
 * `--only soak --minutes 10` is long and no part of a run otherwise, `--cli FILE` measures another build, `--no-write` leaves README.md alone.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    connections: { type: 'string', default: '32' },
    cli: { type: 'string', default: BUILT },
    only: { type: 'string' },
    minutes: { type: 'string', default: '10' },
    'no-write': { type: 'boolean', default: false },
  },
});

const options: MeasureOptions = {
  rounds: Number(values.rounds),
  seconds: Number(values.seconds),
  warmUpSeconds: Math.min(3, Number(values.seconds)),
  connections: Number(values.connections),
};

if (!isInstalled('taskset') || cpus().length < 2)
  throw new Error('the bench needs taskset (util-linux) and two cores: one for the server, one for the load');
const { context, close } = await openContext(values.cli);
try {
  const sections = [conditions()];
  for (const question of QUESTIONS) {
    if (values.only !== undefined && values.only !== question.key) continue;
    const comparison = await compare(question.peers, context, options);
    const marks = marksOf(question, comparison).map((line) => `\n- ${line}`);
    sections.push(
      `### ${question.title}\n\n${tableOf(comparison, question.base)}\n${marks.join('')}`.trimEnd(),
    );
    console.log(`\n${sections.at(-1)}`);
  }
  for (const part of PARTS) {
    if (values.only === undefined ? part.isSlow : values.only !== part.key) continue;
    sections.push(measurePart(part, values.minutes));
    console.log(`\n${sections.at(-1)}`);
  }
  const readme = fileURLToPath(new URL('./README.md', import.meta.url));
  if (!values['no-write'] && values.only === undefined) writeResults(readme, sections.join('\n\n'));
} finally {
  await close();
}

function conditions(): string {
  const machine = `${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.version}`;
  const effort = `${options.rounds} rounds of ${options.seconds} s, ${options.connections} connections, ${generator}`;
  return `${machine}; ${effort}; ${new Date().toISOString().slice(0, 10)}.`;
}
