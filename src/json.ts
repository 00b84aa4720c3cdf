/** A number whose spelling `JSON.parse` would lose (`2.0`, `1e3`, more digits than a double holds). */
export class RawNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  valueOf(): number {
    return Number(this.text);
  }
  toString(): string {
    return this.text;
  }
  /** `JSON.stringify` cannot write raw text, so there it is a plain number; `stringifyJson` keeps the spelling. */
  toJSON(): number {
    return Number(this.text);
  }
}

/** A JSON document as a value. */
export type JsonValue = null | boolean | number | string | RawNumber | JsonValue[] | JsonObject;
export interface JsonObject {
  [key: string]: JsonValue;
}

/** True for a JSON object (not null, not an array, not a number's spelling). */
export function isJsonObject(value: unknown): value is JsonObject {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof RawNumber)
  );
}

/** The marks of JSON (RFC 8259, section 2), as code units of a text and as bytes of UTF-8. */
export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
export const COMMA = 0x2c;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;

/** What a terminal may take for an order (C1, DEL), and what makes it show a line otherwise than it is (directions, line ends). */
const ORDERS = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;
const ALL_ORDERS = new RegExp(ORDERS, 'g');

/** JSON text that says the same and can be shown on a terminal as it is: `JSON.stringify` escapes no more than U+0000 to U+001F. */
export function terminalSafe(json: string): string {
  if (!ORDERS.test(json)) return json;
  return json.replace(ALL_ORDERS, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
