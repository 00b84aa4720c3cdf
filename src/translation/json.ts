/**
 * JSON with the spelling of its numbers: `2.0` stays `2.0` on its way through. `JSON.parse` does the work unless the
 * text holds a number it would respell; only then a parser of our own runs, and only those numbers become RawNumber.
 */
import { isJsonObject, type JsonValue, RawNumber } from '../json.ts';
import { checkJsonBounds } from './json-bounds.ts';
import { JsonError, MAX_JSON_DEPTH, parseLossless } from './json-parser.ts';

export { JsonError, MAX_JSON_DEPTH };

/**
 * A number that may be respelt: a fraction that ends in 0 or is long, an exponent, many digits, `-0`. It only
 * decides whether to look closer, so a hit inside a string does no harm.
 */
const SUSPECT = /[:[,\s](?:-?(?:\d+\.\d*0|\d+\.\d{6,}|\d+(?:\.\d+)?[eE][-+]?\d+|[\d.]{16,})|-0)(?=[\s,}\]])/;
const ALONE = /^\s*-?\d[\d.eE+-]*\s*$/;

/** Values in a request's body: a hundred times what a large one of the API has. Answers (long lists) may have more. */
export const MOST_REQUEST_VALUES = 10_000;

/**
 * A JSON text as a value. Keys such as `__proto__` are ordinary own properties; nothing is nested deeper than
 * MAX_JSON_DEPTH. Whether it is too deep or holds too much is found out before anything is made of it.
 *
 * @param mostValues members and items that it may have; a caller's text has what a request may have
 * @throws JsonError with line and column
 */
export function parseJson(text: string, mostValues = MOST_REQUEST_VALUES): JsonValue {
  checkJsonBounds(text, MAX_JSON_DEPTH, mostValues);
  if (SUSPECT.test(text) || ALONE.test(text)) return parseLossless(text);
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    // Our own parser knows the place and says it in one way for every version of the engine.
    return parseLossless(text);
  }
}

/** A value as JSON text, numbers spelt as they came. */
export function stringifyJson(value: JsonValue): string {
  return hasRawNumber(value) ? write(value) : JSON.stringify(value);
}

function hasRawNumber(value: JsonValue): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (value instanceof RawNumber) return true;
  if (Array.isArray(value)) {
    for (const item of value) if (hasRawNumber(item)) return true;
    return false;
  }
  for (const key in value) if (hasRawNumber(value[key]!)) return true;
  return false;
}

function write(value: JsonValue): string {
  if (value instanceof RawNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members: string[] = [];
  for (const key in value) {
    const member = value[key];
    if (member !== undefined) members.push(`${JSON.stringify(key)}:${write(member)}`);
  }
  return `{${members.join(',')}}`;
}
