import type { CharSet } from './char-set.ts';
import { OP, type Program } from './program.ts';
import type { Assertion } from './syntax.ts';

/** A text with the places at which an expression may begin and end there (`^` and `$`). */
export interface SearchText {
  readonly text: string;
  readonly begins: readonly number[];
  readonly ends: readonly number[];
}

/** How many steps searches may take; those of one request share them. */
export interface StepBudget {
  left: number;
}

/**
 * Whether a program matches anywhere in a text; undefined when the steps ran out before that was known. All ways through the
 * program are followed at the same time, character by character, so that each character costs at most two steps for each
 * instruction, whatever the expression and the text.
 */
export function search(program: Program, searched: SearchText, budget: StepBudget): boolean | undefined {
  const { text } = searched;
  const run = new Run(program, searched);
  for (let at = 0; at <= text.length; at++) {
    if (run.follow(at)) return true;
    if (at < text.length) run.read(text.charCodeAt(at));
    budget.left -= run.steps;
    run.steps = 0;
    if (budget.left <= 0) return undefined;
  }
  return false;
}

class Run {
  /** Instructions followed and characters compared since the last look at it. */
  steps = 0;
  readonly #program: Program;
  readonly #searched: SearchText;
  /** Instructions that read the next character. */
  readonly #reading: Int32Array;
  #readingCount = 0;
  /** Where the last character has led to, not followed yet. Each instruction adds two at most. */
  readonly #open: Int32Array;
  #openCount = 0;
  /** One more than the place at which each instruction was last followed. */
  readonly #followedAt: Int32Array;

  constructor(program: Program, searched: SearchText) {
    this.#program = program;
    this.#searched = searched;
    this.#reading = new Int32Array(program.size);
    this.#open = new Int32Array(3 * program.size + 1);
    this.#followedAt = new Int32Array(program.size);
  }

  /** Follows what needs no character, and begins anew from here as well; true when that leads to a match. */
  follow(at: number): boolean {
    const { ops, next, other } = this.#program;
    const open = this.#open;
    const reading = this.#reading;
    const followedAt = this.#followedAt;
    let openCount = this.#openCount;
    let readingCount = 0;
    open[openCount++] = 0;
    while (openCount > 0) {
      const index = open[--openCount]!;
      if (followedAt[index] === at + 1) continue;
      followedAt[index] = at + 1;
      this.steps++;
      const op = ops[index]!;
      if (op === OP.char) reading[readingCount++] = index;
      else if (op === OP.split) {
        open[openCount++] = next[index]!;
        open[openCount++] = other[index]!;
      } else if (op === OP.match) return true;
      else if (this.#holds(this.#program.assertions[other[index]!]!, at)) open[openCount++] = next[index]!;
    }
    this.#openCount = 0;
    this.#readingCount = readingCount;
    return false;
  }

  /** Goes on from wherever the next character is what an instruction wants. */
  read(code: number): void {
    const { next, other, ascii, sets } = this.#program;
    const open = this.#open;
    const reading = this.#reading;
    let openCount = 0;
    for (let index = 0; index < this.#readingCount; index++) {
      const instruction = reading[index]!;
      const set = other[instruction]!;
      if (code < 128 ? ascii[128 * set + code] === 1 : isIn(sets[set]!, code))
        open[openCount++] = next[instruction]!;
    }
    this.steps += this.#readingCount;
    this.#openCount = openCount;
  }

  #holds(what: Assertion, at: number): boolean {
    const { text, begins, ends } = this.#searched;
    if (what === 'begin') return begins.includes(at);
    if (what === 'end') return ends.includes(at);
    const isBoundary = isWord(text.charCodeAt(at - 1)) !== isWord(text.charCodeAt(at));
    return isBoundary === (what === 'word boundary');
  }
}

function isIn(set: CharSet, code: number): boolean {
  let low = 0;
  let high = set.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (set[middle]![1] < code) low = middle + 1;
    else high = middle;
  }
  return low < set.length && set[low]![0] <= code;
}

/** NaN, beyond either end of a text, is no word. */
function isWord(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x39) ||
    (code >= 0x41 && code <= 0x5a) ||
    code === 0x5f ||
    (code >= 0x61 && code <= 0x7a)
  );
}
