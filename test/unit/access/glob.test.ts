import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isGlob, matchesGlob } from '../../../src/access/glob.ts';

const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 });
const pattern = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '*'), maxLength: 8 });

/** The same by a regular expression, which is what the matcher must not need. */
const expected = (glob: string, text: string) =>
  new RegExp(`^${glob.replaceAll('*', '.*')}$`, 's').test(text);

describe('a glob', () => {
  it.each([
    ['*Image', 'createImage', true],
    ['*Image', 'deleteImage', true],
    ['*Image', 'listImages', false],
    ['delete*', 'deleteServer', true],
    ['delete*', 'undelete', false],
    ['*', '', true],
    ['*', 'anything', true],
    ['', '', true],
    ['', 'a', false],
    ['reboot', 'reboot', true],
    ['reboot', 'Reboot', false],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['*Server*', 'listServersDetail', true],
    ['get.erver', 'getServer', false],
    ['[a-z]*', 'abc', false],
  ])('%j and %j: %j', (glob, text, isMatch) => {
    expect(matchesGlob(glob, text)).toBe(isMatch);
  });

  it('means what it means with any number of stars anywhere', () => {
    fc.assert(
      fc.property(pattern, letters, (glob, text) => {
        expect(matchesGlob(glob, text)).toBe(expected(glob, text));
      }),
      { numRuns: 2000 },
    );
  });

  it('answers at once whatever the pattern is', () => {
    const stars = '*a'.repeat(5_000);
    expect(matchesGlob(`${stars}b`, 'a'.repeat(10_000))).toBe(false);
  });

  it('is one when it has a star', () => {
    expect(isGlob('*Image')).toBe(true);
    expect(isGlob('createImage')).toBe(false);
  });
});
