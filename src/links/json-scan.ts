import { CLOSE_BRACE, CLOSE_BRACKET, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE } from '../json.ts';
import { MOST_AT_ONCE, nextTurn } from '../turns.ts';
import { numberEnd, skipSpace, standsAt, stringEnd } from './json-tokens.ts';

const COLON = 0x3a;

const HREF = Buffer.from('"href"');
const META = Buffer.from('"meta"');
const METADATA = Buffer.from('"metadata"');
const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');
const NULL = Buffer.from('null');

/**
 * Says in one pass over an answer's bytes whether they are one JSON document (RFC 8259, that is what `JSON.parse`
 * takes, 100 levels deep at most), and where its links are. Parsing costs several times as much, for values that nobody wants: answers go on as
 * the text they came as.
 *
 * Metadata is a caller's own: an item of it that is called `href` is no link, neither in an object `metadata` nor in
 * the document of one item, whose first key is `meta`.
 *
 * @returns first and last (exclusive) index of every string that is an `href`, in turn; undefined when it is no JSON
 */
export function scanHrefs(json: Uint8Array): readonly number[] | undefined {
  const scan = new Scan(json, commonClosers);
  return scan.advance(Number.POSITIVE_INFINITY) === 'whole' ? scan.hrefs : undefined;
}

/** The same, a piece in each turn of the event loop. */
export async function scanHrefsInTurns(json: Uint8Array): Promise<readonly number[] | undefined> {
  const scan = new Scan(json, new Uint8Array(DEEPEST + 1));
  for (let until = MOST_AT_ONCE; ; until += MOST_AT_ONCE) {
    const standing = scan.advance(until);
    if (standing !== 'more') return standing === 'whole' ? scan.hrefs : undefined;
    await nextTurn();
  }
}

/** As deep as documents are read anywhere here; what is deeper could be passed on, and neither translated nor merged. */
const DEEPEST = 100;

/** For all that is read at once, since nothing comes in between. */
const commonClosers = new Uint8Array(DEEPEST + 1);

class Scan {
  readonly hrefs: number[] = [];
  readonly #json: Uint8Array;
  /** How each depth ends: with a brace or a bracket. */
  readonly #closers: Uint8Array;
  #at = 0;
  #depth = 0;
  /** Depth of the metadata that is open; 0: none is. */
  #metadataDepth = 0;
  #isHref = false;
  #isMetadata = false;

  constructor(json: Uint8Array, closers: Uint8Array) {
    this.#json = json;
    this.#closers = closers;
    this.#at = skipSpace(json, 0);
  }

  /** Goes on to the end of the first value that ends behind `until`, or to the document's. */
  advance(until: number): 'more' | 'whole' | 'broken' {
    do {
      if (!this.#value()) return 'broken';
      if (!this.#goesOn()) return this.#depth === 0 && this.#at === this.#json.length ? 'whole' : 'broken';
    } while (this.#at < until);
    return 'more';
  }

  /** Steps into containers, then over a scalar or an empty container. */
  #value(): boolean {
    for (;;) {
      switch (this.#json[this.#at]) {
        case QUOTE:
          return this.#string();
        case OPEN_BRACE:
          if (this.#depth === DEEPEST) return false;
          if (this.#opens(CLOSE_BRACE)) return true;
          if (this.#depth === 1 && standsAt(this.#json, this.#at, META)) this.#metadataDepth = 1;
          if (!this.#key()) return false;
          break;
        case OPEN_BRACKET:
          if (this.#depth === DEEPEST) return false;
          if (this.#opens(CLOSE_BRACKET)) return true;
          this.#isHref = false;
          this.#isMetadata = false;
          break;
        default:
          return this.#scalar();
      }
    }
  }

  /** Steps out of all that ends here; true when another value follows. */
  #goesOn(): boolean {
    for (;;) {
      this.#at = skipSpace(this.#json, this.#at);
      if (this.#depth === 0) return false;
      const byte = this.#json[this.#at];
      if (byte === COMMA) {
        this.#at = skipSpace(this.#json, this.#at + 1);
        return this.#closers[this.#depth] === CLOSE_BRACKET || this.#key();
      }
      if (byte !== this.#closers[this.#depth]) return false;
      this.#closes();
    }
  }

  /** Steps over an opening brace or bracket; true when its end follows, which ends a value: see `#goesOn`. */
  #opens(closer: number): boolean {
    this.#depth++;
    this.#closers[this.#depth] = closer;
    if (this.#isMetadata && closer === CLOSE_BRACE && this.#metadataDepth === 0)
      this.#metadataDepth = this.#depth;
    this.#at = skipSpace(this.#json, this.#at + 1);
    return this.#json[this.#at] === closer;
  }

  #closes(): void {
    if (this.#metadataDepth === this.#depth) this.#metadataDepth = 0;
    this.#depth--;
    this.#at++;
  }

  /** Steps over a key and its colon. */
  #key(): boolean {
    const json = this.#json;
    const start = this.#at;
    const end = json[start] === QUOTE ? stringEnd(json, start + 1) : -1;
    if (end === -1) return false;
    this.#isHref = end - start === 5 && standsAt(json, start, HREF);
    this.#isMetadata = end - start === 9 && standsAt(json, start, METADATA);
    const colon = skipSpace(json, end + 1);
    this.#at = skipSpace(json, colon + 1);
    return json[colon] === COLON;
  }

  #string(): boolean {
    const start = this.#at + 1;
    const end = stringEnd(this.#json, start);
    this.#at = end + 1;
    if (this.#isHref && this.#metadataDepth === 0) this.hrefs.push(start, end);
    return end !== -1;
  }

  #scalar(): boolean {
    const at = this.#at;
    const word = wordOf(this.#json[at]);
    if (word === undefined) this.#at = numberEnd(this.#json, at);
    else this.#at = standsAt(this.#json, at, word) ? at + word.length : -1;
    return this.#at !== -1;
  }
}

function wordOf(first: number | undefined): Uint8Array | undefined {
  if (first === TRUE[0]) return TRUE;
  if (first === FALSE[0]) return FALSE;
  return first === NULL[0] ? NULL : undefined;
}
