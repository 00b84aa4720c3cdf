import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { Outbox } from '../../../src/http/outbox.ts';

it('sends letters in their order, once the turn of the event loop that wrote them is over', async () => {
  const sent: string[] = [];
  const outbox = new Outbox<string, string>((to, letter) => sent.push(`${letter} to ${to}`));
  outbox.put('a', 'first');
  outbox.put('b', 'second');
  await Promise.resolve();
  expect(sent).toEqual([]);
  await turn();
  expect(sent).toEqual(['first to a', 'second to b']);
  outbox.put('a', 'third');
  await turn();
  expect(sent).toHaveLength(3);
});

it('sends a letter that is put in while it is emptied in the turn after', async () => {
  const sent: string[] = [];
  const outbox = new Outbox<string, string>((to, letter) => {
    if (letter === 'question') outbox.put(to, 'answer');
    sent.push(letter);
  });
  outbox.put('a', 'question');
  outbox.put('a', 'more');
  await turn();
  await turn();
  expect(sent).toEqual(['question', 'more', 'answer']);
});

it('holds no letter that it has sent, while others are still to be sent', async () => {
  setFlagsFromString('--expose_gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const sent: WeakRef<object>[] = [];
  const held: boolean[] = [];
  const outbox = new Outbox<string, { text: string }>((to) => {
    if (to !== 'last') return;
    collectGarbage();
    held.push(...sent.map((letter) => letter.deref() !== undefined));
  });
  const put = () => {
    const letter = { text: 'an answer' };
    sent.push(new WeakRef(letter));
    outbox.put('first', letter);
  };
  for (let at = 0; at < 3; at++) put();
  // The one before may still stand in a register.
  outbox.put('between', { text: 'another answer' });
  outbox.put('last', { text: 'end' });
  await turn();
  expect(held).toEqual([false, false, false]);
});
