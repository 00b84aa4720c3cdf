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
  it('runs once for all who board', async () => {
    const { flights, work, signals, run } = setUp();
    const boardings = Array.from({ length: 50 }, () => flights.board('k', 's', run));
    expect(boardings.filter(({ joined }) => !joined)).toHaveLength(1);
    work.open('landed');
    expect(new Set(await Promise.all(boardings.map(({ landing }) => landing)))).toEqual(new Set(['landed']));
    expect(signals).toHaveLength(1);
    expect(flights.size).toBe(0);
  });

  it('shares a failure and forgets it', async () => {
    const { flights, work, run } = setUp();
    const landings = [flights.board('k', 's', run).landing, flights.board('k', 's', run).landing];
    work.fail(new Error('lost'));
    for (const landing of landings) await expect(landing).rejects.toThrow('lost');
    expect(flights.board('k', 's', async () => 'next').joined).toBe(false);
  });

  it('takes a throw before the first await for a failed flight', async () => {
    const flights = createSingleFlight<string>();
    const { landing } = flights.board('k', 's', () => {
      throw new Error('at once');
    });
    await expect(landing).rejects.toThrow('at once');
  });

  it('goes on for the others when one leaves, and aborts when the last has left', async () => {
    const { flights, signals, run } = setUp();
    const [first, second] = [new AbortController(), new AbortController()];
    const landings = [first, second].map(({ signal }) => flights.board('k', 's', run, signal).landing);
    first.abort(new Error('first left'));
    await expect(landings[0]).rejects.toThrow('first left');
    expect(signals[0]!.aborted).toBe(false);
    second.abort(new Error('second left'));
    await expect(landings[1]).rejects.toThrow('second left');
    expect(signals[0]!.aborted).toBe(true);
    expect(flights.size).toBe(0);
  });

  it('never starts for a caller that has left already', async () => {
    const { flights, signals, run } = setUp();
    await expect(flights.board('k', 's', run, AbortSignal.abort(new Error('gone'))).landing).rejects.toThrow(
      'gone',
    );
    expect(signals).toHaveLength(0);
  });

  it('does not let the leaving of passengers abort a flight that was launched', async () => {
    const { flights, work, signals, run } = setUp();
    expect(flights.launch('k', 's', run)).toBe(true);
    expect(flights.launch('k', 's', run)).toBe(false);
    const caller = new AbortController();
    const { joined, landing } = flights.board('k', 's', run, caller.signal);
    expect(joined).toBe(true);
    caller.abort(new Error('left'));
    await expect(landing).rejects.toThrow('left');
    expect(signals[0]!.aborted).toBe(false);
    work.fail(new Error('a failure nobody waits for is nobody`s unhandled rejection'));
    await settle();
    expect(flights.size).toBe(0);
  });

  it('lands a detached flight for those aboard, but nobody boards it', async () => {
    const { flights, work, signals, run } = setUp();
    const aboard = flights.board('k', 'images', run);
    const elsewhere = flights.board('other', 'flavors', run);
    expect(flights.detach('images')).toBe(1);
    const late = flights.board('k', 'images', run);
    expect([aboard.joined, late.joined]).toEqual([false, false]);
    work.open('landed');
    expect(await Promise.all([aboard.landing, late.landing, elsewhere.landing])).toHaveLength(3);
    expect(signals).toHaveLength(3);
  });
});
