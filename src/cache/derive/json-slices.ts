/**
 * Cuts JSON text into the texts of its members without parsing them, so that what is taken from an upstream's answer
 * keeps the upstream's spelling (`2.0` stays `2.0`). The text must be valid JSON; callers parse it once beforehand.
 */
import { BACKSLASH, CLOSE_BRACE, CLOSE_BRACKET, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE } from '../../json.ts';

/** The texts of an array's elements; empty for an empty array. */
export function sliceArray(text: string): string[] {
  const inner = text.trim().slice(1, -1);
  return inner.trim() === '' ? [] : cutAtCommas(inner).map((part) => part.trim());
}

/** The texts of an object's values by name; of a name that occurs twice the last holds, as in JSON.parse. */
export function sliceObject(text: string): Map<string, string> {
  const members = new Map<string, string>();
  for (const member of sliceArray(text)) {
    const end = endOfString(member, 0);
    const colon = member.indexOf(':', end);
    members.set(JSON.parse(member.slice(0, end)), member.slice(colon + 1).trim());
  }
  return members;
}

/** Cuts at the commas that stand outside of strings and nested values. */
function cutAtCommas(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at) - 1;
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++;
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth--;
    else if (code === COMMA && depth === 0) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

/** Where the string that opens at `start` is over (the index behind its closing quote). */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end + 1;
  }
}
