import { LRUCache } from 'lru-cache';
import { compileLimitPattern, type LimitPattern, type LimitTarget } from './limit-pattern.ts';
import { LimitSet } from './limit-set.ts';
import type { Window } from './window.ts';

/** Paths whose limits are remembered per method; ids make paths many, so the oldest go. */
const MOST_PATHS = 8192;

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

/** Finds the windows a request is charged to; regular expressions run only when a path is first seen. */
export class Matcher {
  readonly #rules: readonly Rule[];
  readonly #limitSets = new Map<string, LimitSet>();
  readonly #byMethod = new Map<string, LRUCache<string, PathVerdict>>();
  readonly #withQuery = new LRUCache<string, LimitSet>({ max: MOST_PATHS });
  /** Published expressions that could not be used, for the log. */
  readonly problems: readonly string[];

  constructor(windows: readonly Window[]) {
    this.#rules = windows.map((window) => ({ window, pattern: compileLimitPattern(window.limit) }));
    this.problems = this.#rules.flatMap(({ pattern }) => pattern.problem ?? []);
  }

  /** The limits a request is charged to. */
  find(method: string, target: LimitTarget): LimitSet {
    const verdict = this.#verdict(method, target);
    if (target.query === '' || verdict.unmatched.length === 0) return verdict.limitSet;
    const key = `${method} ${target.fullPath}?${target.query}`;
    const known = this.#withQuery.get(key);
    if (known) return known;
    const added = verdict.unmatched.filter(({ pattern }) => pattern.matchesQuery(target));
    const limitSet = added.length === 0 ? verdict.limitSet : this.#limitSetOf([...verdict.matched, ...added]);
    this.#withQuery.set(key, limitSet);
    return limitSet;
  }

  #verdict(method: string, target: LimitTarget): PathVerdict {
    let paths = this.#byMethod.get(method);
    if (!paths) {
      paths = new LRUCache({ max: MOST_PATHS });
      this.#byMethod.set(method, paths);
    }
    let verdict = paths.get(target.fullPath);
    if (!verdict) {
      verdict = this.#judge(method, target);
      paths.set(target.fullPath, verdict);
    }
    return verdict;
  }

  #judge(method: string, target: LimitTarget): PathVerdict {
    const candidates = this.#rules.filter(({ window }) => concerns(window.limit.verb, method));
    const matched = candidates.filter(({ pattern }) => pattern.matchesPath(target));
    const unmatched = candidates.filter((rule) => !matched.includes(rule));
    return { limitSet: this.#limitSetOf(matched), matched, unmatched };
  }

  #limitSetOf(rules: readonly Rule[]): LimitSet {
    const windows = this.#rules.filter((rule) => rules.includes(rule)).map(({ window }) => window);
    const key = windows.map((window) => window.key).join('\n');
    let limitSet = this.#limitSets.get(key);
    if (!limitSet) {
      limitSet = new LimitSet(windows);
      this.#limitSets.set(key, limitSet);
    }
    return limitSet;
  }
}

function concerns(verb: string, method: string): boolean {
  return verb === 'ALL' || verb === method;
}
