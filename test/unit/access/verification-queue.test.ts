import { describe, expect, it } from 'vitest';
import { type Standing, VerificationQueue } from '../../../src/access/verification-queue.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const COST_MS = 200;

/** A queue whose verifications take 200 ms of a clock turned by hand. */
function setUp() {
  const clock = new FakeClock();
  const queue = new VerificationQueue(clock);
  const begun: string[] = [];
  let running = 0;
  let mostRunning = 0;
  const run = (group: string, isRight: boolean, standing: Standing = 'fresh', place = `at-${group}`) =>
    queue.run({ group, place, standing }, () => {
      begun.push(group);
      mostRunning = Math.max(mostRunning, ++running);
      return new Promise((resolve) =>
        clock.setTimer(() => {
          running--;
          resolve(isRight);
        }, COST_MS),
      );
    });
  return { clock, queue, begun, run, mostRunning: () => mostRunning };
}

describe('the queue of verifications', () => {
  it('runs two at a time and says what they found', async () => {
    const { clock, run, mostRunning } = setUp();
    const all = Promise.all([run('a', true), run('b', false), run('c', true)]);
    await clock.advance(1_000);
    expect(await all).toEqual([true, false, true]);
    expect(mostRunning()).toBe(2);
  });

  it('lets a fleet with right passwords through at full speed', async () => {
    const { clock, run, begun } = setUp();
    const all = Promise.all(Array.from({ length: 40 }, (_, at) => run(`client-${at}`, true)));
    await clock.advance((40 / 2) * COST_MS);
    expect(begun).toHaveLength(40);
    expect(new Set(await all)).toEqual(new Set([true]));
  });

  it('spends a twentieth of a processor on wrong passwords, after a short burst', async () => {
    const { clock, run, begun } = setUp();
    for (let second = 0; second < 120; second++) {
      for (let at = 0; at < 100; at++) void run(`name-${at}`, false);
      await clock.advance(1_000);
    }
    const spent = begun.length * COST_MS;
    expect(spent).toBeGreaterThan(120 * 50);
    expect(spent).toBeLessThan(1_000 + 120 * 50 + 3 * COST_MS);
  });

  it('lets known callers go first while strangers are many', async () => {
    const { clock, run, begun } = setUp();
    for (let at = 0; at < 64; at++) void run(`stranger-${at}`, false);
    await clock.advance(3_000);
    const before = begun.length;
    const known = run('anna', true, 'known');
    await clock.advance(COST_MS);
    expect(await known).toBe(true);
    expect(begun[before]).toBe('anna');
  });

  it('tells the rest to come back: too many of a name, too many in all, too long', async () => {
    const { clock, queue, run } = setUp();
    const ofOne = Array.from({ length: 20 }, () => run('anna', false));
    expect(queue.waiting).toBe(8);
    for (let at = 0; at < 100; at++) void run(`other-${at}`, false);
    expect(queue.waiting).toBe(64);
    expect(await run('last', true)).toBe('busy');
    await clock.advance(6_000);
    expect(queue.waiting).toBe(0);
    const outcomes = await Promise.all(ofOne);
    expect(outcomes.filter((outcome) => outcome === 'busy').length).toBeGreaterThan(10);
    expect(queue.busyMs).toBeGreaterThanOrEqual(1_000);
    expect(clock.pending).toBeLessThanOrEqual(1);
  });

  it('gives names turns', async () => {
    const { clock, run, begun } = setUp();
    for (let at = 0; at < 6; at++) void run('a', true);
    for (const name of ['b', 'c']) void run(name, true);
    await clock.advance(2_000);
    expect(begun.slice(0, 4).sort()).toEqual(['a', 'a', 'b', 'c']);
  });

  it('gives addresses turns, whatever names they try', async () => {
    const { clock, run, begun } = setUp();
    for (let at = 0; at < 20; at++) void run(`name-${at}`, true, 'fresh', 'office');
    void run('anna', true, 'fresh', 'elsewhere');
    await clock.advance(COST_MS);
    expect(begun.slice(0, 3)).toContain('anna');
  });

  it('begins at once with an address that never failed, however many wait that have', async () => {
    const { clock, run, begun } = setUp();
    for (let second = 0; second < 30; second++) {
      for (let at = 0; at < 100; at++) void run(`name-${at % 20}`, false, 'suspect', `10.0.0.${at}`);
      await clock.advance(1_000);
    }
    for (const group of ['anna', 'name-3']) {
      const before = begun.length;
      const first = run(group, true, 'fresh', `new-home-of-${group}`);
      await clock.advance(2 * COST_MS);
      expect(await first).toBe(true);
      expect(begun.slice(before)).toContain(group);
    }
  });

  it('is shared between addresses that never failed when more of them come than it has room for', async () => {
    const { clock, queue, run } = setUp();
    for (let at = 0; at < 200; at++) void run(`name-${at % 16}`, false, 'fresh', `crowd-${at % 4}`);
    expect(queue.waiting).toBe(64);
    const late = run('anna', true, 'fresh', 'late');
    expect(queue.waiting).toBe(64);
    await clock.advance(4_900);
    expect(await late).toBe(true);
  });

  it('has room for whoever would have some claim to it, and looking for it takes nobody’s place', async () => {
    const { clock, queue, run } = setUp();
    const asker = (standing: Standing, place = 'new') => ({ group: 'anna', place, standing });
    expect(queue.hasRoom(asker('suspect'))).toBe(true);
    for (let at = 0; at < 80; at++) void run(`name-${at % 20}`, false, 'suspect', `10.0.0.${at}`);
    const { waiting } = queue;
    expect(queue.hasRoom(asker('suspect'))).toBe(false);
    expect(queue.hasRoom(asker('fresh'))).toBe(true);
    expect(queue.hasRoom(asker('known'))).toBe(true);
    expect(queue.waiting).toBe(waiting);
    await clock.advance(6_000);
    expect(queue.hasRoom(asker('suspect'))).toBe(true);
  });

  it('remembers whose turn it was of so many and no more, however long somebody waits', async () => {
    const { clock, queue, begun } = setUp();
    const seen: number[] = [];
    const verify = (place: string) => () => {
      begun.push(place);
      return new Promise<boolean>((resolve) => clock.setTimer(() => resolve(true), 1));
    };
    for (let at = 0; at < 3_000; at++) {
      // There is always one that waits or is verified.
      for (const place of [`10.0.${at >> 8}.${at & 255}`, 'office'])
        void queue.run({ group: place, place, standing: 'fresh' }, verify(place));
      await clock.advance(0.5);
      seen.push(queue.turnsKept);
    }
    expect(Math.max(...seen)).toBe(1_024);
    await clock.advance(1_000);
    expect(queue.waiting).toBe(0);
    expect(queue.turnsKept).toBe(0);
  });

  it('goes on when a verification breaks', async () => {
    const { clock, queue, run } = setUp();
    const broken = queue.run({ group: 'a', place: 'at-a', standing: 'fresh' }, () =>
      Promise.reject(new Error('no memory')),
    );
    await expect(broken).rejects.toThrow('no memory');
    const next = run('b', true);
    await clock.advance(COST_MS);
    expect(await next).toBe(true);
  });
});
