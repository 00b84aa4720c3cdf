import { expect, it } from 'vitest';
import { Revocations } from '../../../src/facade/revocations.ts';

it('a token given back is known until it would have expired, and no longer than room is left', () => {
  const revocations = new Revocations();
  expect(revocations.has('a')).toBe(false);
  revocations.add('a', 1_000, 0);
  expect(revocations.has('a')).toBe(true);
  expect(revocations.has('b')).toBe(false);
  revocations.add('b', 5_000, 1_000);
  expect(revocations.has('a')).toBe(false);
  for (let index = 0; index < 10_000; index++) revocations.add(`c${index}`, 5_000, 1_000);
  expect(revocations.has('b')).toBe(false);
  expect(revocations.has('c0')).toBe(true);
});
