import { LRUCache } from 'lru-cache';
import type { StepBudget } from '../expressions/search.ts';
import { compileLimitPattern, type LimitPattern, type LimitTarget } from './limit-pattern.ts';
import { LimitSet } from './limit-set.ts';
import type { Window } from './window.ts';

/** What is remembered of paths, in bytes for each verb; ids make paths many, so the oldest go. */
const MOST_BYTES = 2 ** 21;
/** What an entry takes beside its text. */
const ENTRY_BYTES = 256;
/** What is longer is matched each time: one caller's long paths would drive all others out. */
const LONGEST_REMEMBERED = 2048;
/** Combinations of limits that are remembered; of the handful that there are in practice each is one. */
const MOST_COMBINATIONS = 1024;
/** Steps of all expressions for one path, and again for its query; a step takes some 15 ns. */
const MOST_STEPS = 750_000;
/** The same when all who wait are judged again, in one turn of the event loop: some 30 ms. */
export const MOST_STEPS_OF_ALL = 2_000_000;
/** Steps that all expressions may take to be compiled and found sound when limits are new; in practice it is a fiftieth of that. */
const MOST_STEPS_OF_NEW = 500_000;

interface Rule {
  readonly window: Window;
  readonly pattern: LimitPattern;
}

/** What is known about a path: its limits, and the rules that a query may still add. */
interface PathVerdict {
  readonly limitSet: LimitSet;
  readonly matched: readonly Rule[];
  readonly unmatched: readonly Rule[];
}

/** Finds the windows a request is charged to; expressions run only when a path is first seen. */
export class Matcher {
  readonly #rules: readonly Rule[];
  /** Rules by the verb they are about; under ALL those that are about every verb. */
  readonly #byVerb = new Map<string, VerbRules>();
  readonly #limitSets = new LRUCache<string, LimitSet>({ max: MOST_COMBINATIONS });
  readonly #withQuery = remember<LimitSet>();

  /** @param problem hears of each published expression that cannot be used as it is, a line for the log */
  constructor(windows: readonly Window[], problem: (line: string) => void = () => undefined) {
    const patterns = new Map<string, LimitPattern>();
    const steps: StepBudget = { left: MOST_STEPS_OF_NEW };
    this.#rules = windows.map((window) => ({ window, pattern: patternOf(window, patterns, problem, steps) }));
    for (const verb of new Set(['ALL', ...windows.map(({ limit }) => limit.verb)])) {
      const rules = this.#rules.filter(
        ({ window: { limit } }) => limit.verb === 'ALL' || limit.verb === verb,
      );
      this.#byVerb.set(verb, new VerbRules(rules, (matched) => this.#limitSetOf(matched)));
    }
  }

  /**
   * The limits a request is charged to.
   *
   * @param all steps that are left for many requests in one turn of the event loop: once they are used up, uris decide for those
   *   that are judged then, and for nobody after them
   */
  find(method: string, target: LimitTarget, all: StepBudget = { left: 2 * MOST_STEPS }): LimitSet {
    const rules = this.#byVerb.get(method) ?? this.#byVerb.get('ALL')!;
    const verdict = rules.judge(target, all);
    if (target.query === '' || verdict.unmatched.length === 0) return verdict.limitSet;
    const key = `${method} ${target.fullPath}?${target.query}`;
    const known = this.#withQuery.get(key);
    if (known) return known;
    const judged = within(all, (steps) =>
      verdict.unmatched.filter(({ pattern }) => pattern.matchesQuery(target, steps)),
    );
    const added = judged.result;
    const limitSet = added.length === 0 ? verdict.limitSet : this.#limitSetOf([...verdict.matched, ...added]);
    if (judged.isFair && key.length <= LONGEST_REMEMBERED) this.#withQuery.set(key, limitSet);
    return limitSet;
  }

  /** One set for each combination of limits, so that requests of one kind find each other. */
  #limitSetOf(rules: readonly Rule[]): LimitSet {
    const chosen = new Set(rules);
    const indexes = [...this.#rules.keys()].filter((index) => chosen.has(this.#rules[index]!));
    const key = indexes.join();
    let limitSet = this.#limitSets.get(key);
    if (!limitSet) {
      limitSet = new LimitSet(indexes.map((index) => this.#rules[index]!.window));
      this.#limitSets.set(key, limitSet);
    }
    return limitSet;
  }
}

/** The rules about one verb, and what they have said of paths. */
class VerbRules {
  readonly #rules: readonly Rule[];
  readonly #limitSetOf: (matched: readonly Rule[]) => LimitSet;
  readonly #paths = remember<PathVerdict>();
  readonly #verdicts = new LRUCache<LimitSet, PathVerdict>({ max: MOST_COMBINATIONS });

  constructor(rules: readonly Rule[], limitSetOf: (matched: readonly Rule[]) => LimitSet) {
    this.#rules = rules;
    this.#limitSetOf = limitSetOf;
  }

  judge(target: LimitTarget, all: StepBudget): PathVerdict {
    const known = this.#paths.get(target.fullPath);
    if (known) return known;
    const { result, isFair } = within(all, (steps) => this.#judgeAnew(target, steps));
    if (isFair && target.fullPath.length <= LONGEST_REMEMBERED) this.#paths.set(target.fullPath, result);
    return result;
  }

  #judgeAnew(target: LimitTarget, steps: StepBudget): PathVerdict {
    const matched: Rule[] = [];
    const unmatched: Rule[] = [];
    for (const rule of this.#rules)
      (rule.pattern.matchesPath(target, steps) ? matched : unmatched).push(rule);
    const limitSet = this.#limitSetOf(matched);
    const known = this.#verdicts.get(limitSet);
    if (known) return known;
    const verdict = { limitSet, matched, unmatched };
    this.#verdicts.set(limitSet, verdict);
    return verdict;
  }
}

/** Judges with as many steps as one path has, or what is left of all. @returns `isFair`: it had all that it wanted */
function within<T>(all: StepBudget, judge: (steps: StepBudget) => T): { result: T; isFair: boolean } {
  const share = Math.max(0, Math.min(all.left, MOST_STEPS));
  const steps: StepBudget = { left: share };
  const result = judge(steps);
  all.left -= share - steps.left;
  return { result, isFair: share === MOST_STEPS || steps.left > 0 };
}

/** Limits of several verbs and units often share an expression: it is compiled once. */
function patternOf(
  { limit }: Window,
  known: Map<string, LimitPattern>,
  problem: (line: string) => void,
  steps: StepBudget,
): LimitPattern {
  const key = `${limit.uri}\n${limit.regex ?? ''}`;
  const pattern = known.get(key) ?? compileLimitPattern(limit, problem, steps);
  known.set(key, pattern);
  return pattern;
}

function remember<T extends object>(): LRUCache<string, T> {
  return new LRUCache({
    maxSize: MOST_BYTES,
    sizeCalculation: (_value, key) => 2 * key.length + ENTRY_BYTES,
  });
}
