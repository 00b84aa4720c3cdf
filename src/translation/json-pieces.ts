/**
 * Where a long JSON text can be cut so that each piece is parsed by itself. Containers that are longer than a piece are taken
 * apart into segments of their members; what is shorter stays whole.
 */
import { BACKSLASH, CLOSE_BRACE, CLOSE_BRACKET, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE } from '../json.ts';
import { MOST_AT_ONCE, nextTurn } from '../turns.ts';
import { JsonError, MAX_JSON_DEPTH } from './json-parser.ts';

/** Some members of a container, between two of its commas; `long`: it is one, which is taken apart itself. */
export interface Segment {
  readonly from: number;
  readonly to: number;
  readonly long?: LongValue;
}

/** A container that is longer than a piece. */
export interface LongValue {
  /** Index of its bracket or brace. */
  readonly start: number;
  readonly isArray: boolean;
  readonly segments: readonly Segment[];
}

/** A piece is longer than this by one member at most, bytes: it takes a few ms to parse. */
const PIECE_BYTES = 64 * 1024;

/**
 * Cuts a document, a piece in each turn of the event loop.
 *
 * @returns undefined where it is short, or no container
 * @throws JsonError it is nested too deeply, or its brackets do not match; whatever else is wrong the parser of a piece finds
 */
export async function cutInTurns(json: Uint8Array): Promise<LongValue | undefined> {
  const cutter = new Cutter(json);
  for (let until = MOST_AT_ONCE; cutter.advance(until); until += MOST_AT_ONCE) await nextTurn();
  return cutter.root();
}

/** A container while it is open. */
interface Open {
  start: number;
  isArray: boolean;
  /** Where the segment begins that is being gathered; -1: behind a long member, up to its comma. */
  from: number;
  lastComma: number;
  segments: Segment[];
}

class Cutter {
  readonly #json: Uint8Array;
  #at = 0;
  #depth = 0;
  /** By depth; an object for each depth, used again and again. */
  readonly #open: Open[] = [];
  #root: LongValue | undefined;
  #isOver = false;

  constructor(json: Uint8Array) {
    this.#json = json;
  }

  /** Goes on until there; false: that was all. */
  advance(until: number): boolean {
    const json = this.#json;
    const end = Math.min(until, json.length);
    while (this.#at < end) {
      const byte = json[this.#at]!;
      if (byte === QUOTE) this.#at = closingQuote(json, this.#at);
      else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) this.#opens(byte === OPEN_BRACKET);
      else if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) this.#closes(byte === CLOSE_BRACKET);
      else if (byte === COMMA) this.#comma();
      this.#at++;
    }
    return this.#at < json.length;
  }

  root(): LongValue | undefined {
    if (this.#depth !== 0) fail('The JSON document is not whole');
    return this.#root;
  }

  #opens(isArray: boolean): void {
    if (this.#depth === MAX_JSON_DEPTH)
      fail(`The JSON document is nested deeper than ${MAX_JSON_DEPTH} levels`);
    if (this.#isOver) fail('There is something after the end of the JSON document');
    const start = this.#at;
    const open = this.#open[this.#depth];
    if (open === undefined)
      this.#open.push({ start, isArray, from: start + 1, lastComma: start, segments: [] });
    else {
      open.start = start;
      open.isArray = isArray;
      open.from = start + 1;
      open.lastComma = start;
      if (open.segments.length > 0) open.segments = [];
    }
    this.#depth++;
  }

  #closes(isArray: boolean): void {
    const open = this.#open[--this.#depth];
    if (open?.isArray !== isArray) fail('The brackets of the JSON document do not match');
    this.#isOver = this.#depth === 0;
    const { start, from, segments } = open;
    const end = this.#at + 1;
    if (end - start <= PIECE_BYTES) return;
    if (from !== -1) segments.push({ from, to: this.#at });
    const long: LongValue = { start, isArray, segments };
    open.segments = [];
    const parent = this.#open[this.#depth - 1];
    if (parent === undefined) this.#root = long;
    else {
      const { lastComma } = parent;
      if (parent.from !== -1 && lastComma > parent.from)
        parent.segments.push({ from: parent.from, to: lastComma });
      parent.segments.push({ from: lastComma + 1, to: end, long });
      parent.from = -1;
    }
  }

  #comma(): void {
    const open = this.#open[this.#depth - 1];
    if (open === undefined) fail('There is something after the end of the JSON document');
    const at = this.#at;
    if (open.from === -1) open.from = at + 1;
    else if (at - open.from > PIECE_BYTES) {
      open.segments.push({ from: open.from, to: at });
      open.from = at + 1;
    }
    open.lastComma = at;
  }
}

/** Index of the quote that ends the string which begins here; the text's end where none does. */
function closingQuote(json: Uint8Array, start: number): number {
  for (let at = start + 1; at < json.length; at++) {
    const byte = json[at];
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH) at++;
  }
  return json.length;
}

/** Nobody is shown where: such a text is an upstream's. */
function fail(message: string): never {
  throw new JsonError(message, 1, 1);
}
