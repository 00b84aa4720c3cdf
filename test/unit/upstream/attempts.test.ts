import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AttemptOutcome,
  type AttemptState,
  decideNext,
  firstAttempt,
  stateAfter,
} from '../../../src/upstream/attempts.ts';
import type { ExchangeError } from '../../../src/upstream/exchange.ts';

const answered = (status: number, isOverLimit = false, canRepeat = true): AttemptOutcome => ({
  kind: 'answer',
  status,
  isOverLimit,
  mayWait: false,
  canRepeat,
  hasBudget: true,
});
const failed = (failure: ExchangeError['kind'], canRepeat = true): AttemptOutcome => ({
  kind: 'failure',
  failure,
  canRepeat,
  hasBudget: true,
});
const FAILURES = ['refused', 'timeout', 'reset', 'broken', 'too-large', 'aborted'] as const;
const outcomes = [
  ...[200, 204, 304, 400, 404, 409, 413, 429, 500, 501, 502, 503, 504].map((status) => answered(status)),
  ...FAILURES.map((kind) => failed(kind)),
];
const decide = (state: AttemptState, outcome: AttemptOutcome) => decideNext(state, outcome, 0.5);

/** Goes from attempt to attempt until there is an end; `renewed` says which renewals bring another token. */
function walk(method: string, story: AttemptOutcome[], renewed: boolean[] = [], retries = 2): string[] {
  let state = firstAttempt(method, retries);
  const steps: string[] = [];
  for (const outcome of story) {
    const step = decide(state, outcome);
    steps.push(step.kind);
    if (step.kind === 'done' || step.kind === 'fail') return steps;
    state = stateAfter(state, step, step.kind === 'renew' ? (renewed.shift() ?? true) : false);
  }
  return steps;
}

describe('what failed in passing', () => {
  it.each(['GET', 'HEAD', 'DELETE'])('is repeated when it is a %s', (method) => {
    const again = outcomes.filter((outcome) => decide(firstAttempt(method, 2), outcome).kind === 'repeat');
    expect(again).toEqual([
      ...[502, 503, 504].map((status) => answered(status)),
      ...(['refused', 'reset', 'broken'] as const).map((kind) => failed(kind)),
    ]);
  });

  it.each(['POST', 'PUT', 'PATCH', 'COPY'])(
    'is final when it is a %s, even one that cannot have arrived',
    (method) => {
      for (const outcome of outcomes)
        expect(['done', 'fail']).toContain(decide(firstAttempt(method, 2), outcome).kind);
    },
  );

  it('is final when its body is gone', () => {
    expect(decide(firstAttempt('DELETE', 2), answered(503, false, false)).kind).toBe('done');
    expect(decide(firstAttempt('DELETE', 2), failed('reset', false))).toEqual({
      kind: 'fail',
      why: 'failure',
    });
  });

  it('is repeated as often as is set, and no oftener, whatever else was waited for meanwhile', () => {
    const bad = answered(503);
    expect(walk('GET', [bad, bad, bad])).toEqual(['repeat', 'repeat', 'done']);
    expect(walk('GET', [bad], [], 0)).toEqual(['done']);
    expect(walk('GET', [answered(429, true), answered(401), bad, bad, bad])).toEqual([
      'wait',
      'renew',
      'repeat',
      'repeat',
      'done',
    ]);
  });
});

describe('a refused token', () => {
  it('is replaced, once', () => {
    expect(walk('POST', [answered(401), answered(200)])).toEqual(['renew', 'done']);
  });

  it('that comes back the same has had its second chance', () => {
    expect(walk('GET', [answered(401), answered(401), answered(200)], [false, true])).toEqual([
      'renew',
      'renew',
      'done',
    ]);
    expect(walk('GET', [answered(401), answered(401), answered(401)], [false, false])).toEqual([
      'renew',
      'renew',
      'fail',
    ]);
  });

  it.each(['GET', 'POST'])('whose successor is refused too is a fault and no answer, for a %s', (method) => {
    const state: AttemptState = { ...firstAttempt(method, 2), renewals: 1, hasNewToken: true };
    expect(walk(method, [answered(401), answered(401)])).toEqual(['renew', 'fail']);
    expect(decide(state, answered(401))).toEqual({ kind: 'fail', why: 'unauthorized' });
  });

  it('is the answer where it is the caller’s own, whether or not its body is still there', () => {
    const state = firstAttempt('PUT', 2, true);
    for (const isThere of [true, false])
      expect(decide(state, answered(401, false, isThere))).toEqual({ kind: 'done' });
  });

  it('is replaced after a failure as before one', () => {
    expect(walk('GET', [answered(503), answered(401), answered(401), answered(200)], [false, true])).toEqual([
      'repeat',
      'renew',
      'renew',
      'done',
    ]);
  });

  it('is never the answer to what cannot be sent again', () => {
    expect(decide(firstAttempt('PUT', 2), answered(401, false, false))).toEqual({
      kind: 'fail',
      why: 'spoilt',
    });
  });
});

describe("a rate limit's refusal", () => {
  it('is waited out five times, whatever the method, when the caller has no time left', () => {
    const refused = answered(413, true);
    expect(walk('POST', Array(6).fill(refused))).toEqual([...Array(5).fill('wait'), 'done']);
  });

  it('is waited out for as long as the caller may wait', () => {
    const refused = { ...answered(429, true), mayWait: true } as AttemptOutcome;
    expect(walk('POST', [...Array(50).fill(refused), answered(200)])).toEqual([
      ...Array(50).fill('wait'),
      'done',
    ]);
  });

  it('is a fault for what cannot be sent again', () => {
    expect(decide(firstAttempt('PUT', 2), answered(429, true, false))).toEqual({
      kind: 'fail',
      why: 'overlimit',
    });
  });

  it('is none when it is a quota or a size', () => {
    expect(decide(firstAttempt('GET', 2), answered(413)).kind).toBe('done');
  });
});

it('every story ends, after at most one attempt and what each kind allows', () => {
  const outcome = fc.constantFrom(...outcomes, answered(401), answered(413, true), answered(429, true));
  fc.assert(
    fc.property(
      fc.constantFrom('GET', 'POST'),
      fc.array(outcome, { minLength: 20, maxLength: 20 }),
      fc.array(fc.boolean(), { maxLength: 5 }),
      fc.integer({ min: 0, max: 5 }),
      (method, story, renewed, retries) => {
        const steps = walk(method, story, renewed, retries);
        expect(steps.length).toBeLessThanOrEqual(1 + retries + 5 + 2);
        expect(['done', 'fail']).toContain(steps.at(-1));
      },
    ),
  );
});

describe('the pause before a repeat', () => {
  const repeated = (repeats: number): AttemptState => ({ ...firstAttempt('GET', 10), repeats });

  it('doubles, with jitter of a half either way, and is whole ms', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 5 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (repeats, random) => {
          const step = decideNext(repeated(repeats), answered(503), random);
          if (step.kind !== 'repeat') throw new Error('a 503 is tried again');
          const middle = 50 * 2 ** repeats;
          expect(Number.isInteger(step.delayMs)).toBe(true);
          expect(step.delayMs).toBeGreaterThanOrEqual(middle / 2);
          expect(step.delayMs).toBeLessThanOrEqual(middle * 1.5);
        },
      ),
    );
  });

  it('is none for a connection that the other side had closed meanwhile', () => {
    expect(decide(repeated(0), failed('reset'))).toEqual({ kind: 'repeat', reason: 'reset', delayMs: 0 });
    expect(decide(repeated(1), failed('reset'))).toMatchObject({ delayMs: 100 });
  });
});

describe('what is safe to repeat', () => {
  const withoutBudget = (outcome: AttemptOutcome): AttemptOutcome => ({ ...outcome, hasBudget: false });
  const state = firstAttempt('GET', 2);

  it('is final while too much has been repeated of late', () => {
    expect(decide(state, withoutBudget(answered(503)))).toEqual({ kind: 'done' });
    expect(decide(state, withoutBudget(failed('refused')))).toEqual({ kind: 'fail', why: 'failure' });
    expect(decide({ ...state, repeats: 1 }, withoutBudget(failed('reset')))).toMatchObject({ kind: 'fail' });
  });

  it('is sent again all the same where a kept-alive connection had ended: nobody has had it', () => {
    expect(decide(state, withoutBudget(failed('reset')))).toMatchObject({ kind: 'repeat', delayMs: 0 });
  });
});
