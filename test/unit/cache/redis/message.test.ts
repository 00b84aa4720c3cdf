import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Change } from '../../../../src/cache/invalidation.ts';
import { scopeOf } from '../../../../src/cache/key.ts';
import { decodeMessage, encodeMessage, parseGeneration } from '../../../../src/cache/redis/message.ts';
import { createSeal } from '../../../../src/redis/seal.ts';

const seal = createSeal(['k'.repeat(32)]);
const scope = scopeOf('main', 'DFW', 'images');
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.constant({ kind: 'all' } as const),
  fc.record({
    kind: fc.constant('write' as const),
    lists: fc.boolean(),
    subject: fc.option(fc.string({ unit: 'grapheme' })),
  }),
);

describe('what instances tell each other', () => {
  it('reads back exactly', () => {
    fc.assert(
      fc.property(fc.string(), change, fc.nat(), (from, what, generation) => {
        const text = `${generation} ${encodeMessage({ from, scope, change: what }, seal)}`;
        expect(decodeMessage(text, seal)).toEqual({ from, scope, change: what, generation, isGenuine: true });
      }),
    );
  });

  it('is a rumour once any of it was changed, or who wrote it has other keys', () => {
    const message = { from: 'a', scope, change: { kind: 'write', lists: true, subject: 'x' } } as const;
    const whole = { ...message, seal: JSON.parse(encodeMessage(message, seal)).seal };
    for (const changes of [
      { from: 'b' },
      { scope: scopeOf('main', 'ORD', 'images') },
      { change: { kind: 'all' } },
      { change: { kind: 'write', lists: false, subject: 'x' } },
      { change: { kind: 'write', lists: true, subject: 'y' } },
      { change: { kind: 'write', lists: true, subject: null } },
      { change: { kind: 'a later version`s' } },
      { seal: undefined },
      { seal: 7 },
    ])
      expect(decodeMessage(`1 ${JSON.stringify({ ...whole, ...changes })}`, seal)).toMatchObject({
        isGenuine: false,
      });
    expect(decodeMessage(`1 ${JSON.stringify(whole)}`, createSeal([]))).toMatchObject({ isGenuine: false });
    expect(decodeMessage(`1 ${JSON.stringify(whole)}`, seal)).toMatchObject({ isGenuine: true });
  });

  it('is nothing at all when it is no message', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(decodeMessage(text, seal)).toBeNull();
      }),
    );
    fc.assert(
      fc.property(fc.json(), (json) => {
        expect(decodeMessage(`1 ${json}`, seal)).toBeNull();
      }),
    );
    const message = encodeMessage({ from: 'a', scope, change: { kind: 'all' } }, seal);
    for (const text of [
      message,
      ` ${message}`,
      `x ${message}`,
      `-1 ${message}`,
      `${'9'.repeat(17)} ${message}`,
    ])
      expect(decodeMessage(text, seal)).toBeNull();
    expect(decodeMessage(`1 ${' '.repeat(40_000)}${message}`, seal)).toBeNull();
  });

  it.each([
    '',
    'main',
    'main\nDFW',
    'main\nDFW\nserver',
    'main\nDFW\nconstructor',
    '\nDFW\nimages',
    'main\nDFW\nimages\nx',
    `${'a'.repeat(600)}\nDFW\nimages`,
  ])('is never about %j, which is no scope', (made) => {
    const message = encodeMessage({ from: 'a', scope: made, change: { kind: 'all' } }, seal);
    expect(decodeMessage(`1 ${message}`, seal)).toBeNull();
  });
});

it.each([
  ['1700000000000000', 1_700_000_000_000_000],
  ['0', 0],
  ['', undefined],
  ['-1', undefined],
  ['1.5', undefined],
  ['1e5', undefined],
  [' 1', undefined],
  ['0x10', undefined],
  ['9007199254740993', undefined],
  ['9'.repeat(400), undefined],
])('the generation %j is %s', (text, generation) => {
  expect(parseGeneration(text)).toBe(generation);
});
