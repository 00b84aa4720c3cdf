import { describe, expect, it } from 'vitest';
import { describeDeed, planOf } from './plan.ts';

const WORLD = { instances: 3, regions: ['DFW', 'ORD'] };
const plan = (seed: number, minutes: number) => planOf(seed, minutes * 60_000, WORLD);

describe('a plan', () => {
  it('is the same for the same seed, and another one for another', () => {
    expect(plan(7, 2)).toEqual(plan(7, 2));
    expect(plan(7, 2)).not.toEqual(plan(8, 2));
  });

  it('does one thing at a time in each lane, and ends with a quiet time', () => {
    for (const seed of [1, 2, 3, 4, 5])
      for (const lane of ['cloud', 'redis', 'instance']) {
        const steps = plan(seed, 3).filter((step) => step.lane === lane);
        for (const [index, step] of steps.entries()) {
          expect(step.untilMs).toBeGreaterThan(step.atMs);
          expect(step.atMs).toBeGreaterThanOrEqual(steps[index - 1]?.untilMs ?? 0);
        }
        expect(steps.at(-1)!.untilMs).toBeLessThanOrEqual(3 * 60_000 - 7_000);
      }
  });

  it('comes in time to everything that can happen', () => {
    const kinds = new Set(plan(1, 60).map((step) => `${step.lane} ${step.kind}`));
    expect([...kinds].sort()).toEqual([
      ...['cloud identityDown', 'cloud regionDown', 'cloud rule', 'cloud tokensRevoked'],
      'cloud tokensRevokedWhileIdentityDown',
      ...['instance frozen', 'instance killed', 'instance reloaded', 'instance restarted'],
      ...['redis failover', 'redis failoverToReadonly', 'redis frozen', 'redis killed'],
    ]);
  });

  it('leaves a time without any disturbance in each cycle', () => {
    const steps = plan(1, 3);
    for (const start of [17_000, 38_000])
      expect(steps.some(({ atMs, untilMs }) => atMs < start + 5_900 && untilMs > start)).toBe(false);
  });

  it('reads as a line', () => {
    expect(describeDeed({ lane: 'instance', kind: 'killed', instance: 1 })).toBe('instance 1 killed');
    expect(describeDeed({ lane: 'cloud', kind: 'regionDown', region: 'DFW' })).toBe('region DFW down');
    expect(describeDeed({ lane: 'redis', kind: 'frozen' })).toBe('redis frozen');
  });
});
