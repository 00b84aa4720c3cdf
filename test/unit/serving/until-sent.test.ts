import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { UntilSent } from '../../../src/serving/until-sent.ts';
import { cancellationOf } from '../../../src/upstream/cancellation.ts';

it('is its caller until the request is sent, and nobody who could leave from then on', () => {
  const caller = new AbortController();
  const until = new UntilSent(cancellationOf(caller.signal));
  expect(until.signal).toBe(caller.signal);
  until.sent();
  caller.abort();
  expect([until.gone, until.signal.aborted]).toEqual([false, false]);
});

it('requests that were sent share no signal: its listeners would be those of all of them', () => {
  const [one, other] = [1, 2].map(() => new UntilSent(cancellationOf(new AbortController().signal)));
  one!.sent();
  other!.sent();
  expect(one!.signal).toBe(one!.signal);
  one!.signal.addEventListener('abort', () => {});
  expect(getEventListeners(other!.signal, 'abort')).toHaveLength(0);
});
