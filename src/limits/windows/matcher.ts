import { LRUCache } from 'lru-cache';
import { Lane } from '../queue/limit-queue.ts';
import { compileLimitPattern, type LimitPattern, type LimitTarget } from './limit-pattern.ts';
import type { Window } from './window.ts';

/** Paths whose lane is remembered per method; ids make paths many, so the oldest go. */
const MOST_PATHS = 8192;

interface Rule {
  readonly window: Window;
  readonly pattern: LimitPattern;
}

/** What is known about a path: its lane, and the rules that a query may still add. */
interface PathVerdict {
  readonly lane: Lane;
  readonly matched: readonly Rule[];
  readonly unmatched: readonly Rule[];
}

/** Finds the windows a request is charged to; regular expressions run only when a path is first seen. */
export class Matcher {
  readonly #rules: readonly Rule[];
  readonly #lanes = new Map<string, Lane>();
  readonly #byMethod = new Map<string, LRUCache<string, PathVerdict>>();
  readonly #withQuery = new LRUCache<string, Lane>({ max: MOST_PATHS });
  /** Published expressions that could not be used, for the log. */
  readonly problems: readonly string[];

  constructor(windows: readonly Window[]) {
    this.#rules = windows.map((window) => ({ window, pattern: compileLimitPattern(window.limit) }));
    this.problems = this.#rules.flatMap(({ pattern }) => pattern.problem ?? []);
  }

  /** The lane of a request. */
  find(method: string, target: LimitTarget): Lane {
    const verdict = this.#verdict(method, target);
    if (target.query === '' || verdict.unmatched.length === 0) return verdict.lane;
    const key = `${method} ${target.fullPath}?${target.query}`;
    const known = this.#withQuery.get(key);
    if (known) return known;
    const added = verdict.unmatched.filter(({ pattern }) => pattern.matchesQuery(target));
    const lane = added.length === 0 ? verdict.lane : this.#lane([...verdict.matched, ...added]);
    this.#withQuery.set(key, lane);
    return lane;
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
    return { lane: this.#lane(matched), matched, unmatched };
  }

  #lane(rules: readonly Rule[]): Lane {
    const windows = this.#rules.filter((rule) => rules.includes(rule)).map(({ window }) => window);
    const key = windows.map((window) => window.key).join('\n');
    let lane = this.#lanes.get(key);
    if (!lane) {
      lane = new Lane(windows);
      this.#lanes.set(key, lane);
    }
    return lane;
  }
}

function concerns(verb: string, method: string): boolean {
  return verb === 'ALL' || verb === method;
}
