import { type JsonObject, type JsonValue, RawNumber } from '../json.ts';
import { positionAt, setOwn } from './text.ts';

/** No document of the API comes near this; deeper ones would only exhaust the stack. */
export const MAX_JSON_DEPTH = 100;

/** A text that is no JSON, or nested too deeply. Lines and columns count from 1. */
export class JsonError extends Error {
  override readonly name = 'JsonError';
  readonly line: number;
  readonly column: number;

  constructor(message: string, line: number, column: number) {
    super(`${message} (line ${line}, column ${column})`);
    this.line = line;
    this.column = column;
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
const WORD = /true|false|null/y;
const SPACE = /[ \t\n\r]*/y;
const WORDS: Record<string, boolean | null> = { true: true, false: false, null: null };

/** Parses RFC 8259 JSON and keeps the spelling of every number that a double would lose. */
export function parseLossless(text: string): JsonValue {
  return new Parser(text).document();
}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): JsonValue {
    this.#skipSpace();
    if (this.#at === this.#text.length) this.#fail('The body is empty where JSON was expected');
    const value = this.#value(MAX_JSON_DEPTH);
    this.#skipSpace();
    if (this.#at < this.#text.length) this.#fail('There is something after the end of the JSON document');
    return value;
  }

  #value(depth: number): JsonValue {
    const first = this.#text[this.#at];
    if (first === '"') return this.#string();
    if (first === '{') return this.#object(depth);
    if (first === '[') return this.#array(depth);
    if (first === '-' || (first !== undefined && first >= '0' && first <= '9')) return this.#number();
    const word = this.#take(WORD);
    if (word === undefined) this.#fail('A JSON value was expected');
    return WORDS[word]!;
  }

  #object(depth: number): JsonObject {
    this.#deeper(depth);
    const object: JsonObject = {};
    if (this.#opens('}')) return object;
    do {
      this.#skipSpace();
      if (this.#text[this.#at] !== '"') this.#fail('A key in double quotes was expected');
      const key = this.#string();
      this.#skipSpace();
      if (this.#text[this.#at] !== ':') this.#fail('A colon was expected after the key');
      this.#at++;
      this.#skipSpace();
      setOwn(object, key, this.#value(depth - 1));
    } while (this.#more('}'));
    return object;
  }

  #array(depth: number): JsonValue[] {
    this.#deeper(depth);
    const items: JsonValue[] = [];
    if (this.#opens(']')) return items;
    do {
      this.#skipSpace();
      items.push(this.#value(depth - 1));
    } while (this.#more(']'));
    return items;
  }

  #deeper(depth: number): void {
    if (depth === 0) this.#fail(`The JSON document is nested deeper than ${MAX_JSON_DEPTH} levels`);
  }

  /** Steps over the opening bracket; true when the closing one follows at once. */
  #opens(close: string): boolean {
    this.#at++;
    this.#skipSpace();
    if (this.#text[this.#at] !== close) return false;
    this.#at++;
    return true;
  }

  /** Steps over a comma (true) or the closing bracket (false). */
  #more(close: string): boolean {
    this.#skipSpace();
    const next = this.#text[this.#at];
    if (next !== ',' && next !== close) this.#fail(`A comma or "${close}" was expected`);
    this.#at++;
    return next === ',';
  }

  #string(): string {
    const end = this.#closingQuote();
    try {
      const value = JSON.parse(this.#text.slice(this.#at, end)) as string;
      this.#at = end;
      return value;
    } catch {
      return this.#fail('A string is not closed, or holds a raw control character or a bad escape');
    }
  }

  /** Just after the first quote that an even number of backslashes precedes. */
  #closingQuote(): number {
    let quote = this.#at;
    let backslashes: number;
    do {
      quote = this.#text.indexOf('"', quote + 1);
      if (quote < 0) return this.#text.length;
      backslashes = 0;
      while (this.#text[quote - 1 - backslashes] === '\\') backslashes++;
    } while (backslashes % 2 === 1);
    return quote + 1;
  }

  #number(): number | RawNumber {
    const spelling = this.#take(NUMBER);
    if (spelling === undefined) this.#fail('A number is malformed');
    const value = Number(spelling);
    return String(value) === spelling ? value : new RawNumber(spelling);
  }

  #skipSpace(): void {
    SPACE.lastIndex = this.#at;
    SPACE.test(this.#text);
    this.#at = SPACE.lastIndex;
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found) this.#at = pattern.lastIndex;
    return found?.[0];
  }

  #fail(message: string): never {
    const { line, column } = positionAt(this.#text, this.#at);
    throw new JsonError(message, line, column);
  }
}
