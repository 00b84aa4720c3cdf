import { expect, test } from 'vitest';
import { createTurnableClock } from '../../../src/simulator/turnable-clock.ts';
import { FakeClock } from '../../support/fake-clock.ts';

test('runs faster than its base by its scale, and its timers with it', () => {
  const base = new FakeClock();
  const clock = createTurnableClock(base, 60);
  const start = clock.now();
  const fired: number[] = [];
  clock.setTimer(() => fired.push(clock.now() - start), 120_000);
  base.tick(1_999);
  expect(fired).toEqual([]);
  base.tick(1);
  expect(fired).toEqual([120_000]);
  expect([clock.now() - start, clock.monotonic()]).toEqual([120_000, 120_000]);
});

test('turned by hand, timers fire in order and each at its own time', () => {
  const base = new FakeClock();
  const clock = createTurnableClock(base);
  const start = clock.now();
  const fired: string[] = [];
  const note = (name: string) => () => fired.push(`${name} ${clock.now() - start}`);
  clock.setTimer(note('late'), 900);
  clock.setTimer(note('early'), 100);
  clock.setTimer(note('beyond'), 2_000);
  clock.setTimer(note('cancelled'), 300).cancel();
  clock.advance(1_000);
  expect(fired).toEqual(['early 100', 'late 900']);
  expect(clock.now() - start).toBe(1_000);
  base.tick(1_000);
  expect(fired).toEqual(['early 100', 'late 900', 'beyond 2000']);
  expect(base.pending).toBe(0);
});

test('a timer set while time is turned on fires within the same turn', () => {
  const clock = createTurnableClock(new FakeClock());
  const fired: number[] = [];
  clock.setTimer(() => {
    fired.push(1);
    clock.setTimer(() => fired.push(2), 400);
  }, 500);
  clock.advance(1_000);
  expect(fired).toEqual([1, 2]);
});
