import fc from 'fast-check';

/** Spellings of a path that mean the same: any of its characters encoded, in either case, slashes doubled or at its end. */
export function spelledPath(path: string): fc.Arbitrary<string> {
  const doubled = fc.constantFrom('/', '/', '/', '//', '///');
  const parts = [...path].map((character) => (character === '/' ? doubled : spelledCharacter(character)));
  return fc
    .tuple(fc.tuple(...parts), fc.constantFrom('', '', '/', '//'))
    .map(([spelled, end]) => spelled.join('') + end);
}

/** Spellings of a parameter's name or value that mean the same to every server. */
export function spelledText(text: string): fc.Arbitrary<string> {
  return fc.tuple(...[...text].map(spelledCharacter)).map((spelled) => spelled.join(''));
}

function spelledCharacter(character: string): fc.Arbitrary<string> {
  const encoded = [...Buffer.from(character)]
    .map((byte) => `%${byte.toString(16).padStart(2, '0')}`)
    .join('');
  const forms = [encoded, encoded.toUpperCase()];
  return /[\w.~-]/.test(character)
    ? fc.constantFrom(character, character, character, ...forms)
    : fc.constantFrom(...forms);
}
