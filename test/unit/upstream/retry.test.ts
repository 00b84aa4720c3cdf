import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExchangeError } from '../../../src/upstream/exchange.ts';
import { decideRetry, type Outcome } from '../../../src/upstream/retry.ts';

const status = (code: number): Outcome => ({ kind: 'status', status: code });
const error = (kind: ExchangeError['kind'], sent = true): Outcome => ({
  kind: 'error',
  error: new ExchangeError(kind, sent, 'it failed'),
});
const outcomes = [
  ...[200, 400, 401, 404, 409, 413, 500, 501, 502, 503, 504].map(status),
  ...(['refused', 'timeout', 'reset', 'broken', 'too-large', 'aborted'] as const).map((kind) => error(kind)),
];

describe('what is sent again', () => {
  it.each(['GET', 'HEAD', 'DELETE'])(
    'a %s that met 502, 503 or 504, or a connection that failed',
    (method) => {
      const again = outcomes.filter((outcome) => decideRetry(method, outcome, 1, 2, 0.5).retry);
      expect(again).toEqual([
        ...[502, 503, 504].map(status),
        ...(['refused', 'reset', 'broken'] as const).map((kind) => error(kind)),
      ]);
    },
  );

  it.each(['POST', 'PUT', 'PATCH'])('a %s: never, not even one that cannot have arrived', (method) => {
    for (const outcome of [...outcomes, error('refused', false)])
      expect(decideRetry(method, outcome, 1, 2, 0.5)).toEqual({ retry: false });
  });

  it('as often as is set, and no oftener', () => {
    const asked = [1, 2, 3, 4].map((attempt) => decideRetry('GET', status(503), attempt, 2, 0.5).retry);
    expect(asked).toEqual([true, true, false, false]);
    expect(decideRetry('GET', status(503), 1, 0, 0.5)).toEqual({ retry: false });
  });
});

describe('the pause before it', () => {
  it('doubles, with jitter of a half either way, and is whole ms', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (attempt, random) => {
          const verdict = decideRetry('GET', status(503), attempt, 10, random);
          if (!verdict.retry) throw new Error('a 503 is tried again');
          const middle = 50 * 2 ** (attempt - 1);
          expect(Number.isInteger(verdict.delayMs)).toBe(true);
          expect(verdict.delayMs).toBeGreaterThanOrEqual(middle / 2);
          expect(verdict.delayMs).toBeLessThanOrEqual(middle * 1.5);
        },
      ),
    );
  });

  it('is none for a connection that the other side had closed meanwhile', () => {
    expect(decideRetry('GET', error('reset'), 1, 2, 0.5)).toEqual({
      retry: true,
      reason: 'reset',
      delayMs: 0,
    });
    expect(decideRetry('GET', error('reset'), 2, 2, 0.5)).toMatchObject({ delayMs: 100 });
  });
});
