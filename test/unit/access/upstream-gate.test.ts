import { describe, expect, it } from 'vitest';
import { UpstreamGate } from '../../../src/access/upstream-gate.ts';
import { Fault } from '../../../src/faults/faults.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** An identity service that takes a second for each answer, and the callers' way to it. */
function setUp() {
  const clock = new FakeClock();
  const gate = new UpstreamGate(clock);
  let asked = 0;
  const answer =
    <T>(found: T | undefined) =>
    () => {
      asked++;
      return new Promise<T | undefined>((resolve) => clock.setTimer(() => resolve(found), 1_000));
    };
  const outcome = (result: Promise<unknown>) =>
    result.then(
      (found) => (found === undefined ? 'wrong' : 'right'),
      (error) => (error instanceof Fault ? error.code : error),
    );
  const logIn = (address: string, name: string, isRight: boolean) =>
    outcome(gate.logIn({ address, name, isKnown: false }, answer(isRight ? 'token' : undefined)));
  const validate = (address: string, isRight: boolean) =>
    outcome(gate.validate(address, answer(isRight ? 'token' : undefined)));
  return { clock, logIn, validate, asked: () => asked };
}

describe('the way of strangers to an identity service', () => {
  it('is open to a first login while hundreds of new addresses ask without end, and do not wait as they are told', async () => {
    const { clock, logIn, validate, asked } = setUp();
    let guess = 0;
    const flood = async (seconds: number) => {
      for (let turn = 0; turn < seconds * 4; turn++) {
        for (let at = 0; at < 700; at++)
          void (at % 2 === 0
            ? logIn(`10.1.${at >> 8}.${at & 255}`, `name-${guess++}`, false)
            : validate(`10.2.${at >> 8}.${at & 255}`, false));
        await clock.advance(250);
      }
    };
    await flood(8);
    const before = asked();
    const first = [
      logIn('10.9.0.1', 'anna', true),
      validate('10.9.0.2', true),
      logIn('10.9.0.3', 'bert', false),
    ];
    await flood(4);
    expect(await Promise.all(first)).toEqual(['right', 'right', 'wrong']);
    // So many at a time and no more, whoever asks.
    expect(asked() - before).toBeLessThanOrEqual(16 * 5);
  });
});
