import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RawNumber } from '../../../src/json.ts';
import {
  JsonError,
  MAX_JSON_DEPTH,
  MOST_REQUEST_VALUES,
  parseJson,
  stringifyJson,
} from '../../../src/translation/json.ts';
import { parseLossless } from '../../../src/translation/json-parser.ts';

describe('the spelling of numbers', () => {
  it.each([
    '{"rxtx_factor":2.0}',
    '[2.50,1e3,1E+3,-0,12345678901234567890,0.1234567890123456789,1.0]',
    '[0.0000001]',
    '2.0',
    '{"a":1.5,"b":0,"c":-1,"d":9007199254740991}',
    '{"a":"x, 2.0, y","b":[1]}',
    '{"deep":[{"er":{"still":3.00}}]}',
  ])('survives in %s', (text) => {
    expect(stringifyJson(parseJson(text))).toBe(text);
  });

  it('makes a RawNumber of those only that a double would respell', () => {
    const value = parseJson('{"a":2.0,"b":2,"c":2.5,"d":1e2}');
    expect(value).toEqual({ a: new RawNumber('2.0'), b: 2, c: 2.5, d: new RawNumber('1e2') });
  });

  it('finds a lone negative zero among harmless zeros', () => {
    expect(parseJson('[0, 0,-0]')).toEqual([0, 0, new RawNumber('-0')]);
  });
});

it('keeps the spelling of any number', () => {
  const digits = fc.stringMatching(/^(0|[1-9]\d{0,20})(\.\d{1,20})?([eE][-+]?\d{1,3})?$/);
  const number = fc.tuple(fc.constantFrom('', '-'), digits).map(([sign, rest]) => sign + rest);
  fc.assert(
    fc.property(fc.array(number, { minLength: 1 }), (numbers) => {
      const text = `{"n":[${numbers.join(',')}],"m":${numbers[0]}}`;
      expect(stringifyJson(parseJson(text))).toBe(text);
      expect(stringifyJson(parseJson(numbers[0]!))).toBe(numbers[0]);
    }),
    { seed: 20260103, numRuns: 2000 },
  );
});

it('reads long strings and strings full of backslashes', () => {
  const text = JSON.stringify({ a: 'x'.repeat(3_000_000), b: '\\'.repeat(9_999), c: '"\\"' }).replace(
    '}',
    ',"d":1.0}',
  );
  expect(stringifyJson(parseJson(text))).toBe(text);
});

describe('malformed JSON', () => {
  it.each([
    ['', 1, 1],
    ['   ', 1, 4],
    ['{', 1, 2],
    ['{"a":}', 1, 6],
    ['{"a":1,}', 1, 8],
    ['[1 2]', 1, 4],
    ['{"a":1}\nx', 2, 1],
    ['{\n "a": tru\n}', 2, 7],
    ['[01]', 1, 3],
    ['["\u0001"]', 1, 2],
    ['["\\x"]', 1, 2],
    ["{'a':1}", 1, 2],
    ['[1,\n2,\n3', 3, 2],
    ['NaN', 1, 1],
    ['[2.0,]', 1, 6],
  ])('%j is refused at line %i, column %i', (text, line, column) => {
    const refuse = () => parseJson(text);
    expect(refuse).toThrow(JsonError);
    expect(refuse).toThrow(expect.objectContaining({ line, column }));
    expect(refuse).toThrow(`line ${line}, column ${column}`);
  });

  it('is refused when nested too deeply, with and without respelt numbers', () => {
    const nested = (depth: number, core: string) => '['.repeat(depth) + core + ']'.repeat(depth);
    expect(() => parseJson(nested(MAX_JSON_DEPTH, '1'))).not.toThrow();
    expect(() => parseJson(nested(MAX_JSON_DEPTH, '2.0'))).not.toThrow();
    expect(() => parseJson(nested(MAX_JSON_DEPTH + 1, '1'))).toThrow(/nested deeper/);
    expect(() => parseJson(nested(MAX_JSON_DEPTH + 1, '2.0'))).toThrow(/nested deeper/);
    expect(() => parseJson(nested(5_000, '1'))).toThrow(JsonError);
    expect(() => parseJson('['.repeat(200_000))).toThrow(JsonError);
  });

  it('is refused with too many values, wherever they stand, and not for what stands in strings', () => {
    const items = (count: number) => `{"a":[${Array(count).fill('1').join()}]}`;
    expect(() => parseJson(items(MOST_REQUEST_VALUES - 1))).not.toThrow();
    expect(() => parseJson(items(MOST_REQUEST_VALUES + 1))).toThrow(/more than 10000 members and items/);
    expect(() => parseJson(items(MOST_REQUEST_VALUES + 1), Number.POSITIVE_INFINITY)).not.toThrow();
    expect(() => parseJson(`[${'[],'.repeat(MOST_REQUEST_VALUES)}1]`)).toThrow(JsonError);
    const text = JSON.stringify({ a: ',[{'.repeat(MOST_REQUEST_VALUES), b: '\\'.repeat(999), c: '"\\",' });
    expect(stringifyJson(parseJson(text))).toBe(text);
  });
});

it.each(['9', '0.5', '1e-', '-1.5E+7', '.'])('is refused where a number has no end, one of %j', (piece) => {
  const whole = (length: number) => piece.repeat(Math.ceil(length / piece.length)).slice(0, length);
  for (const text of [`{"a":${whole(1_100)}}`, whole(1_000_000), `[1,${whole(2_000)}]`])
    expect(() => parseJson(text, Number.POSITIVE_INFINITY)).toThrow(
      'A number is longer than 1024 characters',
    );
  const fine = JSON.stringify({ a: whole(5_000), b: [0.5, '9'.repeat(2_000), 1e21] });
  expect(stringifyJson(parseJson(fine))).toBe(fine);
  expect(stringifyJson(parseJson(`{"a":1${'0'.repeat(1_000)}}`))).toBe(`{"a":1${'0'.repeat(1_000)}}`);
});

it.each([
  '{"__proto__":{"polluted":1}}',
  '{"__proto__":{"polluted":2.0}}',
  '{"constructor":{"prototype":1.0}}',
])('keeps %s as an own property and touches no prototype', (text) => {
  const value = parseJson(text);
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  expect(stringifyJson(value)).toBe(text);
});

it('agrees with JSON.parse on every JSON text', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), (text) => {
      expect(JSON.parse(stringifyJson(parseLossless(text)))).toEqual(JSON.parse(text));
      expect(JSON.parse(stringifyJson(parseJson(text)))).toEqual(JSON.parse(text));
    }),
    { seed: 20260101, numRuns: 2000 },
  );
});

it('throws nothing but JsonError on broken texts, and only where JSON.parse does', () => {
  const broken = fc.tuple(fc.json(), fc.nat(200), fc.string({ maxLength: 3 })).map(([text, at, piece]) => {
    return text.slice(0, at % (text.length + 1)) + piece + text.slice((at % (text.length + 1)) + 1);
  });
  fc.assert(
    fc.property(broken, (text) => {
      expect(outcome(() => parseJson(text))).toBe(outcome(() => JSON.parse(text)));
      expect(outcome(() => parseLossless(text))).toBe(outcome(() => JSON.parse(text)));
    }),
    { seed: 20260102, numRuns: 5000 },
  );
});

function outcome(parse: () => unknown): 'value' | 'refused' {
  try {
    parse();
    return 'value';
  } catch (error) {
    if (error instanceof JsonError || error instanceof SyntaxError) return 'refused';
    throw error;
  }
}
