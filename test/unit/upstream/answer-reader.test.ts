import { afterEach, describe, expect, it, vi } from 'vitest';
import { AnswerReader, refusalBody } from '../../../src/upstream/answer-reader.ts';
import type { UpstreamAnswer } from '../../../src/upstream/exchange.ts';

const answerOf = (status: number, text: string): UpstreamAnswer => ({
  status,
  headers: {},
  body: Buffer.from(text),
});

describe('a refusal that is longer than any', () => {
  afterEach(() => void vi.restoreAllMocks());

  /** How many characters are parsed on the way to what the caller gets. */
  function parsedFor(status: number, text: string): { shown: string; characters: number } {
    const parse = vi.spyOn(JSON, 'parse');
    const answer = answerOf(status, text);
    const reader = new AnswerReader();
    reader.check(answer, 'GET');
    refusalBody(answer);
    const shown = reader.textOf(answer);
    const characters = parse.mock.calls.reduce((sum, [parsed]) => sum + parsed.length, 0);
    parse.mockRestore();
    return { shown, characters };
  }

  it.each<[string, (size: number) => string]>([
    ['of brackets', (size) => '['.repeat(size)],
    ['of braces', (size) => '{"a":'.repeat(size / 5)],
    ['that is a whole fault', (size) => `{"overLimit":{"code":413,"message":"${'x'.repeat(size)}"}}`],
    ['that is one text', (size) => `"${'x'.repeat(size)}"`],
  ])('%s is not parsed, however long it is', (_what, make) => {
    for (const status of [302, 413, 500]) {
      expect(parsedFor(status, make(100)).characters).toBeGreaterThan(0);
      for (const size of [200_000, 2_000_000]) {
        const { shown, characters } = parsedFor(status, make(size));
        expect(characters).toBe(0);
        expect(shown).toEqual(status < 400 ? '' : expect.stringContaining(`The region answered ${status}.`));
      }
    }
  });

  it('in prose is told by its first words', () => {
    const { shown } = parsedFor(500, `No more. ${'And so on. '.repeat(100_000)}`);
    expect(shown).toContain('"message":"No more. And so on.');
    expect(shown.length).toBeLessThan(600);
  });
});

it('a document that is nested deeper than any is no answer, in whatever format it is asked for', () => {
  const nested = (depth: number) => `{"servers":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
  expect(new AnswerReader().check(answerOf(200, nested(100)), 'GET')).toBeUndefined();
  expect(new AnswerReader().check(answerOf(200, nested(101)), 'GET')).toMatchObject({ kind: 'broken' });
});
