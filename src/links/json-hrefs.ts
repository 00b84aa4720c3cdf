import { scanHrefs } from './json-scan.ts';
import type { Splice } from './mounts.ts';

/** Decides on the URL that stands in `text` from `start` to `end`; undefined leaves it. */
export type MatchUrl = (text: string, start: number, end: number) => Splice | undefined;

/** What is longer leads nowhere: no server takes such a request. */
const LONGEST_URL = 64 * 1024;

/** Where in a JSON text the strings of its links stand: first and last (exclusive) index of each, in turn. */
export type Hrefs = readonly number[];

/**
 * Finds the links of a document that came as bytes; undefined when it is no JSON, see `scanHrefs`.
 *
 * @param text the same document, decoded
 */
export function hrefsOf(bytes: Buffer, text: string): Hrefs | undefined {
  const hrefs = scanHrefs(bytes);
  return hrefs && inUnits(bytes, text, hrefs);
}

/** Indices of bytes, in turn, as those of the decoded text. */
export function inUnits(bytes: Buffer, text: string, indices: Hrefs): Hrefs {
  // Decoding makes fewer UTF-16 units than there were bytes unless each byte made one.
  if (text.length === bytes.length) return indices;
  let byte = 0;
  let unit = 0;
  return indices.map((index) => {
    unit += bytes.toString('utf8', byte, index).length;
    byte = index;
    return unit;
  });
}

/** The links of a JSON text; none when it is no JSON. */
export function hrefsIn(json: string): Hrefs {
  return json.includes('"href"') ? (hrefsOf(Buffer.from(json), json) ?? []) : [];
}

/**
 * Replaces the start of every link that `match` recognises, in the text: nothing is parsed or written anew, so number
 * spellings, member order and spacing stay, and a body without a match comes back as the same string.
 *
 * @param base what comes before the splice's path, as plain text
 * @param escapedBase the same as it is written in JSON
 */
export function spliceHrefs(
  json: string,
  hrefs: Hrefs,
  base: string,
  escapedBase: string,
  match: MatchUrl,
): string {
  let backslash = json.indexOf('\\');
  let out = '';
  let copied = 0;
  for (let index = 0; index < hrefs.length; index += 2) {
    const start = hrefs[index]!;
    const end = hrefs[index + 1]!;
    if (end - start > LONGEST_URL) continue;
    if (backslash !== -1 && backslash < start) backslash = json.indexOf('\\', start);
    if (backslash !== -1 && backslash < end) {
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

/** A URL with `\/` or `\uXXXX` in it: decoded, matched, written again. */
function spliceEscaped(raw: string, base: string, match: MatchUrl): string | undefined {
  const url = JSON.parse(`"${raw}"`) as string;
  const splice = match(url, 0, url.length);
  return splice && JSON.stringify(base + splice.path + url.slice(splice.keepFrom)).slice(1, -1);
}
