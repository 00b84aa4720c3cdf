/**
 * Documents that are long (a list of thousands of servers): they stay bytes, for which the system finds memory bit by bit, and
 * are read and written a piece in each turn of the event loop, never as one text.
 */
import { joinInTurns, MOST_AT_ONCE, nextTurn } from '../turns.ts';
import { type Hrefs, inUnits } from './json-hrefs.ts';
import { scanHrefsInTurns } from './json-scan.ts';

/** A JSON document as bytes, and the indices of the bytes at which its links stand. */
export interface LongDocument {
  readonly bytes: Buffer;
  readonly hrefs: Hrefs;
}

/** Reads a document; undefined when it is no JSON, see `scanHrefs`. */
export async function readLongDocument(bytes: Buffer): Promise<LongDocument | undefined> {
  const hrefs = await scanHrefsInTurns(bytes);
  return hrefs && { bytes, hrefs };
}

/** The same of a text; undefined when it is short, too. */
export async function readLongText(text: string): Promise<LongDocument | undefined> {
  return text.length <= MOST_AT_ONCE ? undefined : readLongDocument(Buffer.from(text));
}

/**
 * The document with other links.
 *
 * @param rewrite a piece of its text with the links that stand in it; gives back the same text where there is nothing to do
 */
export async function rewriteInTurns(
  document: LongDocument,
  rewrite: (text: string, hrefs: Hrefs) => string,
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let isSame = true;
  for (const { bytes, hrefs } of piecesOf(document)) {
    if (pieces.length > 0) await nextTurn();
    const text = bytes.toString();
    const own = rewrite(text, inUnits(bytes, text, hrefs));
    isSame &&= own === text;
    pieces.push(own === text ? bytes : Buffer.from(own));
  }
  return isSame ? document.bytes : joinInTurns(pieces);
}

/** Cuts a document behind links, or wherever a character ends. */
function* piecesOf({ bytes, hrefs }: LongDocument): Generator<LongDocument> {
  let from = 0;
  let next = 0;
  while (from < bytes.length) {
    const first = next;
    let to = startOfCharacter(bytes, Math.min(bytes.length, from + MOST_AT_ONCE));
    while (next < hrefs.length && hrefs[next]! < to) next += 2;
    // A link that the cut goes through belongs to what is before it.
    if (next > first) to = Math.max(to, hrefs[next - 1]!);
    const own = hrefs.slice(first, next).map((at) => at - from);
    yield { bytes: bytes.subarray(from, to), hrefs: own };
    from = to;
  }
}

/** The index, or that of the next byte which begins a character of UTF-8. */
function startOfCharacter(bytes: Buffer, index: number): number {
  let at = index;
  while (at < bytes.length && (bytes[at]! & 0xc0) === 0x80) at++;
  return at;
}
