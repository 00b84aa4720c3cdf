import { describe, expect, it } from 'vitest';
import { LIMITER_KINDS } from '../../../support/reference-upstreams.ts';
import { HiddenWorld, type Tally } from './hidden-world.ts';

const MINUTE = 60_000;

const refusedPart = ({ rejected, sent }: Tally): number => rejected / sent;

/** So many instances on one store in front of a region that allows 20 a second and does not say so; nobody asks yet. */
function fleetOf(instances: number, options: Partial<ConstructorParameters<typeof HiddenWorld>[0]> = {}) {
  const hidden = [{ value: 20, unit: 'SECOND' }] as const;
  const world = new HiddenWorld({ kind: 'sliding', hidden, isShared: true, ...options });
  const shapers = [world.shaper, ...Array.from({ length: instances - 1 }, () => world.join())];
  return { world, shapers };
}

/** The same with fifty callers, shared out. */
function busyFleetOf(instances: number, options: Partial<ConstructorParameters<typeof HiddenWorld>[0]> = {}) {
  const fleet = fleetOf(instances, options);
  for (const shaper of fleet.shapers) fleet.world.start(Math.ceil(50 / instances), 'GET', () => 0, shaper);
  return fleet;
}

describe.each(LIMITER_KINDS)('a hidden limit that instances share (%s)', (kind) => {
  it.each([2, 3])('is used to nine tenths and refused at most once in two hundred by %i', async (count) => {
    const { world, shapers } = busyFleetOf(count, { kind, seed: count });
    const first = await world.run(2 * MINUTE);
    expect(first.rejected).toBeLessThan(90);
    const rest = await world.run(8 * MINUTE);
    expect(rest.accepted).toBeGreaterThan(0.9 * 8 * 60 * 20);
    expect(refusedPart(rest)).toBeLessThanOrEqual(0.005);
    expect(first.refused + rest.refused).toBe(0);
    // They know of one limit, and the same.
    const found = shapers.map((shaper) => world.foundBy(shaper));
    for (const one of found) expect(one).toHaveLength(1);
  });

  it('is followed within a minute when it is halved, and when it is doubled', async () => {
    const { world } = busyFleetOf(2, { kind });
    await world.run(3 * MINUTE);
    world.change(10);
    await world.run(MINUTE);
    const halved = await world.run(MINUTE);
    expect(halved.accepted).toBeGreaterThan(0.9 * 600);
    expect(refusedPart(halved)).toBeLessThanOrEqual(0.01);
    world.change(20);
    await world.run(MINUTE);
    const doubled = await world.run(MINUTE);
    expect(doubled.accepted).toBeGreaterThan(0.9 * 1200);
    expect(refusedPart(doubled)).toBeLessThanOrEqual(0.01);
  });
});

describe('what one instance has found out', () => {
  it('is known to one that joins, before it is refused anything', async () => {
    const { world } = busyFleetOf(1);
    await world.run(MINUTE);
    const newcomer = world.join();
    await world.run(100);
    expect(world.foundBy(newcomer)).toEqual(world.found);
    world.start(25, 'GET', () => 0, newcomer);
    const both = await world.run(2 * MINUTE);
    expect(refusedPart(both)).toBeLessThanOrEqual(0.006);
    expect(both.accepted).toBeGreaterThan(0.9 * 2 * 1200);
  });

  it('is known when all have gone and come again', async () => {
    const { world, shapers } = busyFleetOf(2);
    await world.run(2 * MINUTE);
    const found = world.found;
    await Promise.all(shapers.map((shaper) => shaper.close()));
    await world.run(60 * MINUTE);
    const again = world.join();
    await world.run(100);
    expect(world.foundBy(again)).toEqual(found);
    world.start(50, 'GET', () => 0, again);
    expect((await world.run(MINUTE)).rejected).toBeLessThan(12);
  });

  it('is told the store again when that has lost it', async () => {
    const { world } = busyFleetOf(2);
    await world.run(2 * MINUTE);
    world.store.lose();
    await world.run(2_000);
    const newcomer = world.join();
    await world.run(100);
    expect(world.foundBy(newcomer)).toEqual(world.found);
  });

  it('is kept to in parts while the store is away, and used again when it is back', async () => {
    const { world } = busyFleetOf(2);
    await world.run(2 * MINUTE);
    world.store.isUp = false;
    const away = await world.run(2 * MINUTE);
    expect(refusedPart(away)).toBeLessThanOrEqual(0.005);
    expect(away.accepted).toBeGreaterThan(0.85 * 2 * 1200);
    world.store.isUp = true;
    const back = await world.run(2 * MINUTE);
    expect(refusedPart(back)).toBeLessThanOrEqual(0.006);
    expect(back.accepted).toBeGreaterThan(0.88 * 2 * 1200);
  });

  it('leaves all of it to the one that wants it', async () => {
    const { world, shapers } = fleetOf(3);
    world.start(1, 'GET', () => 900, shapers[1]);
    world.start(50, 'GET', () => 0, shapers[0]);
    await world.run(2 * MINUTE);
    const rest = await world.run(5 * MINUTE);
    expect(rest.accepted).toBeGreaterThan(0.85 * 5 * 1200);
    expect(refusedPart(rest)).toBeLessThanOrEqual(0.006);
  });

  it('and is no limit after all is known to all: one on POST leaves GET as it is', async () => {
    const hidden = [{ value: 10, unit: 'MINUTE', method: 'POST' }] as const;
    const { world, shapers } = fleetOf(2, { hidden, maxWaitMs: 30_000 });
    for (const shaper of shapers) {
      world.start(10, 'GET', () => 1_000, shaper);
      world.start(3, 'POST', () => 2_000, shaper);
    }
    const tally = await world.run(10 * MINUTE);
    for (const shaper of shapers)
      expect(world.foundBy(shaper).filter((line) => !line.startsWith('POST '))).toEqual([]);
    expect(tally.rejected).toBeLessThan(60);
    expect(tally.accepted).toBeGreaterThan(0.95 * 20 * 600);
  });

  it('per MINUTE is shared as well', async () => {
    const hidden = [{ value: 600, unit: 'MINUTE' }] as const;
    const { world } = busyFleetOf(2, { hidden, maxWaitMs: 30_000 });
    await world.run(4 * MINUTE);
    const rest = await world.run(8 * MINUTE);
    expect(rest.rejected).toBeLessThan(0.015 * rest.sent);
    expect(rest.accepted).toBeGreaterThan(0.85 * 8 * 600);
  });
});
