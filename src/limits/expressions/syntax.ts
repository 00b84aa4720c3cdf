import { ANYTHING, BLANKS, type CharSet, complement, DIGITS, foldCase, union, WORD } from './char-set.ts';

/** A regular expression, read. */
export type Expression =
  | { readonly kind: 'char'; readonly set: CharSet }
  | { readonly kind: 'sequence'; readonly items: readonly Expression[] }
  | { readonly kind: 'choice'; readonly items: readonly Expression[] }
  /** `most` is Infinity for `*` and `+`. */
  | { readonly kind: 'repeat'; readonly item: Expression; readonly least: number; readonly most: number }
  | { readonly kind: 'assertion'; readonly what: Assertion };

export type Assertion = 'begin' | 'end' | 'word boundary' | 'no word boundary';

/** Why an expression is not run: it is malformed, or wants what cannot be done in linear time. Holds nothing of its text. */
export class ExpressionError extends Error {}

/** What is longer is no rate limit's expression. */
export const LONGEST_EXPRESSION = 512;
/** As in Google's RE2. */
const MOST_REPEATS = 1000;

/**
 * Reads what Python, Java and JavaScript have in common of regular expressions, as far as it can be matched in linear time:
 * no back references, no lookaround, no atomic groups and possessive quantifiers. Lazy quantifiers are read as greedy ones,
 * which matters only to captured text.
 * @throws ExpressionError
 */
export function parseExpression(source: string): Expression {
  if (source.length > LONGEST_EXPRESSION)
    throw new ExpressionError(`it is longer than ${LONGEST_EXPRESSION} characters`);
  return new Parser(source).parse();
}

const CLASSES: Readonly<Record<string, CharSet>> = {
  d: DIGITS,
  D: complement(DIGITS),
  w: WORD,
  W: complement(WORD),
  s: BLANKS,
  S: complement(BLANKS),
};

const CONTROLS: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f', v: '\v' };

const ASSERTIONS: Readonly<Record<string, Assertion>> = {
  A: 'begin',
  z: 'end',
  Z: 'end',
  b: 'word boundary',
  B: 'no word boundary',
};

class Parser {
  readonly #source: string;
  #at = 0;
  #ignoresCase = false;

  constructor(source: string) {
    this.#source = source;
  }

  parse(): Expression {
    const flags = /^\(\?([a-zA-Z]+)\)/.exec(this.#source);
    if (flags) this.#begin(flags[0], flags[1]!);
    const expression = this.#choice();
    if (this.#at < this.#source.length) throw new ExpressionError('unmatched ")"');
    return expression;
  }

  /** Flags for the whole expression: i is heeded; s, m, u and a change nothing for a path, which has one line and is decoded. */
  #begin(text: string, flags: string): void {
    if (/[^imsuaU]/.test(flags)) throw new ExpressionError('flags other than i, m, s, u and a are not known');
    this.#ignoresCase = flags.includes('i');
    this.#at = text.length;
  }

  #choice(): Expression {
    const items = [this.#sequence()];
    while (this.#take('|')) items.push(this.#sequence());
    return items.length === 1 ? items[0]! : { kind: 'choice', items };
  }

  #sequence(): Expression {
    const items: Expression[] = [];
    while (this.#at < this.#source.length && this.#peek() !== '|' && this.#peek() !== ')')
      items.push(this.#repeated());
    return items.length === 1 ? items[0]! : { kind: 'sequence', items };
  }

  #repeated(): Expression {
    let item = this.#atom();
    for (let bounds = this.#quantifier(); bounds; bounds = this.#quantifier()) {
      if (item.kind === 'repeat' || item.kind === 'assertion') throw new ExpressionError('nothing to repeat');
      item = { kind: 'repeat', item, ...bounds };
      if (this.#take('?')) continue;
      if (this.#peek() === '+') throw new ExpressionError('possessive quantifiers are not known');
    }
    return item;
  }

  #quantifier(): { least: number; most: number } | undefined {
    if (this.#take('*')) return { least: 0, most: Number.POSITIVE_INFINITY };
    if (this.#take('+')) return { least: 1, most: Number.POSITIVE_INFINITY };
    if (this.#take('?')) return { least: 0, most: 1 };
    const counted = /^\{(\d{1,9})(,(\d{1,9})?)?\}/.exec(this.#source.slice(this.#at, this.#at + 24));
    if (!counted) return undefined;
    this.#at += counted[0].length;
    const least = Number(counted[1]);
    const most = counted[3] ? Number(counted[3]) : counted[2] ? Number.POSITIVE_INFINITY : least;
    if (most < least) throw new ExpressionError('numbers out of order in {}');
    if (Math.max(least, Number.isFinite(most) ? most : 0) > MOST_REPEATS)
      throw new ExpressionError(`more than ${MOST_REPEATS} repeats`);
    return { least, most };
  }

  #atom(): Expression {
    const char = this.#next();
    if (char === '(') return this.#group();
    if (char === '[') return this.#char(this.#bracket());
    if (char === '.') return { kind: 'char', set: ANYTHING };
    if (char === '^') return { kind: 'assertion', what: 'begin' };
    if (char === '$') return { kind: 'assertion', what: 'end' };
    if (char === '\\') return this.#escape();
    if (char === '*' || char === '+' || char === '?') throw new ExpressionError('nothing to repeat');
    return this.#char(one(char));
  }

  #group(): Expression {
    if (this.#take('?') && !this.#take(':')) {
      const name = /^P?<[A-Za-z_]\w*>/.exec(this.#source.slice(this.#at, this.#at + 64));
      if (!name) throw new ExpressionError('lookaround and other "(?" are not known');
      this.#at += name[0].length;
    }
    const inner = this.#choice();
    if (!this.#take(')')) throw new ExpressionError('unterminated group');
    // A group is one thing to repeat, whatever is in it.
    return { kind: 'sequence', items: [inner] };
  }

  #escape(): Expression {
    const char = this.#next();
    const assertion = ASSERTIONS[char];
    return assertion ? { kind: 'assertion', what: assertion } : this.#char(this.#escaped(char));
  }

  /** What a backslash and this character stand for, inside brackets and outside. */
  #escaped(char: string): CharSet {
    const known = CLASSES[char];
    if (known) return known;
    if (char === 'x' || char === 'u') return one(String.fromCharCode(this.#hex(char === 'x' ? 2 : 4)));
    const control = CONTROLS[char];
    if (control) return one(control);
    if (/[A-Za-z0-9]/.test(char))
      throw new ExpressionError('back references and unknown escapes are not known');
    return one(char);
  }

  #hex(digits: number): number {
    const text = this.#source.slice(this.#at, this.#at + digits);
    if (text.length < digits || /[^\da-fA-F]/.test(text)) throw new ExpressionError('invalid escape');
    this.#at += digits;
    return Number.parseInt(text, 16);
  }

  #bracket(): CharSet {
    const isNegated = this.#take('^');
    let set: CharSet = [];
    // As in Python and Java, a bracket right at the beginning stands for itself.
    for (let isFirst = true; isFirst || this.#peek() !== ']'; isFirst = false)
      set = union(set, this.#range());
    this.#at++;
    const folded = this.#ignoresCase ? foldCase(set) : set;
    return isNegated ? complement(folded) : folded;
  }

  #range(): CharSet {
    const first = this.#member();
    const isRange = this.#peek() === '-' && this.#source[this.#at + 1] !== ']';
    if (!isRange) return first;
    this.#at++;
    const last = this.#member();
    const [from, to] = [single(first), single(last)];
    if (from === undefined || to === undefined || from > to)
      throw new ExpressionError('range out of order in []');
    return [[from, to]];
  }

  #member(): CharSet {
    const char = this.#next();
    if (char === '[' && /[:.=]/.test(this.#peek() ?? ''))
      throw new ExpressionError('named classes are not known');
    if (char !== '\\') return one(char);
    const escaped = this.#next();
    return escaped === 'b' ? one('\b') : this.#escaped(escaped);
  }

  #char(set: CharSet): Expression {
    return { kind: 'char', set: this.#ignoresCase ? foldCase(set) : set };
  }

  #peek(): string | undefined {
    return this.#source[this.#at];
  }

  #next(): string {
    const char = this.#source[this.#at++];
    if (char === undefined) throw new ExpressionError('it ends too early');
    return char;
  }

  #take(char: string): boolean {
    if (this.#source[this.#at] !== char) return false;
    this.#at++;
    return true;
  }
}

function one(char: string): CharSet {
  const code = char.charCodeAt(0);
  return [[code, code]];
}

function single(set: CharSet): number | undefined {
  const [range] = set;
  return set.length === 1 && range && range[0] === range[1] ? range[0] : undefined;
}
