/** The tokens of JSON (RFC 8259) in bytes. What ends nowhere, or is malformed, ends at -1. */
import { BACKSLASH, QUOTE } from '../json.ts';

const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const LOWER_A = 0x61;
const LOWER_E = 0x65;
const LOWER_F = 0x66;
const LOWER_U = 0x75;
/** Turns an ASCII letter into its small form. */
const SMALL = 0x20;

/** What may follow a backslash, but for `u`. */
const ESCAPES = new Set(Buffer.from('"\\/bfnrt'));

/** Index of the first byte that is no white space. */
export function skipSpace(json: Uint8Array, from: number): number {
  let at = from;
  for (; at < json.length; at++) {
    const byte = json[at]!;
    if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) break;
  }
  return at;
}

/** Index of the quote that ends the string whose first byte is at `from`. */
export function stringEnd(json: Uint8Array, from: number): number {
  const { length } = json;
  for (let at = from; at < length; at++) {
    const byte = json[at]!;
    if (byte === QUOTE) return at;
    if (byte < 0x20) return -1;
    if (byte !== BACKSLASH) continue;
    at++;
    if (json[at] === LOWER_U && areHex(json, at + 1)) at += 4;
    else if (!ESCAPES.has(json[at]!)) return -1;
  }
  return -1;
}

function areHex(json: Uint8Array, from: number): boolean {
  for (let at = from; at < from + 4; at++) {
    const letter = json[at]! | SMALL;
    if (!isDigit(json[at]) && !(letter >= LOWER_A && letter <= LOWER_F)) return false;
  }
  return true;
}

/** Index behind the number at `from`. */
export function numberEnd(json: Uint8Array, from: number): number {
  const first = json[from] === MINUS ? from + 1 : from;
  let end = json[first] === ZERO ? first + 1 : digitsEnd(json, first);
  if (end !== -1 && json[end] === POINT) end = digitsEnd(json, end + 1);
  if (end === -1 || (json[end]! | SMALL) !== LOWER_E) return end;
  const sign = json[end + 1];
  return digitsEnd(json, sign === PLUS || sign === MINUS ? end + 2 : end + 1);
}

/** Index behind one digit or more. */
function digitsEnd(json: Uint8Array, from: number): number {
  let at = from;
  while (isDigit(json[at])) at++;
  return at === from ? -1 : at;
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= ZERO && byte <= NINE;

/** Whether these very bytes stand at `from`. */
export function standsAt(json: Uint8Array, from: number, bytes: Uint8Array): boolean {
  for (let index = 0; index < bytes.length; index++) {
    if (json[from + index] !== bytes[index]) return false;
  }
  return true;
}
