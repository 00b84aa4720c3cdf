import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../../../src/json.ts';
import { type Findings, NO_FINDINGS, type SharedEstimate } from '../../../../src/limits/learned/findings.ts';
import { allocate } from '../../../../src/limits/shared/allocate.ts';
import {
  type BudgetState,
  decodeState,
  emptyState,
  encodeState,
} from '../../../../src/limits/shared/state.ts';
import type { ExchangeReport, LimitReport } from '../../../../src/limits/shared/store.ts';
import { createSeal } from '../../../../src/redis/seal.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const seal = createSeal(['the key that all instances have in common']);

const limitReport = (more: Partial<LimitReport> = {}): LimitReport => ({
  key: 'GET *',
  value: 60,
  holdMs: 60_035,
  used: 3,
  held: 5,
  promised: 1,
  wanted: 2,
  ahead: 1,
  gone: 0,
  history: [[NOW + 1_000, 3]],
  limit: { verb: 'GET', uri: '*', value: 60, unit: 'MINUTE' },
  ...more,
});
const TWENTY: SharedEstimate = {
  verb: 'ALL',
  unit: 'SECOND',
  version: 3,
  value: 21,
  good: 20,
  step: 1,
  failures: 2,
  ceiling: 21,
};
const findings: Findings = { estimates: [TWENTY], letThrough: [['found ALL * SECOND ', 17]] };

const reportOf = (...limits: LimitReport[]): ExchangeReport => ({
  budget: 'someone|DFW',
  instances: 2,
  isLeaving: false,
  limits,
  findings: NO_FINDINGS,
});

/** A state with somebody alive, somebody dead and strangers. */
function stateInUse(): BudgetState {
  const state = emptyState(NOW - 10_000);
  allocate(state, 'a', reportOf(limitReport()), NOW - 10_000);
  allocate(state, 'b', { ...reportOf(limitReport({ seen: 20 })), findings }, NOW - 1_000);
  return state;
}

const text = encodeState(stateInUse(), 'k', seal);

it('a state is read as it was written', () => {
  const state = decodeState(text, 'k', seal, NOW)!;
  expect(state).toEqual(stateInUse());
  expect([[...state.live.keys()], [...state.dead.keys()], [...state.strangers.keys()]]).toEqual([
    ['b'],
    ['a'],
    ['GET *'],
  ]);
});

describe('a state is none', () => {
  it.each<[string, string, string]>([
    ['nothing', '', 'k'],
    ['rubbish', 'rubbish', 'k'],
    ['without its seal', text.slice(text.indexOf(' ') + 1), 'k'],
    ['sealed with another key', encodeState(stateInUse(), 'k', createSeal(['another'])), 'k'],
    ['of another budget', text, 'other'],
    ['with a byte more', `${text} `, 'k'],
  ])('%s', (_what, given, budget) => {
    expect(decodeState(given, budget, seal, NOW)).toBeUndefined();
  });

  it('whatever in it is of another kind, though it be sealed', () => {
    const document = JSON.parse(text.slice(text.indexOf(' ') + 1)) as { [key: string]: JsonValue };
    const sealed = (value: JsonValue) => {
      const json = JSON.stringify(value);
      return `${seal.of('shared budget', 'k', json)} ${json}`;
    };
    expect(decodeState(sealed(document), 'k', seal, NOW)).toBeDefined();
    const odd: JsonValue[] = [null, -1, 0.5, 1e300, 'x', {}, [7], [[]], [['a', 1e18, []]], true];
    for (const name of Object.keys(document))
      for (const value of odd) {
        const read = decodeState(sealed({ ...document, [name]: value }), 'k', seal, NOW);
        // What passes is of the right kind: times of births may be fractions and lie in the past.
        if (read !== undefined) expect([name, value]).toEqual(['born', expect.any(Number)]);
      }
  });

  it.each<[string, object]>([
    ['a unit that nobody learns', { unit: 'DAY' }],
    ['a method that is none', { verb: 'get /servers' }],
    ['a value that is no count', { value: 20.5 }],
    ['more that has held than is tried', { good: 22 }],
    ['a version below nothing', { version: -1 }],
  ])('with an estimate of %s', (_what, odd) => {
    const state = stateInUse();
    state.learned.set('found ALL * SECOND ', { ...TWENTY, ...odd });
    expect(decodeState(encodeState(state, 'k', seal), 'k', seal, NOW)).toBeUndefined();
  });

  it.each(['seen', 'untilMs of a stranger'])('with a time that cannot come: %s', (what) => {
    const state = stateInUse();
    if (what === 'seen') state.live.set('c', { seen: NOW + 1e9, limits: new Map() });
    else state.strangers.set('GET *', { count: 60, untilMs: NOW + 1e10 });
    expect(decodeState(encodeState(state, 'k', seal), 'k', seal, NOW)).toBeUndefined();
  });
});

it('a state that instances of before have left has nothing learned', () => {
  const {
    learned: _learned,
    letThrough: _letThrough,
    ...before
  } = JSON.parse(text.slice(text.indexOf(' ') + 1)) as { [key: string]: JsonValue };
  const json = JSON.stringify(before);
  const state = decodeState(`${seal.of('shared budget', 'k', json)} ${json}`, 'k', seal, NOW)!;
  expect([[...state.live.keys()], state.learned.size, state.letThrough.size]).toEqual([['b'], 0, 0]);
});

describe('limits that nobody publishes', () => {
  const told = (who: string, estimate: Partial<SharedEstimate>, state: BudgetState) =>
    allocate(
      state,
      who,
      { ...reportOf(), findings: { ...findings, estimates: [{ ...TWENTY, ...estimate }] } },
      NOW,
    ).findings;

  it('are to all what the latest word makes them, and of two at once the lower', () => {
    const state = emptyState(NOW);
    expect(told('a', { version: 3, value: 21 }, state).estimates).toMatchObject([{ value: 21 }]);
    expect(told('b', { version: 2, value: 5, good: 5 }, state).estimates).toMatchObject([{ value: 21 }]);
    expect(told('b', { version: 3, value: 20 }, state).estimates).toMatchObject([{ value: 20 }]);
    expect(told('c', { version: 4, value: 30 }, state).estimates).toMatchObject([{ value: 30 }]);
  });

  it('are told with what was let through of the others that live', () => {
    const state = emptyState(NOW);
    told('a', {}, state);
    told('b', {}, state);
    expect(told('c', {}, state).letThrough).toEqual([['found ALL * SECOND ', 34]]);
    const later = allocate(state, 'c', { ...reportOf(), findings }, NOW + 10_000);
    expect(later.findings.letThrough).toEqual([]);
  });

  it('hold in slots at once for all when one has found out that they are lower', () => {
    const state = emptyState(NOW);
    const key = 'found ALL * SECOND ';
    told('a', { version: 4, value: 10, good: 10 }, state);
    const limit = limitReport({ key, value: 20, used: 0, held: 0, promised: 0, wanted: 20 });
    const { limits } = allocate(state, 'b', { ...reportOf(limit), findings }, NOW);
    expect(limits[0]!.granted).toBeLessThanOrEqual(10);
  });
});

it('nothing is given beyond the limit, whatever the state and the report say', () => {
  const slots = fc.nat(1_000);
  const report = fc.record({
    value: fc.nat(100),
    used: slots,
    held: slots,
    promised: slots,
    wanted: slots,
    ahead: slots,
    gone: slots,
    seen: fc.option(slots, { nil: undefined }),
  });
  const exchange = fc.record({
    who: fc.constantFrom('a', 'b', '__proto__'),
    report,
    pauseMs: fc.nat(70_000),
  });
  fc.assert(
    fc.property(fc.array(exchange, { minLength: 1, maxLength: 12 }), (exchanges) => {
      let state = emptyState(NOW);
      let now = NOW;
      for (const { who, report: given, pauseMs } of exchanges) {
        now += pauseMs;
        const { limits } = allocate(state, who, reportOf(limitReport({ ...given, history: [] })), now);
        const [grant] = limits;
        expect(grant!.granted).toBeGreaterThanOrEqual(0);
        expect(grant!.promised).toBeGreaterThanOrEqual(0);
        expect(grant!.granted + grant!.promised).toBeLessThanOrEqual(given.value);
        state = decodeState(encodeState(state, 'k', seal), 'k', seal, now)!;
        expect(state).toBeDefined();
      }
    }),
    { numRuns: 200 },
  );
});
