import { describe, expect, it } from 'vitest';
import { LIMITER_KINDS } from '../../../support/reference-upstreams.ts';
import { limit } from '../harness.ts';
import { HiddenWorld, type Tally } from './hidden-world.ts';

const MINUTE = 60_000;
/** Callers who go on as soon as they are answered. */
const CALLERS = 50;

const refusedPart = ({ rejected, sent }: Tally): number => rejected / sent;

describe.each(LIMITER_KINDS)('a limit of 20 a second that nobody tells of (%s)', (kind) => {
  const begin = (slowestMs = 40, seed = 1) => {
    const world = new HiddenWorld({ kind, hidden: [{ value: 20, unit: 'SECOND' }], slowestMs, seed });
    world.start(CALLERS);
    return world;
  };

  it.each([
    [5, 1],
    [30, 2],
    [80, 3],
  ])(
    'is used to nine tenths and more, refused at most once in two hundred, with ways of up to %i ms',
    async (slowestMs, seed) => {
      const world = begin(slowestMs, seed);
      const first = await world.run(MINUTE);
      expect(first.rejected).toBeLessThan(60);
      const rest = await world.run(9 * MINUTE);
      expect(rest.accepted).toBeGreaterThan(0.9 * 9 * 60 * 20);
      expect(refusedPart(rest)).toBeLessThanOrEqual(0.005);
      expect(first.refused + rest.refused).toBe(0);
    },
  );

  it('is followed within a minute when it is halved, and when it is doubled', async () => {
    const world = begin();
    await world.run(3 * MINUTE);
    world.change(10);
    expect((await world.run(MINUTE)).rejected).toBeLessThan(20);
    const halved = await world.run(MINUTE);
    expect(halved.accepted).toBeGreaterThan(0.9 * 600);
    expect(refusedPart(halved)).toBeLessThanOrEqual(0.01);
    world.change(20);
    await world.run(MINUTE);
    const doubled = await world.run(MINUTE);
    expect(doubled.accepted).toBeGreaterThan(0.9 * 1200);
    expect(refusedPart(doubled)).toBeLessThanOrEqual(0.01);
  });

  it('does no harm to callers who want less than it', async () => {
    const world = new HiddenWorld({ kind, hidden: [{ value: 20, unit: 'SECOND' }] });
    world.start(5, 'GET', () => 500);
    const { rejected } = await world.run(5 * MINUTE);
    expect(rejected).toBe(0);
    expect(world.found).toEqual([]);
  });
});

describe.each(LIMITER_KINDS)('hidden limits of longer units (%s)', (kind) => {
  it.each([
    [30, 'MINUTE'],
    [600, 'MINUTE'],
  ] as const)('%i a %s is found out and then refused seldom', async (value, unit) => {
    const world = new HiddenWorld({ kind, hidden: [{ value, unit }], maxWaitMs: 30_000 });
    world.start(CALLERS);
    const first = await world.run(3 * MINUTE);
    expect(first.rejected).toBeLessThan(value < 100 ? 70 : 200);
    const rest = await world.run(7 * MINUTE);
    expect(rest.rejected).toBeLessThan(Math.max(6, 0.015 * rest.sent));
    expect(rest.accepted).toBeGreaterThan(0.85 * 7 * value);
  });

  it('1000 an HOUR is found out, and does not end in refusals', async () => {
    const world = new HiddenWorld({ kind, hidden: [{ value: 1000, unit: 'HOUR' }], maxWaitMs: 30_000 });
    world.start(CALLERS);
    const hour = await world.run(60 * MINUTE);
    expect(hour.rejected).toBeLessThan(150);
    expect(hour.accepted).toBeGreaterThan(900);
    const next = await world.run(60 * MINUTE);
    expect(next.rejected).toBeLessThan(150);
    expect(next.accepted).toBeGreaterThan(850);
  });

  it('two at once, 20 a second and 600 a minute, are both kept to', async () => {
    const world = new HiddenWorld({
      kind,
      hidden: [
        { value: 20, unit: 'SECOND' },
        { value: 600, unit: 'MINUTE' },
      ],
      maxWaitMs: 30_000,
    });
    world.start(CALLERS);
    await world.run(2 * MINUTE);
    const rest = await world.run(8 * MINUTE);
    expect(refusedPart(rest)).toBeLessThan(0.012);
    expect(rest.accepted).toBeGreaterThan(0.8 * 8 * 600);
  });

  it('one on POST alone leaves GET as it is', async () => {
    const world = new HiddenWorld({
      kind,
      hidden: [{ value: 10, unit: 'MINUTE', method: 'POST' }],
      maxWaitMs: 30_000,
    });
    world.start(20, 'GET', () => 1_000);
    world.start(5, 'POST', () => 2_000);
    const tally = await world.run(10 * MINUTE);
    expect(world.found.filter((line) => !line.startsWith('POST '))).toEqual([]);
    expect(tally.rejected).toBeLessThan(30);
    expect(tally.accepted).toBeGreaterThan(0.95 * 20 * 600);
  });
});

describe('a refusal', () => {
  const twenty = [{ value: 20, unit: 'SECOND' }] as const;

  it('whose Retry-After is of another age pauses nothing for longer than a minute', async () => {
    const refusalHeaders = () => ({ 'retry-after': 'Fri, 31 Dec 9999 23:59:59 GMT' });
    const world = new HiddenWorld({ kind: 'sliding', hidden: twenty, refusalHeaders });
    world.start(CALLERS);
    await world.run(5_000);
    const { accepted } = await world.run(2 * MINUTE);
    expect(accepted).toBeGreaterThan(20);
  });

  it('that says to come back in a second is obeyed, and costs little of the budget', async () => {
    const refusalHeaders = () => ({ 'retry-after': '1' });
    const world = new HiddenWorld({ kind: 'fixed', hidden: twenty, refusalHeaders });
    world.start(CALLERS);
    await world.run(MINUTE);
    const rest = await world.run(4 * MINUTE);
    expect(rest.accepted).toBeGreaterThan(0.9 * 4 * 1200);
    expect(refusedPart(rest)).toBeLessThanOrEqual(0.005);
  });

  it('for which every limit that is told of has room is about another, when it comes time and again', async () => {
    const told = [limit('GET', '*', 100_000, 'MINUTE')];
    const world = new HiddenWorld({ kind: 'sliding', hidden: twenty, told });
    world.start(CALLERS);
    await world.run(MINUTE);
    expect(world.found).toEqual([expect.stringMatching(/^ALL (19|20|21) SECOND$/)]);
    const rest = await world.run(2 * MINUTE);
    expect(refusedPart(rest)).toBeLessThanOrEqual(0.006);
    expect(rest.accepted).toBeGreaterThan(0.85 * 2 * 1200);
  });
});
