import { BACKSLASH, CLOSE_BRACE, CLOSE_BRACKET, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE } from '../json.ts';
import { JsonError } from './json-parser.ts';
import { positionAt } from './text.ts';

/** Longest number, characters: no double has as many that mean anything, and to look for its spelling takes long. */
const LONGEST_NUMBER = 1_024;

/**
 * Says before a text is parsed whether it is nested too deeply or holds too many values, or a number without end: to parse a megabyte of them takes
 * a hundred times as long as to look at its characters once. A text that is no JSON is left to whoever parses it.
 *
 * @throws JsonError where the bound is passed
 */
export function checkJsonBounds(text: string, deepest: number, mostValues: number): void {
  let depth = 0;
  let values = 0;
  let numberFrom = -1;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (!isOfNumber(code)) numberFrom = at;
    else if (at - numberFrom > LONGEST_NUMBER)
      fail(text, at, `A number is longer than ${LONGEST_NUMBER} characters`);
    switch (code) {
      case QUOTE:
        at = closingQuote(text, at);
        numberFrom = at;
        break;
      case OPEN_BRACKET:
      case OPEN_BRACE:
        if (++depth > deepest) fail(text, at, `The JSON document is nested deeper than ${deepest} levels`);
        if (++values > mostValues) fail(text, at, tooMany(mostValues));
        break;
      case COMMA:
        if (++values > mostValues) fail(text, at, tooMany(mostValues));
        break;
      case CLOSE_BRACKET:
      case CLOSE_BRACE:
        depth--;
        break;
    }
  }
}

/** Digits, signs, the point and the exponent's letter. */
const isOfNumber = (code: number): boolean =>
  (code <= 0x39 && (code >= 0x30 || (code >= 0x2b && code <= 0x2e && code !== COMMA))) ||
  code === 0x65 ||
  code === 0x45;

/** Index of the quote that ends the string which begins here; the text's end where none does. */
function closingQuote(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at++;
  }
  return text.length;
}

const tooMany = (most: number): string => `The JSON document has more than ${most} members and items`;

function fail(text: string, at: number, message: string): never {
  const { line, column } = positionAt(text, at);
  throw new JsonError(message, line, column);
}
