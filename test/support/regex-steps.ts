/**
 * Counts the steps of a backtracking search, as V8's engine makes them, for the expressions that JavaScript has. No
 * shortcut of V8's is known here, so that the count is at least what V8 does. That it finds what V8 finds is tested.
 */

/** Part of an expression. */
export type Part =
  | { readonly kind: 'one'; readonly source: string; readonly test: (character: string) => boolean }
  | { readonly kind: 'edge'; readonly test: (text: string, at: number) => boolean }
  | { readonly kind: 'sequence'; readonly parts: readonly Part[] }
  | { readonly kind: 'choice'; readonly parts: readonly Part[] }
  | {
      readonly kind: 'repeat';
      readonly part: Part;
      readonly least: number;
      readonly most: number;
      readonly isLazy: boolean;
    }
  | { readonly kind: 'look'; readonly part: Part; readonly isBehind: boolean; readonly isNegative: boolean };

/** Parses an expression; throws for what no expression in `src/` has (back references). */
export function parse({ source, flags }: RegExp): Part {
  let at = 0;
  const charFlags = flags.replace(/[gymd]/g, '');
  const one = (text: string): Part => {
    const expression = new RegExp(`^(?:${text})$`, charFlags);
    return { kind: 'one', source: text, test: (character) => expression.test(character) };
  };

  function choice(): Part {
    const parts = [sequence()];
    while (source[at] === '|') {
      at++;
      parts.push(sequence());
    }
    return parts.length === 1 ? parts[0]! : { kind: 'choice', parts };
  }

  function sequence(): Part {
    const parts: Part[] = [];
    while (at < source.length && source[at] !== '|' && source[at] !== ')') parts.push(repeated(atom()));
    return { kind: 'sequence', parts };
  }

  function repeated(part: Part): Part {
    const found = /^(?:([*+?])|\{(\d+)(,(\d*))?\})(\??)/.exec(source.slice(at));
    if (!found) return part;
    at += found[0].length;
    const [, sign, least, comma, most, lazy] = found;
    const isLazy = lazy === '?';
    if (sign)
      return { kind: 'repeat', part, least: sign === '+' ? 1 : 0, most: sign === '?' ? 1 : Infinity, isLazy };
    const upper = comma === undefined ? Number(least) : most === '' ? Infinity : Number(most);
    return { kind: 'repeat', part, least: Number(least), most: upper, isLazy };
  }

  function atom(): Part {
    const rest = source.slice(at);
    const group = /^\((?:\?(?:(<?[=!])|:|<[A-Za-z_]\w*>))?/.exec(rest);
    if (group) {
      at += group[0].length;
      const part = choice();
      at++;
      const look = group[1];
      if (look === undefined) return part;
      return { kind: 'look', part, isBehind: look.startsWith('<'), isNegative: look.endsWith('!') };
    }
    const piece =
      /^\[(?:[^\]\\]|\\.)*\]/s.exec(rest)?.[0] ??
      /^\\(?:u\{[^}]*\}|u[\da-fA-F]{4}|x[\da-fA-F]{2}|[pP]\{[^}]*\}|c[A-Za-z]|.)/s.exec(rest)?.[0] ??
      rest[0]!;
    at += piece.length;
    if (piece === '^')
      return {
        kind: 'edge',
        test: (text, from) => from === 0 || (flags.includes('m') && text[from - 1] === '\n'),
      };
    if (piece === '$')
      return {
        kind: 'edge',
        test: (text, from) => from === text.length || (flags.includes('m') && text[from] === '\n'),
      };
    if (piece === '\\b' || piece === '\\B')
      return { kind: 'edge', test: (text, from) => isWordEdge(text, from) === (piece === '\\b') };
    if (/^\\[1-9k]/.test(piece)) throw new Error(`${source}: back references are not counted`);
    return one(piece);
  }

  return choice();
}

const isWordEdge = (text: string, at: number): boolean =>
  /\w/.test(text[at - 1] ?? ' ') !== /\w/.test(text[at] ?? ' ');

/** What was searched for, and how many steps that took. */
export interface Search {
  /** Where the match begins and ends; undefined: there is none. */
  readonly found: readonly [start: number, end: number] | undefined;
  readonly steps: number;
}

class TooManySteps extends Error {}

/** One search from `from` on; the steps are `most` when it would take more. */
export function search(expression: RegExp, text: string, from = 0, most = 3_000_000): Search {
  const match = matcherOf(expression);
  const count = { steps: 0, most };
  try {
    const last = expression.sticky ? from : text.length;
    for (let start = from; start <= last; start++) {
      let end = -1;
      const ended = (at: number) => {
        end = at;
        return true;
      };
      count.steps++;
      if (match(text, start, count, ended)) return { found: [start, end], steps: count.steps };
    }
    return { found: undefined, steps: count.steps };
  } catch (error) {
    if (error instanceof TooManySteps || error instanceof RangeError)
      return { found: undefined, steps: most };
    throw error;
  }
}

/** All searches that replacing every match takes, for an expression with `g`; one search for another. */
export function steps(expression: RegExp, text: string): number {
  let total = 0;
  for (let from = 0; from <= text.length; ) {
    const { found, steps: used } = search(expression, text, from);
    total += used;
    if (!found || !expression.global) break;
    from = found[1] > found[0] ? found[1] : found[1] + 1;
  }
  return total;
}

interface Count {
  steps: number;
  readonly most: number;
}
type Next = (at: number) => boolean;
type Match = (text: string, at: number, count: Count, next: Next) => boolean;

const matchers = new WeakMap<RegExp, Match>();

function matcherOf(expression: RegExp): Match {
  const known = matchers.get(expression);
  if (known) return known;
  const made = compile(parse(expression));
  matchers.set(expression, made);
  return made;
}

function step(count: Count): void {
  if (++count.steps > count.most) throw new TooManySteps();
}

function compile(part: Part): Match {
  switch (part.kind) {
    case 'one':
      return (text, at, count, next) => {
        step(count);
        return at < text.length && part.test(text[at]!) && next(at + 1);
      };
    case 'edge':
      return (text, at, count, next) => {
        step(count);
        return part.test(text, at) && next(at);
      };
    case 'sequence': {
      const matches = part.parts.map(compile);
      const from = (index: number, text: string, at: number, count: Count, next: Next): boolean =>
        index === matches.length
          ? next(at)
          : matches[index]!(text, at, count, (then) => from(index + 1, text, then, count, next));
      return (text, at, count, next) => from(0, text, at, count, next);
    }
    case 'choice': {
      const matches = part.parts.map(compile);
      return (text, at, count, next) => matches.some((match) => match(text, at, count, next));
    }
    case 'repeat':
      return compileRepeat(part);
    case 'look':
      return compileLook(part);
  }
}

function compileRepeat({ part, least, most, isLazy }: Part & { kind: 'repeat' }): Match {
  const match = compile(part);
  const from = (done: number, text: string, at: number, count: Count, next: Next): boolean => {
    step(count);
    const more = () =>
      done < most &&
      match(
        text,
        at,
        count,
        (then) => (then > at || done < least) && from(done + 1, text, then, count, next),
      );
    if (done < least) return more();
    return isLazy ? next(at) || more() : more() || next(at);
  };
  return (text, at, count, next) => from(0, text, at, count, next);
}

/** Behind: from every place before, which is more than V8 does. */
function compileLook({ part, isBehind, isNegative }: Part & { kind: 'look' }): Match {
  const match = compile(part);
  return (text, at, count, next) => {
    let holds = false;
    if (isBehind)
      for (let start = Math.max(0, at - 8); start <= at && !holds; start++)
        holds = match(text, start, count, (then) => then === at);
    else holds = match(text, at, count, () => true);
    return holds !== isNegative && next(at);
  };
}
