import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Call } from '../../../src/serving/call.ts';
import { Outbox } from '../../../src/serving/outbox.ts';

const callOf = (operation: string) => ({ operation }) as Call;

it('writes answers in their order, once the turn of the event loop that made them is over', async () => {
  const written: string[] = [];
  const outbox = new Outbox(() => undefined);
  for (const name of ['first', 'second']) outbox.put(callOf(name), () => written.push(name));
  await Promise.resolve();
  expect(written).toEqual([]);
  await turn();
  expect(written).toEqual(['first', 'second']);
  outbox.put(callOf('third'), () => written.push('third'));
  await turn();
  expect(written).toEqual(['first', 'second', 'third']);
});

it('writes the others when one cannot be written, and an answer put in while it writes', async () => {
  const seen: string[] = [];
  const outbox = new Outbox((call, error) => seen.push(`${call.operation}: ${(error as Error).message}`));
  outbox.put(callOf('bad'), () => {
    outbox.put(callOf('late'), () => seen.push('late'));
    throw new TypeError('no such header');
  });
  outbox.put(callOf('good'), () => seen.push('good'));
  await turn();
  await turn();
  expect(seen).toEqual(['bad: no such header', 'good', 'late']);
});
