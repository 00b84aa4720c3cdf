import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { redisAvailable } from '../support/redis-server.ts';
import { planOf } from './plan.ts';
import { reportOf } from './report.ts';
import { runSession } from './session.ts';
import { REGIONS } from './settings.ts';

/** The same disturbances in every run; `npm run chaos` tries others. */
const SEED = 20_261_129;
const DURATION_MS = 24_000;

/** From its sources, so that the test is of what stands there and not of an older build. */
const COMMAND = [
  process.execPath,
  '--import',
  pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href,
  fileURLToPath(new URL('../../src/cli.ts', import.meta.url)),
];

describe.skipIf(!redisAvailable())('three instances under jobs, while all around them breaks', () => {
  it(
    'give no wrong answer, lose nothing, do nothing twice, and leave nobody without an answer',
    async () => {
      const told: string[] = [];
      const session = await runSession({
        seed: SEED,
        durationMs: DURATION_MS,
        jobsAtOnce: 1,
        command: COMMAND,
        tell: (line) => void told.push(line),
      });
      // Limits are of a second here: on a machine that stands still for one, no log says whose slots were on their way.
      const findings = session.findings.filter(({ rule }) => rule !== 'early refusal');
      expect(findings, [...told, ...reportOf(session)].join('\n')).toEqual([]);
      // It was no walk in the park: jobs ran, and what the plan says was done.
      const plan = planOf(SEED, DURATION_MS, { instances: 3, regions: REGIONS });
      expect(new Set(plan.map(({ lane }) => lane)).size).toBe(3);
      // However slow the machine is, what each lane begins with is done.
      expect(new Set(session.logs.disturbances.map(({ lane }) => lane)).size).toBe(3);
      expect(session.logs.attempts.length).toBeGreaterThan(100);
      expect(session.tally.jobs).toBeGreaterThan(session.tally.givenUp);
    },
    15 * 60_000,
  );
});
