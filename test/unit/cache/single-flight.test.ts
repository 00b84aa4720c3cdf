import { describe, expect, it } from 'vitest';
import { createSingleFlight } from '../../../src/cache/single-flight.ts';
import { settle } from '../../support/fake-clock.ts';
import { gate } from './support.ts';

const setUp = () => {
  const flights = createSingleFlight<string>();
  const work = gate<string>();
  const signals: AbortSignal[] = [];
  const run = (signal: AbortSignal) => {
    signals.push(signal);
    return work.promise;
  };
  return { flights, work, signals, run };
};

describe('single flight', () => {
  it('runs once for all who join', async () => {
    const { flights, work, signals, run } = setUp();
    const joins = Array.from({ length: 50 }, () => flights.join('k', 's', run));
    expect(joins.filter(({ joined }) => !joined)).toHaveLength(1);
    work.open('done');
    expect(new Set(await Promise.all(joins.map(({ outcome }) => outcome)))).toEqual(new Set(['done']));
    expect(signals).toHaveLength(1);
    expect(flights.size).toBe(0);
  });

  it('shares a failure and forgets it', async () => {
    const { flights, work, run } = setUp();
    const outcomes = [flights.join('k', 's', run).outcome, flights.join('k', 's', run).outcome];
    work.fail(new Error('lost'));
    for (const outcome of outcomes) await expect(outcome).rejects.toThrow('lost');
    expect(flights.join('k', 's', async () => 'next').joined).toBe(false);
  });

  it('takes a throw before the first await for a failed run', async () => {
    const flights = createSingleFlight<string>();
    const { outcome } = flights.join('k', 's', () => {
      throw new Error('at once');
    });
    await expect(outcome).rejects.toThrow('at once');
  });

  it('goes on for the others when one leaves, and aborts when the last has left', async () => {
    const { flights, signals, run } = setUp();
    const [first, second] = [new AbortController(), new AbortController()];
    const outcomes = [first, second].map(({ signal }) => flights.join('k', 's', run, signal).outcome);
    first.abort(new Error('first left'));
    await expect(outcomes[0]).rejects.toThrow('first left');
    expect(signals[0]!.aborted).toBe(false);
    second.abort(new Error('second left'));
    await expect(outcomes[1]).rejects.toThrow('second left');
    expect(signals[0]!.aborted).toBe(true);
    expect(flights.size).toBe(0);
  });

  it('never starts for a caller that has left already', async () => {
    const { flights, signals, run } = setUp();
    await expect(flights.join('k', 's', run, AbortSignal.abort(new Error('gone'))).outcome).rejects.toThrow(
      'gone',
    );
    expect(signals).toHaveLength(0);
  });

  it('does not let the leaving of callers abort a run that was started for nobody', async () => {
    const { flights, work, signals, run } = setUp();
    expect(flights.start('k', 's', run)).toBe(true);
    expect(flights.start('k', 's', run)).toBe(false);
    const caller = new AbortController();
    const { joined, outcome } = flights.join('k', 's', run, caller.signal);
    expect(joined).toBe(true);
    caller.abort(new Error('left'));
    await expect(outcome).rejects.toThrow('left');
    expect(signals[0]!.aborted).toBe(false);
    work.fail(new Error('a failure nobody waits for is nobody`s unhandled rejection'));
    await settle();
    expect(flights.size).toBe(0);
  });

  it('goes on with a forgotten run for those who wait, but nobody joins it', async () => {
    const { flights, work, signals, run } = setUp();
    const early = flights.join('k', 'images', run);
    const elsewhere = flights.join('other', 'flavors', run);
    expect(flights.forget('images')).toBe(1);
    const late = flights.join('k', 'images', run);
    expect([early.joined, late.joined]).toEqual([false, false]);
    work.open('done');
    expect(await Promise.all([early.outcome, late.outcome, elsewhere.outcome])).toHaveLength(3);
    expect(signals).toHaveLength(3);
  });
});
