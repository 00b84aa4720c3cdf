import fc from 'fast-check';

/** Texts that are nearly what is expected: pieces of it, out of order, repeated, with noise between them. */
export function bent(pieces: readonly string[], noise: fc.Arbitrary<string> = noisy): fc.Arbitrary<string> {
  const piece = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...pieces) },
    { weight: 2, arbitrary: noise },
    { weight: 1, arbitrary: repeated(fc.oneof(fc.constantFrom(...pieces), noise)) },
  );
  return fc.array(piece, { maxLength: 12 }).map((parts) => parts.join(''));
}

/** A few characters of any kind, those that break things before others. */
export const noisy: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '\0',
    '\r',
    '\n',
    '\t',
    ' ',
    '"',
    "'",
    '<',
    '>',
    '&',
    '%',
    '\\',
    '/',
    '..',
    ';',
    ',',
    '\u{feff}',
    '\ud800',
    '💥',
    'ß',
    '\x7f',
  ),
  fc.string({ maxLength: 4 }),
  fc.string({ unit: 'binary', maxLength: 4 }),
);

/** One piece many times over, up to some tens of thousands of characters: what is quadratic shows. */
export const repeated = (piece: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(piece, fc.constantFrom(2, 30, 1_000, 8_000))
    .map(([text, times]) => text.repeat(times).slice(0, 40_000));

/** Any JSON value, with members that have these names among others. */
export function jsonValue(names: readonly string[], leaves: readonly unknown[] = []): fc.Arbitrary<unknown> {
  const leaf = fc.oneof(
    fc.constantFrom(...leaves, null, true, '', 0, -1, 1e308, 0.1, 2 ** 53),
    fc.string({ maxLength: 6 }),
    noisy,
    fc.integer(),
  );
  const name = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...names, '__proto__', 'constructor') },
    { weight: 1, arbitrary: noisy },
  );
  return fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(name, tie('value'), { maxKeys: 5 }),
    ),
  })).value;
}

/** Some bytes of a buffer changed, cut out, or put in: what a careless or a malicious writer leaves behind. */
export function mutated(bytes: Buffer): fc.Arbitrary<Buffer> {
  const at = fc.nat(bytes.length);
  const change = fc.tuple(at, fc.nat(6), fc.uint8Array({ maxLength: 6 }));
  return fc
    .array(change, { maxLength: 4 })
    .map((changes) =>
      changes.reduce<Buffer>(
        (text, [from, cut, put]) => Buffer.concat([text.subarray(0, from), put, text.subarray(from + cut)]),
        bytes,
      ),
    );
}
