import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { redisAvailable } from '../support/redis-server.ts';
import { check } from './checker.ts';
import type { Logs } from './log.ts';
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
      expect(session.findings, [...told, ...reportOf(session)].join('\n')).toEqual([]);
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

/** Its jobs begin bursts of both kinds all the time. */
const BURSTING_SEED = 1_720;
const CALM_MS = 12_000;

describe.skipIf(!redisAvailable())('three instances under jobs, while nothing breaks', () => {
  it(
    'refuse nobody while budget is left',
    async () => {
      const session = await runSession({
        seed: BURSTING_SEED,
        durationMs: CALM_MS,
        jobsAtOnce: 2,
        command: COMMAND,
        tell: () => {},
        plan: [],
      });
      expect(session.findings, reportOf(session).join('\n')).toEqual([]);
      // The rule had something to judge: had the region got a third of it, it would have found those who were refused.
      expect(new Set(check(thinned(session.logs)).map(({ rule }) => rule))).toContain('early refusal');
    },
    15 * 60_000,
  );
});

/** The same with a third of what the regions got. */
function thinned(logs: Logs): Logs {
  return { ...logs, exchanges: logs.exchanges.filter((_, index) => index % 3 === 0) };
}
