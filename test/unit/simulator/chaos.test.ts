import { describe, expect, test } from 'vitest';
import { type ChaosRequest, createChaos, drawLatency } from '../../../src/simulator/chaos/chaos.ts';
import { type ChaosRuleInput, chaosRule } from '../../../src/simulator/chaos/complete.ts';
import { createRandom } from '../../../src/simulator/chaos/random.ts';

const request = (fields: Partial<ChaosRequest> = {}): ChaosRequest => ({
  service: 'compute',
  region: 'DFW',
  method: 'GET',
  path: '/flavors',
  ...fields,
});
const chaosOf = (...rules: ChaosRuleInput[]) => createChaos(7, rules.map(chaosRule));
const effects = (chaos: ReturnType<typeof createChaos>, count: number, asked = request()) =>
  Array.from({ length: count }, () => chaos.plan(asked).effect);

test('the same seed makes the same requests fail, another seed others', () => {
  const rule = chaosRule({ effect: 'status', probability: 0.5 });
  const run = (seed: number) => effects(createChaos(seed, [rule]), 64).join();
  expect(run(1)).toBe(run(1));
  expect(run(1)).not.toBe(run(2));
});

test('about as many requests fail as the rule says', () => {
  const hits = effects(chaosOf({ effect: 'reset', probability: 0.25 }), 4000).filter(
    (effect) => effect === 'reset',
  );
  expect(hits.length).toBeGreaterThan(900);
  expect(hits.length).toBeLessThan(1100);
});

test('a further rule changes nothing for the others', () => {
  const rule: ChaosRuleInput = { id: 'first', effect: 'status', probability: 0.5 };
  const alone = effects(chaosOf(rule), 32);
  const together = effects(chaosOf({ id: 'other', probability: 0.5, latency: { ms: 1 } }, rule), 32);
  expect(together).toEqual(alone);
});

describe('a rule', () => {
  test.each<[string, ChaosRuleInput, Partial<ChaosRequest>, boolean]>([
    ['for a region, whatever its case', { region: 'dfw' }, {}, true],
    ['for another region', { region: 'ORD' }, {}, false],
    ['for a method', { method: 'post' }, { method: 'POST' }, true],
    ['for another method', { method: 'POST' }, {}, false],
    ['for a path', { path: '^/flavors' }, {}, true],
    ['for another path', { path: '^/servers' }, {}, false],
    ['for identity', { service: 'identity' }, {}, false],
  ])('%s', (_, rule, asked, hits) => {
    expect(chaosOf({ effect: 'hang', ...rule }).plan(request(asked)).effect).toBe(hits ? 'hang' : 'none');
  });

  test('may begin later and end', () => {
    expect(effects(chaosOf({ effect: 'reset', skip: 1, times: 2 }), 5)).toEqual([
      'none',
      'reset',
      'reset',
      'none',
      'none',
    ]);
  });
});

test('delays add up and the first effect wins', () => {
  const chaos = chaosOf(
    { latency: { ms: 100 } },
    { effect: 'status', status: 500, latency: { ms: 20 } },
    { effect: 'hang' },
  );
  expect(chaos.plan(request())).toEqual({ delayMs: 120, effect: 'status', status: 500, retryAfter: null });
});

test('rules are added, listed with their hits, removed and cleared', () => {
  const chaos = chaosOf();
  const id = chaos.add(chaosRule({ effect: 'hang' }));
  effects(chaos, 2);
  expect(chaos.list()).toMatchObject([{ rule: { id, effect: 'hang' }, seen: 2, hits: 2 }]);
  expect([chaos.remove(id), chaos.remove(id)]).toEqual([true, false]);
  chaos.add(chaosRule({ effect: 'hang' }));
  chaos.clear();
  expect(effects(chaos, 1)).toEqual(['none']);
});

test('a rule that is wrong is refused with its problems', () => {
  expect(() => chaosRule({ effect: 'explode' })).toThrow(/effect/);
  expect(() => chaosRule({ wrong: 1 })).toThrow(/additional properties/);
  expect(() => chaosOf({ path: '(' })).toThrow(/regular expression/);
});

describe('latency', () => {
  const draws = (distribution: 'fixed' | 'uniform' | 'normal' | 'exponential') => {
    const random = createRandom(3);
    const latency = { distribution, ms: 100, spreadMs: 20, maxMs: 150 };
    return Array.from({ length: 2000 }, () => drawLatency(latency, random));
  };
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

  test.each(['fixed', 'uniform', 'normal'] as const)(
    '%s varies around its mean within bounds',
    (distribution) => {
      const values = draws(distribution);
      expect(mean(values)).toBeGreaterThan(97);
      expect(mean(values)).toBeLessThan(103);
      expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...values)).toBeLessThanOrEqual(150);
    },
  );

  test('uniform stays within its spread, exponential is cut off', () => {
    const uniform = draws('uniform');
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(80);
    expect(Math.max(...uniform)).toBeLessThanOrEqual(120);
    expect(Math.max(...draws('exponential'))).toBe(150);
  });
});
