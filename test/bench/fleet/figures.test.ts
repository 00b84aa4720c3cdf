import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { figuresOf, jainsIndex, ownShare, percentile } from '../../../bench/fleet/figures.ts';
import type { JobReport } from '../../../bench/fleet/job.ts';
import { pictureOf } from '../../../bench/fleet/picture.ts';
import { summaryOf, tableOf } from '../../../bench/fleet/report.ts';

const REPORT: JobReport = {
  index: 0,
  client: 'fog',
  failure: undefined,
  startedMs: 1000,
  endedMs: 11_000,
  waitedMs: 2500,
  requests: 8,
  refusals: 0,
  logins: 1,
  serverId: 'a',
  leftBehind: false,
};
const FAILURE = { step: 'login', message: 'login: the login was answered 429', status: 429 } as const;

describe("Jain's index", () => {
  it('is 1 where all have the same, and 1/n where one has everything', () => {
    expect(jainsIndex([3, 3, 3, 3])).toBeCloseTo(1);
    expect(jainsIndex([5, 0, 0, 0])).toBeCloseTo(0.25);
    expect(jainsIndex([1, 2, 3])).toBeCloseTo(36 / 42);
    expect([jainsIndex([]), jainsIndex([0, 0])]).toEqual([0, 0]);
  });

  it('lies between 1/n and 1, and does not mind the unit', () => {
    const shares = fc.array(fc.double({ min: 0.001, max: 1000, noNaN: true }), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(shares, fc.double({ min: 0.01, max: 100, noNaN: true }), (values, unit) => {
        const index = jainsIndex(values);
        expect(index).toBeLessThanOrEqual(1 + 1e-9);
        expect(index).toBeGreaterThanOrEqual(1 / values.length - 1e-9);
        expect(jainsIndex(values.map((value) => value * unit))).toBeCloseTo(index, 6);
      }),
      { seed: 15, numRuns: 100 },
    );
  });
});

describe('a percentile', () => {
  it('is the smallest value that so many do not exceed', () => {
    const values = [40, 10, 30, 20];
    expect([1, 25, 26, 50, 75, 99, 100].map((percent) => percentile(values, percent))).toEqual([
      10, 10, 20, 20, 30, 40, 40,
    ]);
    expect(percentile([], 50)).toBeNaN();
  });
});

describe('the figures of a way', () => {
  const reports = [
    REPORT,
    { ...REPORT, index: 1, startedMs: 3000, endedMs: 31_000, waitedMs: 21_000, refusals: 2 },
    {
      ...REPORT,
      index: 2,
      startedMs: 2000,
      endedMs: 40_000,
      failure: FAILURE,
      refusals: 1,
      leftBehind: true,
    },
  ];
  const figures = figuresOf('direct', reports, { logins: 2, requests: 40, refusals: 3 });

  it('count from the first beginning to the last end, and waits of those that were done', () => {
    expect(figures).toMatchObject({
      jobs: 3,
      failed: 1,
      leftBehind: 1,
      allDoneMs: 39_000,
      refusalsSeen: 3,
      waitP50Ms: 2500,
      waitP99Ms: 21_000,
      doneMs: [10_000, 30_000],
    });
    expect([...figures.failures]).toEqual([['login: 429', 1]]);
  });

  it('give a failed job no share at all', () => {
    expect(reports.map(ownShare)).toEqual([0.75, 0.25, 0]);
    expect(figures.fairness).toBeCloseTo(1 / (3 * (0.5625 + 0.0625)));
  });

  it('stand in the table and in the picture', () => {
    const table = tableOf([figures, { ...figures, way: 'Sluice' }]);
    expect(table).toContain('| jobs that failed | 1 of 3 | 1 of 3 |');
    expect(table).toContain('| time until all jobs are done | 39.0 s | 39.0 s |');
    expect(table).toContain('| where jobs failed | 1 × login: 429 | 1 × login: 429 |');
    expect(summaryOf([{ name: 'a cloud', figures: [figures] }])).toContain(
      '| a cloud | direct | 39.0 s | 1 | 3 | 2 | 40 | 2.5 s / 21.0 s | 0.53 |',
    );
    const columns = table.split('\n').map((line) => line.split('|').length);
    expect(new Set(columns)).toEqual(new Set([5]));
    const picture = pictureOf([{ title: 'A <cloud> & its limits', figures: [figures] }], 'note');
    expect(picture).toContain('A &lt;cloud&gt; &amp; its limits');
    expect(picture).toContain('2 done, 1 failed');
    // A step up for each job that was done, then on to the end of the last.
    expect(picture.match(/<path d="[^"]*"/)?.[0].match(/V/g)).toHaveLength(2);
  });
});
