import { compileExpression, type Program } from '../expressions/program.ts';
import { type StepBudget, search } from '../expressions/search.ts';
import { ExpressionError } from '../expressions/syntax.ts';
import type { PublishedLimit } from '../published/limit.ts';

/** Which part of a request a limit is about. */
export interface LimitTarget {
  /** Path below the tenant, decoded: `/servers/detail`. */
  readonly path: string;
  /** The whole upstream path, version and tenant included. */
  readonly fullPath: string;
  /** Raw query without its `?`. */
  readonly query: string;
}

/** A limit's pattern, ready to be asked. */
export interface LimitPattern {
  /** Whether the paths alone make the limit apply. */
  matchesPath(target: LimitTarget, steps: StepBudget): boolean;
  /** Whether paths with the query behind them do (some servers match those, for `changes-since`). */
  matchesQuery(target: LimitTarget, steps: StepBudget): boolean;
}

/**
 * Compiles a limit. Servers disagree about what their expression is held against (the whole decoded path, or what follows
 * the tenant as guide 1.8.1 says, or either with the query), and whether it is anchored. Each form that matches charges:
 * a slot too many costs a little throughput, one too few costs a 413.
 *
 * An expression that cannot be run in linear time is not run: the limit's uri decides. One that does not even match that uri
 * (all of the guide's Example 1.23 are such) says something else than it was meant to say: there the uri decides as well.
 * @param problem hears of either, a line for the log
 * @param steps what compiling it and finding that out may still take: limits are compiled all at once; once it is used up, the
 *   uri decides
 */
export function compileLimitPattern(
  limit: PublishedLimit,
  problem: (line: string) => void,
  steps: StepBudget = { left: 2 * MOST_SAMPLE_STEPS },
): LimitPattern {
  const uri = new UriPattern(limit.uri);
  if (limit.regex === undefined) return uri;
  const name = `the regex ${quoted(limit.regex)} of ${limit.verb} ${quoted(limit.uri)}`;
  let program: Program;
  try {
    if (steps.left <= 0) throw new ExpressionError('the expressions before it take long enough');
    steps.left -= STEPS_TO_COMPILE;
    program = compileExpression(limit.regex);
    steps.left -= STEPS_AN_INSTRUCTION * program.size;
  } catch (error) {
    problem(`${name} is not used (${(error as Error).message}); its uri is used`);
    return uri;
  }
  const isSound = matchesSample(program, limit.uri, steps);
  if (!isSound) problem(`${name} does not match that uri; its uri is used as well`);
  const slow = () => problem(`${name} takes too long for some paths; its uri is used for them`);
  return new ExpressionPattern(program, uri, isSound, slow);
}

/** A limit without an expression, or with one that cannot be used: its wild-card uri. */
class UriPattern implements LimitPattern {
  readonly #parts: readonly string[];

  /** A leading `*` is dropped before a slash; the rest is a prefix in which `*` and `{id}` stand for anything. */
  constructor(uri: string) {
    this.#parts = wildCard(uri)
      .replace(/^\*(?=\/|$)/, '')
      .split('*')
      .filter((part, index) => index === 0 || part !== '');
  }

  matchesPath({ path, fullPath }: LimitTarget): boolean {
    return this.#begins(path) || this.#begins(fullPath);
  }

  matchesQuery({ path, fullPath, query }: LimitTarget): boolean {
    return query !== '' && (this.#begins(`${path}?${query}`) || this.#begins(`${fullPath}?${query}`));
  }

  #begins(text: string): boolean {
    const [first, ...rest] = this.#parts;
    if (!text.startsWith(first!)) return false;
    let at = first!.length;
    for (const part of rest) {
      // The first place is the best: it leaves most for what follows.
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return true;
  }
}

/** A limit with an expression. */
class ExpressionPattern implements LimitPattern {
  readonly #program: Program;
  readonly #uri: UriPattern;
  /** Whether the expression alone decides. */
  readonly #isSound: boolean;
  readonly #slow: () => void;

  constructor(program: Program, uri: UriPattern, isSound: boolean, slow: () => void) {
    this.#program = program;
    this.#uri = uri;
    this.#isSound = isSound;
    this.#slow = slow;
  }

  matchesPath(target: LimitTarget, steps: StepBudget): boolean {
    if (!this.#isSound && this.#uri.matchesPath(target)) return true;
    return searchTarget(this.#program, target, '', steps) ?? this.#undecided(this.#uri.matchesPath(target));
  }

  matchesQuery(target: LimitTarget, steps: StepBudget): boolean {
    if (target.query === '') return false;
    if (!this.#isSound && this.#uri.matchesQuery(target)) return true;
    const found = searchTarget(this.#program, target, `?${target.query}`, steps);
    return found ?? this.#undecided(this.#uri.matchesQuery(target));
  }

  #undecided(byUri: boolean): boolean {
    this.#slow();
    return byUri;
  }
}

/** What one expression may take of the steps, so that a costly one leaves some to the others. */
const MOST_STEPS_EACH = 150_000;

/** Looks for the expression in what follows the tenant and in the whole path at once, with what follows the path. */
function searchTarget(
  program: Program,
  { path, fullPath }: LimitTarget,
  behind: string,
  steps: StepBudget,
): boolean | undefined {
  if (steps.left <= 0) return undefined;
  const ends = behind === '' ? [fullPath.length] : [fullPath.length, fullPath.length + behind.length];
  const text = `${fullPath}${behind}`;
  const share = Math.min(steps.left, MOST_STEPS_EACH);
  const own = { left: share };
  const found = search(program, { text, begins: [0, fullPath.length - path.length], ends }, own);
  steps.left -= share - own.left;
  return found;
}

/** What compiling takes, in steps of a search, beside what each instruction takes. */
const STEPS_TO_COMPILE = 200;
const STEPS_AN_INSTRUCTION = 10;
/** What one expression may take of the steps there are. */
const MOST_SAMPLE_STEPS = 20_000;

/** Roots that a path may have at an upstream: versions and tenants as the guide and as Nova write them. */
const SAMPLE_ROOTS = [
  '',
  ...['7142', '0123456789abcdef0123456789abcdef'].flatMap((tenant) =>
    ['v2', 'v2.1', 'v1.0', 'v1.1', 'v2.0', 'v3'].map((version) => `/${version}/${tenant}`),
  ),
];

/** Whether an expression is seen to match its own limit's uri, wherever that may stand. */
function matchesSample(program: Program, uri: string, all: StepBudget): boolean {
  const share = Math.min(all.left, MOST_SAMPLE_STEPS);
  const steps = { left: share };
  const isMatch = samplesOf(uri).some(({ path, query }) =>
    SAMPLE_ROOTS.some((root) => {
      const target = { path, fullPath: `${root}${path}`, query };
      const behind = query === '' ? '' : `?${query}`;
      return steps.left > 0 && searchTarget(program, target, behind, steps) === true;
    }),
  );
  all.left -= share - steps.left;
  return isMatch;
}

/** What a `*` of a uri may stand for: nothing, a name, or, in a uri that is all of it, a path there is everywhere. */
const SAMPLES = ['', '7', 'servers', 'images', 'flavors'];

/** Requests that a uri is about; what does not begin a path may stand in a query. */
function samplesOf(uri: string): { path: string; query: string }[] {
  return SAMPLES.flatMap((sample) => {
    const text = wildCard(uri).replaceAll('*', sample);
    const path = { path: text.startsWith('/') ? text : `/${text}`, query: '' };
    return /^\*[^/]/.test(uri) ? [path, { path: '/servers', query: `${text}=7` }] : [path];
  });
}

/** Some uris name what varies: `/servers/{id}`. */
function wildCard(uri: string): string {
  return uri.replace(/\{[^{}]*\}/g, '*');
}

/** Outside text for the log. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}
