import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Latencies } from '../../../../src/upstream/hedge/latencies.ts';

const latenciesOf = (percentile: number, all: readonly number[]) => {
  const latencies = new Latencies(percentile);
  for (const ms of all) latencies.add(ms);
  return latencies;
};

it('tells nothing of too few answers', () => {
  const latencies = latenciesOf(95, Array<number>(39).fill(100));
  expect(latencies.percentileMs).toBeUndefined();
  latencies.add(100);
  expect(latencies.percentileMs).toBeGreaterThanOrEqual(100);
});

it('is at most a step above the percentile, and never below it', () => {
  const all = fc.array(fc.integer({ min: 1, max: 60_000 }), { minLength: 40, maxLength: 900 });
  fc.assert(
    fc.property(all, fc.constantFrom(50, 90, 95, 99), (answers, percentile) => {
      const told = latenciesOf(percentile, answers).percentileMs!;
      const slower = answers.filter((ms) => ms > told).length;
      expect(slower).toBeLessThanOrEqual((1 - percentile / 100) * answers.length + 1e-9);
      const beyond = answers.filter((ms) => ms >= told / 2 ** (1 / 8) / (1 + 1e-9)).length;
      expect(beyond).toBeGreaterThan((1 - percentile / 100) * answers.length - 1e-9);
    }),
    { numRuns: 100, seed: 15 },
  );
});

it('follows a region that gets slower, and one that gets faster again', () => {
  const latencies = latenciesOf(95, Array<number>(5_000).fill(20));
  for (let index = 0; index < 600; index++) latencies.add(400);
  expect(latencies.percentileMs).toBeGreaterThanOrEqual(400);
  for (let index = 0; index < 8_000; index++) latencies.add(20);
  expect(latencies.percentileMs).toBeLessThan(25);
});

it('takes what is out of its range for its ends', () => {
  expect(latenciesOf(95, Array<number>(50).fill(0)).percentileMs).toBeLessThan(1.2);
  expect(latenciesOf(95, Array<number>(50).fill(10 * 3_600_000)).percentileMs).toBe(2 ** 17);
});
