import type { Splice } from './mounts.ts';

/** Decides on the URL that stands in `text` from `start` to `end`; undefined leaves it. */
export type MatchUrl = (text: string, start: number, end: number) => Splice | undefined;

const KEY = '"href"';
const METADATA = '"metadata"';
/** The document of one metadata item is nothing but a caller's own key and value. */
const META_DOCUMENT = /^\s*\{\s*"meta"\s*:/;

/**
 * Replaces the start of every `href` that `match` recognises, in the text: nothing is parsed or written anew, so
 * number spellings, member order and spacing stay, and a body without a match comes back as the same string.
 * A metadata item that is called `href` is a caller's data, not a link.
 *
 * @param base what comes before the splice's path, as plain text
 */
export function spliceHrefs(json: string, base: string, match: MatchUrl): string {
  let at = json.indexOf(KEY);
  if (at === -1 || META_DOCUMENT.test(json)) return json;
  const scan = createScan(json);
  const escapedBase = JSON.stringify(base).slice(1, -1);
  let out = '';
  let copied = 0;
  for (; at !== -1; at = json.indexOf(KEY, at)) {
    const start = valueStart(json, at);
    at += KEY.length;
    if (start === -1 || scan.isMetadata(start)) continue;
    const end = scan.stringEnd(start);
    if (end === -1) break;
    at = end;
    if (scan.hasEscape(start, end)) {
      const url = spliceEscaped(json.slice(start, end), base, match);
      if (url === undefined) continue;
      out += json.slice(copied, start) + url;
      copied = end;
      continue;
    }
    const splice = match(json, start, end);
    if (!splice) continue;
    out += json.slice(copied, start) + escapedBase + splice.path;
    copied = splice.keepFrom;
  }
  return copied === 0 ? json : out + json.slice(copied);
}

/** Index of the first character of the member's string; -1 when `at` is no key, or its value no string. */
function valueStart(json: string, at: number): number {
  // `"x\"href": …`: the quote belongs to a longer key.
  if (json[at - 1] === '\\') return -1;
  const colon = skipSpace(json, at + KEY.length);
  if (json[colon] !== ':') return -1;
  const quote = skipSpace(json, colon + 1);
  return json[quote] === '"' ? quote + 1 : -1;
}

function skipSpace(json: string, from: number): number {
  let at = from;
  for (let code = json.charCodeAt(at); code === 32 || code === 10 || code === 13 || code === 9; ) {
    code = json.charCodeAt(++at);
  }
  return at;
}

/** A URL with `\/` or `\uXXXX` in it: decoded, matched, written again. */
function spliceEscaped(raw: string, base: string, match: MatchUrl): string | undefined {
  let url: string;
  try {
    url = JSON.parse(`"${raw}"`);
  } catch {
    return undefined;
  }
  const splice = match(url, 0, url.length);
  return splice && JSON.stringify(base + splice.path + url.slice(splice.keepFrom)).slice(1, -1);
}

/** Positions that only move forward, so that a whole body is looked through once however many links it has. */
interface Scan {
  /** Index of the quote that ends the string whose first character is at `start`; -1 when it never ends. */
  stringEnd(start: number): number;
  hasEscape(start: number, end: number): boolean;
  /** True when the position lies in an object that is the value of `metadata`. */
  isMetadata(at: number): boolean;
}

function createScan(json: string): Scan {
  let backslash = json.indexOf('\\');
  let metadata = json.indexOf(METADATA);
  let metadataEnd = -1;

  const hasEscape = (start: number, end: number): boolean => {
    if (backslash !== -1 && backslash < start) backslash = json.indexOf('\\', start);
    return backslash !== -1 && backslash < end;
  };
  return {
    hasEscape,
    stringEnd(start) {
      const end = json.indexOf('"', start);
      return end !== -1 && hasEscape(start, end) ? escapedStringEnd(json, start) : end;
    },
    isMetadata(at) {
      while (metadata !== -1 && metadata < at) {
        metadataEnd = objectEnd(json, metadata + METADATA.length);
        metadata = json.indexOf(METADATA, Math.max(metadataEnd, metadata + METADATA.length));
      }
      return at < metadataEnd;
    },
  };
}

function escapedStringEnd(json: string, start: number): number {
  for (let at = start; at < json.length; at++) {
    if (json[at] === '\\') at++;
    else if (json[at] === '"') return at;
  }
  return -1;
}

/** Index behind the object that is the value of the key ending at `from`; -1 when the value is something else. */
function objectEnd(json: string, from: number): number {
  const colon = skipSpace(json, from);
  if (json[colon] !== ':') return -1;
  const open = skipSpace(json, colon + 1);
  if (json[open] !== '{') return -1;
  let depth = 0;
  for (let at = open; at < json.length; at++) {
    const char = json[at];
    if (char === '"') {
      at = escapedStringEnd(json, at + 1);
      if (at === -1) return json.length;
    } else if (char === '{') depth++;
    else if (char === '}' && --depth === 0) return at + 1;
  }
  return json.length;
}
