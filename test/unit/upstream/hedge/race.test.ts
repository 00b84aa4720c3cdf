import { describe, expect, it } from 'vitest';
import { type Runner, race } from '../../../../src/upstream/hedge/race.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

/** A runner that ends when the test says so. */
function runner() {
  let end: (outcome: string) => void = () => {};
  const outcome = new Promise<string>((resolve) => {
    end = resolve;
  });
  const all = {
    outcome,
    end,
    isGivenUp: false,
    giveUp() {
      all.isGivenUp = true;
    },
  };
  return all satisfies Runner<string>;
}

function raced() {
  const clock = new FakeClock();
  const [first, second] = [runner(), runner()];
  let begun = 0;
  const begin = () => {
    begun++;
    return second;
  };
  const isGood = (outcome: string) => outcome.startsWith('good');
  const end = race<string>(first, begin, { clock, delayMs: 100, isGood });
  return { clock, first, second, end, begun: () => begun };
}

describe('a race', () => {
  it('has no second runner while the first is in time', async () => {
    const { clock, first, end, begun } = raced();
    clock.tick(99);
    first.end('good');
    expect(await end).toEqual({ outcome: 'good', winner: 'first' });
    clock.tick(1_000);
    expect(begun()).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('has none behind a first that has failed', async () => {
    const { clock, first, end, begun } = raced();
    first.end('bad');
    expect(await end).toEqual({ outcome: 'bad', winner: 'first' });
    clock.tick(1_000);
    expect(begun()).toBe(0);
  });

  it.each(['first', 'second'] as const)(
    'is won by the %s good outcome, and the other is given up',
    async (name) => {
      const runners = raced();
      runners.clock.tick(100);
      runners[name].end('good one');
      expect(await runners.end).toEqual({ outcome: 'good one', winner: name });
      const [winner, loser] = [runners[name], runners[name === 'first' ? 'second' : 'first']];
      expect([winner.isGivenUp, loser.isGivenUp]).toEqual([false, true]);
      loser.end('good, but late');
      expect(await runners.end).toEqual({ outcome: 'good one', winner: name });
    },
  );

  it.each([
    ['second', 'first'],
    ['first', 'second'],
  ] as const)('goes on when the %s fails, until the %s has ended', async (bad, good) => {
    const runners = raced();
    runners.clock.tick(100);
    runners[bad].end('bad');
    await runners[bad].outcome;
    runners[good].end('good');
    expect(await runners.end).toEqual({ outcome: 'good', winner: good });
  });

  it.each([
    ['first', 'second'],
    ['second', 'first'],
  ] as const)('ends with what the first has when both fail, the %s before', async (one, other) => {
    const runners = raced();
    runners.clock.tick(100);
    runners[one].end(`bad ${one}`);
    await runners[one].outcome;
    runners[other].end(`bad ${other}`);
    expect(await runners.end).toEqual({ outcome: 'bad first', winner: 'first' });
  });

  it('goes on with the first alone when there is to be no second', async () => {
    const clock = new FakeClock();
    const first = runner();
    const end = race<string>(first, () => undefined, { clock, delayMs: 100, isGood: () => true });
    clock.tick(100);
    first.end('late');
    expect(await end).toEqual({ outcome: 'late', winner: 'first' });
  });
});
