import { describe, expect, it } from 'vitest';
import { type AttemptEnd, CIRCUIT, Circuit, type CircuitPass } from '../../../src/upstream/circuit.ts';
import { endOf } from '../../../src/upstream/circuits.ts';
import { ExchangeError } from '../../../src/upstream/exchange.ts';

function setUp(over: Partial<ConstructorParameters<typeof Circuit>[0]> = {}) {
  const changes: string[] = [];
  const options = { ...CIRCUIT, failures: 5, openMs: 1000, mostInFlight: 100, ...over };
  const circuit = new Circuit(options, (state, before) => changes.push(`${before} ${state}`));
  const attempt = (end: AttemptEnd, now: number): CircuitPass => {
    const pass = circuit.enter(now);
    if (typeof pass !== 'string') throw new Error(`refused: ${pass.why}`);
    circuit.ended(pass, end, now);
    return pass;
  };
  const fail = (times: number, now: number) => {
    for (let time = 0; time < times; time++) attempt('failure', now);
  };
  return { circuit, changes, attempt, fail };
}

describe('a circuit', () => {
  it('opens after enough failures in a row, and not after fewer', () => {
    const { circuit, fail, attempt } = setUp();
    fail(4, 0);
    attempt('answer', 0);
    fail(4, 0);
    expect(circuit.state).toBe('closed');
    attempt('nothing', 0);
    fail(1, 0);
    expect(circuit.state).toBe('open');
    expect(circuit.refusal(400)).toEqual({ why: 'open', retryAfterMs: 600 });
  });

  it('opens when half of many fail, however they are mixed, and forgets what is long ago', () => {
    const { circuit, attempt } = setUp({ failures: 1000 });
    for (let time = 0; time < 19; time++) {
      attempt('failure', 0);
      attempt('answer', 0);
    }
    for (let time = 0; time < 30; time++) attempt('answer', 11_000);
    for (let time = 0; time < 29; time++) attempt('failure', 12_000);
    expect(circuit.state).toBe('closed');
    attempt('failure', 12_000);
    expect(circuit.state).toBe('open');
  });

  it('forgets after a minute in which nobody has tried, and opens again with the next failure', () => {
    const { circuit, changes, fail, attempt } = setUp();
    fail(5, 0);
    circuit.forget(60_999);
    expect(circuit.state).toBe('open');
    circuit.forget(61_000);
    expect(circuit.state).toBe('closed');
    fail(1, 61_000);
    expect(circuit.state).toBe('open');
    expect(circuit.enter(62_000)).toBe('probe');
    circuit.forget(200_000);
    expect(circuit.state).toBe('half-open');
    circuit.ended('probe', 'nothing', 200_000);
    circuit.forget(200_000);
    attempt('answer', 200_000);
    fail(4, 200_000);
    expect(circuit.state).toBe('closed');
    expect(changes).toEqual([
      'closed open',
      'open closed',
      'closed open',
      'open half-open',
      'half-open closed',
    ]);
  });

  it('lets one at a time try once its time is over', () => {
    const { circuit, changes, fail } = setUp();
    fail(5, 0);
    expect(circuit.enter(999)).toMatchObject({ why: 'open' });
    expect(circuit.enter(1000)).toBe('probe');
    expect(circuit.enter(1000)).toMatchObject({ why: 'open' });
    circuit.ended('probe', 'nothing', 1100);
    expect(circuit.enter(1100)).toBe('probe');
    circuit.ended('probe', 'answer', 1200);
    expect(circuit.enter(1200)).toBe('usual');
    expect(changes).toEqual(['closed open', 'open half-open', 'half-open closed']);
  });

  it('waits twice as long after each probe that fails, up to a bound, and begins anew once closed', () => {
    const { circuit, attempt, fail } = setUp();
    fail(5, 0);
    let now = 1000;
    const waits: number[] = [];
    for (let time = 0; time < 8; time++) {
      attempt('failure', now);
      const { retryAfterMs } = circuit.refusal(now)!;
      waits.push(retryAfterMs);
      now += retryAfterMs;
    }
    expect(waits).toEqual([2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    attempt('answer', now);
    fail(5, now);
    expect(circuit.refusal(now)).toEqual({ why: 'open', retryAfterMs: 1000 });
  });

  it('is not moved by what was under way when it opened', () => {
    const { circuit, fail } = setUp();
    const late = [circuit.enter(0), circuit.enter(0)] as CircuitPass[];
    fail(5, 0);
    circuit.ended(late[0]!, 'answer', 500);
    circuit.ended(late[1]!, 'failure', 500);
    expect(circuit.state).toBe('open');
    expect(circuit.refusal(500)).toEqual({ why: 'open', retryAfterMs: 500 });
    expect(circuit.inFlight).toBe(0);
  });

  it('with 0 failures never opens', () => {
    const { circuit, fail } = setUp({ failures: 0 });
    fail(1000, 0);
    expect(circuit.state).toBe('closed');
  });

  it('lets no more be under way than it may', () => {
    const { circuit } = setUp({ mostInFlight: 2 });
    circuit.enter(0);
    const pass = circuit.enter(0) as CircuitPass;
    expect(circuit.enter(0)).toEqual({ why: 'full', retryAfterMs: 1000 });
    circuit.ended(pass, 'answer', 0);
    expect(circuit.enter(0)).toBe('usual');
  });
});

describe('how an attempt ended', () => {
  it.each<[AttemptEnd, { status: number; headers: object } | ExchangeError]>([
    ['answer', { status: 200, headers: {} }],
    ['answer', { status: 401, headers: {} }],
    ['answer', { status: 413, headers: {} }],
    ['answer', { status: 500, headers: {} }],
    ['answer', { status: 503, headers: { 'retry-after': '3' } }],
    ['failure', { status: 503, headers: {} }],
    ['failure', { status: 502, headers: {} }],
    ['failure', { status: 504, headers: {} }],
    ['failure', new ExchangeError('refused', false, '')],
    ['failure', new ExchangeError('timeout', true, '')],
    ['nothing', new ExchangeError('aborted', true, '')],
  ])('%s: %o', (end, result) => expect(endOf(result)).toBe(end));
});
