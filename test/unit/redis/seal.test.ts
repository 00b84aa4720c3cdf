import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSeal, SEAL_PATTERN } from '../../../src/redis/seal.ts';

const [NEW, OLD] = ['new key '.repeat(4), 'old key '.repeat(4)];

describe('a seal', () => {
  it('shows that nothing was changed, moved from part to part or to another purpose', () => {
    const seal = createSeal([NEW]);
    const parts = fc.array(fc.string({ unit: 'binary' }), { maxLength: 4 });
    fc.assert(
      fc.property(fc.string(), parts, fc.string(), parts, (purpose, own, otherPurpose, others) => {
        const given = seal.of(purpose, ...own);
        expect(given).toMatch(new RegExp(`^${SEAL_PATTERN}$`));
        expect(seal.matches(given, purpose, ...own)).toBe(true);
        const isSame = JSON.stringify([purpose, own]) === JSON.stringify([otherPurpose, others]);
        expect(seal.matches(given, otherPurpose, ...others)).toBe(isSame);
      }),
    );
    expect(seal.matches(seal.of('p', 'ab', 'c'), 'p', 'a', 'bc')).toBe(false);
  });

  it('is the same for a text and its bytes', () => {
    const seal = createSeal([NEW]);
    expect(seal.matches(seal.of('p', 'é'), 'p', Buffer.from('é'))).toBe(true);
  });

  it('is made with the newest key and believed with any', () => {
    const ring = createSeal([NEW, OLD]);
    expect(ring.matches(createSeal([OLD]).of('p', 'x'), 'p', 'x')).toBe(true);
    expect(createSeal([NEW]).matches(ring.of('p', 'x'), 'p', 'x')).toBe(true);
    expect(createSeal([OLD]).matches(ring.of('p', 'x'), 'p', 'x')).toBe(false);
  });

  it('without keys is a checksum that says so', () => {
    const [open, secret] = [createSeal([]), createSeal([NEW])];
    expect([open.isSecret, secret.isSecret]).toEqual([false, true]);
    expect(open.matches(open.of('p', 'x'), 'p', 'x')).toBe(true);
    expect(secret.matches(open.of('p', 'x'), 'p', 'x')).toBe(false);
    expect(open.matches(secret.of('p', 'x'), 'p', 'x')).toBe(false);
  });

  it.each(['', 'x', '='.repeat(43), 'A'.repeat(43), 'é'.repeat(43)])('is not %j', (text) => {
    expect(createSeal([NEW]).matches(text, 'p', 'x')).toBe(false);
  });
});
