import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExpiryLog } from '../../../../src/limits/windows/expiry-log.ts';

/** Steps of 1 ms, so that whole times are not rounded. */
const WINDOW_MS = 2048;

type Action =
  | { does: 'push'; afterMs: number; count: number }
  | { does: 'expire'; afterMs: number }
  | { does: 'drop first'; count: number }
  | { does: 'drop'; expiries: number[] };

const actions: fc.Arbitrary<Action[]> = fc.array(
  fc.oneof(
    fc.record({
      does: fc.constant('push' as const),
      afterMs: fc.integer({ min: 0, max: 40 }),
      count: fc.integer({ min: 1, max: 4 }),
    }),
    fc.record({ does: fc.constant('expire' as const), afterMs: fc.integer({ min: 0, max: 60 }) }),
    fc.record({ does: fc.constant('drop first' as const), count: fc.integer({ min: 0, max: 5 }) }),
    fc.record({
      does: fc.constant('drop' as const),
      expiries: fc
        .array(fc.integer({ min: 0, max: 800 }), { maxLength: 4 })
        .map((times) => times.sort((a, b) => a - b)),
    }),
  ),
  { maxLength: 60 },
);

/** The same as a list of times, one for each slot. */
class Model {
  times: number[] = [];
  pushAt = 0;
  now = 0;
}

function play(log: ExpiryLog, model: Model, action: Action): void {
  if (action.does === 'push') {
    model.pushAt += action.afterMs;
    log.push(model.pushAt, action.count);
    const at = Math.max(model.pushAt, model.times.at(-1) ?? 0);
    for (let index = 0; index < action.count; index++) model.times.push(at);
  } else if (action.does === 'expire') {
    model.now += action.afterMs;
    log.expire(model.now);
    model.times = model.times.filter((time) => time > model.now);
  } else if (action.does === 'drop first') {
    log.dropFirst(action.count);
    model.times.splice(0, action.count);
  } else {
    log.drop(action.expiries);
    for (const expiry of action.expiries) {
      const index = model.times.findIndex((time) => time >= expiry);
      model.times.splice(index < 0 ? model.times.length - 1 : index, 1);
    }
  }
}

function logOf(story: readonly Action[]): { log: ExpiryLog; model: Model } {
  const log = new ExpiryLog(WINDOW_MS);
  const model = new Model();
  for (const action of story) play(log, model, action);
  return { log, model };
}

const expand = (log: ExpiryLog) =>
  [...log.entries()].flatMap(({ expiryMs, count }) => Array.from({ length: count }, () => expiryMs));

describe('ExpiryLog', () => {
  it('holds what a list of times would', () => {
    fc.assert(
      fc.property(actions, fc.integer({ min: 0, max: 900 }), (story, at) => {
        const { log, model } = logOf(story);
        expect(expand(log)).toEqual(model.times);
        expect(log.held).toBe(model.times.length);
        expect(log.countUntil(at)).toBe(model.times.filter((time) => time <= at).length);
        for (let count = 1; count <= model.times.length; count++)
          expect(log.timeOf(count)).toBe(model.times[count - 1]);
        expect(log.timeOf(model.times.length + 1)).toBe(Number.POSITIVE_INFINITY);
      }),
    );
  });

  it('tells of two together when so many come free', () => {
    fc.assert(
      fc.property(actions, actions, (story, other) => {
        const [a, b] = [logOf(story), logOf(other)];
        const times = [...a.model.times, ...b.model.times].sort((x, y) => x - y);
        for (let count = 1; count <= times.length; count++)
          expect(a.log.timeOf(count, b.log)).toBe(times[count - 1]);
        expect(a.log.timeOf(times.length + 1, b.log)).toBe(Number.POSITIVE_INFINITY);
      }),
    );
  });
});
