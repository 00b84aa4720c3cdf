import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainText } from '../../../src/upstream/plain-text.ts';

describe('the words of an error page', () => {
  it.each([
    ['<html><head><title>t</title></head><body><h1>503</h1>\n<p>Busy</p></body></html>', '503 Busy'],
    ['<STYLE type="text/css">p { color: red }</Style>Gone', 'Gone'],
    ['<script>if (a < b) x()</script>after', 'after'],
    ['<style>never ended, so it is text', 'never ended, so it is text'],
    ['<style>one</style><style>two', 'two'],
    ['<styles>no style</styles>', 'no style'],
    ['<header>a header is text</header>', 'a header is text'],
    ['a < b and no more', 'a < b and no more'],
    ['a<br>b<br/>c', 'a b c'],
    ['  \n\t spaced \u00a0 out  ', 'spaced out'],
    ['', ''],
    ['<p></p>', ''],
  ])('%s', (page, words) => {
    expect(plainText(page)).toBe(words);
  });

  it('are cut after 500 characters', () => {
    expect(plainText(`<p>${'long '.repeat(1000)}</p>`)).toHaveLength(500);
  });

  it('end where a page is cut in the middle of a style sheet', () => {
    expect(plainText(`<p>Busy</p><style>${'p { }'.repeat(50_000)}</style>`)).toBe('Busy');
  });

  it('hold neither a run of white space nor a whole tag', () => {
    const piece = fc.constantFrom(
      '<',
      '>',
      'a',
      ' ',
      '\n',
      '<p>',
      '</p>',
      '<style>',
      '</style>',
      '<script',
      '/',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const words = plainText(pieces.join(''));
        expect(words).not.toMatch(/\s\s|^\s|\s$|<p>/);
      }),
    );
  });
});

/** Characters that searches of a page run over, which is what it costs. */
function visited(page: string): number {
  let count = 0;
  const { indexOf } = String.prototype;
  const { exec } = RegExp.prototype;
  String.prototype.indexOf = function (text, at = 0) {
    const found = indexOf.call(this, text, at);
    count += (found < 0 ? this.length : found + 1) - at;
    return found;
  };
  RegExp.prototype.exec = function (text) {
    const from = this.lastIndex;
    const found = exec.call(this, text);
    if (this.global) count += (found ? this.lastIndex : text.length) - from;
    return found;
  };
  try {
    plainText(page);
  } finally {
    String.prototype.indexOf = indexOf;
    RegExp.prototype.exec = exec;
  }
  return count;
}

it.each([
  '<',
  '<<>',
  '<style>',
  '<style><script>',
  '<style></style>',
  '</style>',
  '<a',
  ' ',
  '> ',
  '<title',
  '<p></p>',
])('cost in proportion to the page, however long it is: %s repeated', (piece) => {
  const cost = (length: number) => visited(piece.repeat(length / piece.length)) / length;
  expect(cost(4_000)).toBeLessThanOrEqual(8);
  expect(cost(60_000)).toBeLessThanOrEqual(8);
  expect(visited(piece.repeat(1_000_000))).toBeLessThanOrEqual(8 * 64 * 1024);
});
