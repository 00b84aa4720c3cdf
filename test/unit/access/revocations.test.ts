import fc from 'fast-check';
import { expect, it } from 'vitest';
import { digestOf, Revocations } from '../../../src/access/revocations.ts';

const HOUR = 3_600;
const returned = (tokenId: string, expiresAt: number) => ({
  digest: digestOf(tokenId),
  expiresAt,
  proof: 'p',
});

it('a token that was given back is known until it would have expired', () => {
  const revocations = new Revocations();
  expect(revocations.has('a', 1_000_000)).toBe(false);
  expect(revocations.add(returned('a', 1_000), 0)).toBe(true);
  expect(revocations.add(returned('a', 1_000), 0)).toBe(false);
  expect(revocations.has('a', 1_000_000)).toBe(true);
  expect(revocations.has('b', 1_000_000)).toBe(false);
  expect(revocations.add(returned('b', 999), 1_000_000)).toBe(false);
  revocations.add(returned('c', 2_000), 1_000_000);
  expect([...revocations.all()].map(({ expiresAt }) => expiresAt)).toEqual([2_000]);
});

it('tokens that expire first make room, and count as returned all the same, as do those that expire as early', () => {
  const revocations = new Revocations(10_000);
  revocations.add(returned('first', 5_000), 0);
  for (let index = 0; index < 500; index++) revocations.add(returned(`later ${index}`, 5_001 + index), 0);
  expect(revocations.has('first', 5_000_000)).toBe(true);
  expect(revocations.has('another of that time', 5_000_000)).toBe(true);
  for (const index of [0, 250, 499])
    expect(revocations.has(`later ${index}`, (5_001 + index) * 1000)).toBe(true);
  expect(revocations.has('good', 6_000_000)).toBe(false);
  expect([...revocations.all()].length * 160).toBeLessThan(10_000);
});

it('20,000 others make nobody forget one, nor take a good token for a returned one', () => {
  const revocations = new Revocations();
  revocations.add(returned('one', 24 * HOUR), 0);
  for (let index = 0; index < 20_000; index++) revocations.add(returned(`x${index}`, 24 * HOUR + index), 0);
  expect(revocations.has('one', 24 * HOUR * 1000)).toBe(true);
  expect(revocations.has('good', 24 * HOUR * 1000)).toBe(false);
});

it('in whatever order they come, a returned token that has not expired stays returned', () => {
  const step = fc.record({ id: fc.nat(50), life: fc.integer({ min: 1, max: 300 }), pause: fc.nat(40) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 500, max: 20_000 }), (steps, bytes) => {
      const revocations = new Revocations(bytes);
      const known = new Map<string, number>();
      let now = 0;
      for (const { id, life, pause } of steps) {
        now += pause;
        const expiresAt = now + life;
        const tokenId = `${id} ${expiresAt}`;
        revocations.add(returned(tokenId, expiresAt), now * 1000);
        known.set(tokenId, expiresAt);
        for (const [other, until] of known)
          if (until > now) expect(revocations.has(other, until * 1000)).toBe(true);
      }
    }),
  );
});
