import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { JsonObject } from '../../../src/json.ts';
import { parseJson, stringifyJson } from '../../../src/translation/json.ts';
import { parseJsonInTurns, stringifyJsonInTurns } from '../../../src/translation/json-in-turns.ts';
import { MOST_AT_ONCE } from '../../../src/turns.ts';

afterEach(() => vi.restoreAllMocks());

const wide = 'ü'.repeat(1_000);
const item = (at: number) => ({ id: `${at}`, ram: at, name: `s, ]}" ${at} ${wide}`, links: [{ a: [at] }] });
const items = (count: number) => Array.from({ length: count }, (_, at) => item(at));

const LONG: [string, string][] = [
  ['a list of many', JSON.stringify({ servers: items(500), servers_links: [{ rel: 'next' }] })],
  ['the same with blanks', JSON.stringify({ before: 1, servers: items(500), after: {} }, null, 3)],
  ['a list that is the document', JSON.stringify(items(500))],
  ['lists in lists', JSON.stringify({ a: [[items(300)], [items(300), 1], []], b: items(300), c: null })],
  ['one long text', JSON.stringify({ a: 'x'.repeat(2 * MOST_AT_ONCE), b: [1] })],
  ['an object of many members', JSON.stringify(Object.fromEntries(items(500).map((one) => [one.name, one])))],
  ['numbers with a spelling of their own', `{"a": [${'1.50, 2.0, 1e3, '.repeat(50_000)} -0]}`],
  ['keys that objects have', `{"__proto__": [${'{"__proto__": 1},'.repeat(20_000)} 1], "a": 1}`],
  ['a key that comes twice', `{"a": 1, "b": [${'12345,'.repeat(50_000)} 1], "a": 2}`],
  ['a number alone', `${' '.repeat(2 * MOST_AT_ONCE)}1`],
];

it.each(LONG)('a text is the same value in turns as at once: %s', async (_what, text) => {
  const json = Buffer.from(text);
  expect(json.length).toBeGreaterThan(MOST_AT_ONCE);
  const once = parseJson(text, Number.POSITIVE_INFINITY);
  const inTurns = await parseJsonInTurns(json);
  expect(stringifyJson(inTurns)).toBe(stringifyJson(once));
});

describe('a text that is no JSON is none in turns', () => {
  const long = `[${'{"a": [1, 2]},'.repeat(40_000)}1]`;
  it.each([
    ['cut', long.slice(0, -1)],
    ['cut in a text', `${long.slice(0, -1)},"a`],
    ['with another end', `${long.slice(0, -1)}}`],
    ['with something behind it', `${long} 1`],
    ['with a list behind it', `${long}[1]`],
    ['with something before it', `1 ${long}`],
    ['with a comma before its end', `${long.slice(0, -1)},]`],
    ['with a comma behind a long member', `[${long},]`],
    ['with a member without a key', `{"a": 1, ${long}}`],
    ['with a key that is none', `{"a": 1, b: ${long}}`],
    ['with a key without a colon', `{"a": 1, "b" ${long}}`],
    ['with something before a long item', `[1, 2 ${long}]`],
    ['with a word that is none', long.replace('1, 2', '1, nul')],
    ['nested too deeply', `${'['.repeat(101)}${long}${']'.repeat(101)}`],
    ['of brackets alone', '['.repeat(2 * MOST_AT_ONCE)],
  ])('%s', async (_what, text) => {
    await expect(parseJsonInTurns(Buffer.from(text))).rejects.toThrow(/JSON|comma|value|key|brackets/i);
  });
});

it('any document is the same in turns as at once, wherever it is cut', async () => {
  await fc.assert(
    fc.asyncProperty(fc.json(), fc.boolean(), async (json, isArray) => {
      const filler = `"${'y'.repeat(MOST_AT_ONCE / 2)}"`;
      const text = isArray
        ? `[${json},${filler},[${json},${filler}],${json}]`
        : `{"a":${json},"b":{"c":${filler},"d":${json}},"e":${filler}}`;
      const inTurns = await parseJsonInTurns(Buffer.from(text));
      expect(stringifyJson(inTurns)).toBe(stringifyJson(parseJson(text, Number.POSITIVE_INFINITY)));
    }),
    { numRuns: 50, seed: 11 },
  );
});

it('others have a turn for each piece of a long text, and none has to wait for a short one', async () => {
  const turns = vi.spyOn(globalThis, 'setImmediate');
  const short = Buffer.from(JSON.stringify(items(50)));
  await parseJsonInTurns(short);
  expect(turns).not.toHaveBeenCalled();
  const counts: number[] = [];
  for (const size of [1_000, 2_000]) {
    turns.mockClear();
    const json = Buffer.from(JSON.stringify({ servers: items(size) }));
    await parseJsonInTurns(json);
    counts.push(turns.mock.calls.length / (json.length / MOST_AT_ONCE));
  }
  // As many as there are pieces, however long it is.
  for (const each of counts) expect(each).toBeGreaterThan(2);
});

it('a document is the same text in turns as at once', async () => {
  const documents: JsonObject[] = [
    {},
    { servers: [] },
    { servers: items(100), a: 1 },
    { servers: items(101), 'sluice:errors': [{ region: 'ORD' }] },
    { a: 1, servers: items(300), b: items(250), c: 'x' },
    { a: parseJson('1.50'), servers: [...items(200), parseJson('2.0')] },
  ];
  for (const document of documents)
    expect(Buffer.concat(await stringifyJsonInTurns(document)).toString()).toBe(stringifyJson(document));
});
