import { BACKSLASH, CLOSE_BRACE, CLOSE_BRACKET, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE } from '../json.ts';
import { JsonError } from './json-parser.ts';
import { positionAt } from './text.ts';

/**
 * Says before a text is parsed whether it is nested too deeply or holds too many values: to parse a megabyte of them takes
 * a hundred times as long as to look at its characters once. A text that is no JSON is left to whoever parses it.
 *
 * @throws JsonError where the bound is passed
 */
export function checkJsonBounds(text: string, deepest: number, mostValues: number): void {
  let depth = 0;
  let values = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = closingQuote(text, at);
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
