import { afterAll, beforeAll, describe, it } from 'vitest';
import { type AnyTarget, runTarget } from './target.ts';
import { READERS } from './targets.ts';
import { wireTargets } from './wire/targets.ts';
import { startVictim, type Victim } from './wire/victim.ts';

/** The same inputs in every run; `npm run fuzz` tries others. */
const SEED = 20_261_129;

describe('what reads from outside takes a few hundred odd inputs', () => {
  it.each(READERS.map((target): [string, AnyTarget] => [target.name, target]))(
    '%s',
    async (_name, target) => {
      await runTarget(target, target.values ?? 300, SEED);
    },
  );
});

describe('a running gateway takes a few hundred odd messages', () => {
  let victim: Victim;
  beforeAll(async () => {
    victim = await startVictim();
  });
  afterAll(() => victim.close());

  it.each([0, 1, 2])('(target %s)', async (at) => {
    await runTarget(wireTargets(victim)[at]!, 20, SEED);
  });
});
