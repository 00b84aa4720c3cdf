import { expect, it } from 'vitest';
import { cancellationOf } from '../../../../src/upstream/cancellation.ts';
import { Branch } from '../../../../src/upstream/hedge/branch.ts';

it('is gone with its asker, who is watched once for both', () => {
  const asker = new AbortController();
  const { first, second } = Branch.fork(cancellationOf(asker.signal));
  const told: string[] = [];
  first.watch(() => told.push('first'));
  second.watch(() => told.push('second'));
  const signal = first.signal;
  asker.abort();
  expect(told).toEqual(['first', 'second']);
  expect([first.gone, second.gone, signal.aborted, second.signal.aborted]).toEqual([true, true, true, true]);
});

it('is given up alone, once', () => {
  const { first, second, close } = Branch.fork(undefined);
  let told = 0;
  first.watch(() => told++);
  first.giveUp();
  first.giveUp();
  expect([told, first.gone, second.gone, second.signal.aborted]).toEqual([1, true, false, false]);
  close();
});

it('hears nothing of its asker once that is closed', () => {
  const asker = new AbortController();
  const { first, close } = Branch.fork(cancellationOf(asker.signal));
  let told = 0;
  first.watch(() => told++);
  close();
  asker.abort();
  expect(told).toBe(0);
});
