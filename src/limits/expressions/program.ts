import type { CharSet } from './char-set.ts';
import { type Assertion, type Expression, ExpressionError, parseExpression } from './syntax.ts';

/** What one expression may grow to: counted repeats are written out. */
const MOST_INSTRUCTIONS = 1024;
/** What writing it out may cost: repeats of nothing write nothing. */
const MOST_VISITS = 16_384;

/** What an instruction does; `next` is the instruction after it. */
export const OP = {
  /** Goes on if the character is in the set. */
  char: 0,
  /** Goes on at `next` and at `other`. */
  split: 1,
  /** Goes on if the place in the text is of the kind. */
  assert: 2,
  /** The expression matches. */
  match: 3,
} as const;

/**
 * An expression as a non-deterministic automaton (Thompson's, as in Google's RE2), which begins at instruction 0. Each
 * instruction is a row of these columns; a search looks at nothing else, a million times a second.
 */
export interface Program {
  readonly size: number;
  readonly ops: Uint8Array;
  readonly next: Int32Array;
  /** Of a split its other way, of a character its set, of an assertion its kind, as an index. */
  readonly other: Int32Array;
  readonly sets: readonly CharSet[];
  /** By set and code, 1 for ASCII characters in the set: 128 bytes each. */
  readonly ascii: Uint8Array;
  readonly assertions: readonly Assertion[];
}

/**
 * Compiles an expression.
 * @throws ExpressionError when it is malformed, cannot be run in linear time, or would be too large
 */
export function compileExpression(source: string): Program {
  const writer = new Writer();
  writer.write(parseExpression(source));
  return writer.finish();
}

/** What is wrong with an expression, without its text; undefined when it can be run. */
export function mistakeInExpression(source: string): string | undefined {
  try {
    compileExpression(source);
    return undefined;
  } catch (error) {
    return (error as ExpressionError).message;
  }
}

/** Kinds of assertions, by index. */
const ASSERTIONS: readonly Assertion[] = ['begin', 'end', 'word boundary', 'no word boundary'];

/** Writes instructions one after another: each part goes on at whatever is written next. */
class Writer {
  readonly #ops: number[] = [];
  readonly #next: number[] = [];
  readonly #other: number[] = [];
  readonly #sets: CharSet[] = [];
  #visits = 0;

  write(expression: Expression): void {
    if (++this.#visits > MOST_VISITS) throw new ExpressionError('it is too large');
    if (expression.kind === 'char') this.#add(OP.char, this.#indexOf(expression.set));
    else if (expression.kind === 'assertion') this.#add(OP.assert, ASSERTIONS.indexOf(expression.what));
    else if (expression.kind === 'sequence') for (const item of expression.items) this.write(item);
    else if (expression.kind === 'choice') this.#writeChoice(expression.items);
    else this.#writeRepeat(expression.item, expression.least, expression.most);
  }

  finish(): Program {
    this.#add(OP.match);
    return {
      size: this.#here,
      ops: Uint8Array.from(this.#ops),
      next: Int32Array.from(this.#next),
      other: Int32Array.from(this.#other),
      sets: this.#sets,
      ascii: asciiTable(this.#sets),
      assertions: ASSERTIONS,
    };
  }

  #writeChoice(items: readonly Expression[]): void {
    const jumps: number[] = [];
    for (const item of items.slice(0, -1)) {
      const split = this.#add(OP.split);
      this.write(item);
      jumps.push(this.#add(OP.split));
      this.#other[split] = this.#here;
    }
    this.write(items.at(-1)!);
    for (const jump of jumps) this.#lead(jump, this.#here);
  }

  #writeRepeat(item: Expression, least: number, most: number): void {
    for (let index = 0; index < least; index++) this.write(item);
    if (most === Number.POSITIVE_INFINITY) this.#writeLoop(item);
    else this.#writeOptional(item, most - least);
  }

  #writeLoop(item: Expression): void {
    const split = this.#add(OP.split);
    this.write(item);
    this.#lead(this.#add(OP.split), split);
    this.#other[split] = this.#here;
  }

  #writeOptional(item: Expression, times: number): void {
    const splits: number[] = [];
    for (let index = 0; index < times; index++) {
      splits.push(this.#add(OP.split));
      this.write(item);
    }
    for (const split of splits) this.#other[split] = this.#here;
  }

  get #here(): number {
    return this.#ops.length;
  }

  /** Adds an instruction that goes on at the one after it. */
  #add(op: number, other = this.#here + 1): number {
    if (this.#here >= MOST_INSTRUCTIONS) throw new ExpressionError('it is too large');
    this.#other.push(other);
    this.#next.push(this.#here + 1);
    return this.#ops.push(op) - 1;
  }

  /** Makes a split a jump: both its ways lead there. */
  #lead(split: number, to: number): void {
    this.#next[split] = to;
    this.#other[split] = to;
  }

  /** Repeated, a set is the same one each time. */
  #indexOf(set: CharSet): number {
    const known = this.#sets.lastIndexOf(set);
    return known >= 0 ? known : this.#sets.push(set) - 1;
  }
}

function asciiTable(sets: readonly CharSet[]): Uint8Array {
  const table = new Uint8Array(128 * sets.length);
  for (const [index, set] of sets.entries()) {
    for (const [first, last] of set)
      if (first < 128) table.fill(1, 128 * index + first, 128 * index + Math.min(last, 127) + 1);
  }
  return table;
}
