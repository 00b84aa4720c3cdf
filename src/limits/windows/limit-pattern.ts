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
  matchesPath(target: LimitTarget): boolean;
  /** Whether paths with the query behind them do (some servers match those, for `changes-since`). */
  matchesQuery(target: LimitTarget): boolean;
  /** Why the published regex was not used; undefined when it was, or when there was none. */
  readonly problem: string | undefined;
}

/**
 * Compiles a limit. Servers disagree about what their regex is held against (the whole decoded path, or what follows the
 * tenant as guide 1.8.1 says, or either with the query), and whether it is anchored. Each form that matches charges:
 * a slot too many costs a little throughput, one too few costs a 413.
 */
export function compileLimitPattern(limit: PublishedLimit): LimitPattern {
  const { regex, problem } = compile(limit);
  return {
    problem,
    matchesPath: ({ path, fullPath }) => regex.test(path) || regex.test(fullPath),
    matchesQuery: ({ path, fullPath, query }) =>
      query !== '' && (regex.test(`${path}?${query}`) || regex.test(`${fullPath}?${query}`)),
  };
}

function compile(limit: PublishedLimit): { regex: RegExp; problem: string | undefined } {
  if (limit.regex === undefined) return { regex: uriRegex(limit.uri), problem: undefined };
  const [source, flags] = limit.regex.startsWith('(?i)') ? [limit.regex.slice(4), 'i'] : [limit.regex, ''];
  try {
    return { regex: new RegExp(source, flags), problem: undefined };
  } catch (error) {
    const problem = `the regex ${JSON.stringify(limit.regex)} of ${limit.verb} ${limit.uri} does not compile (${(error as Error).message}); its uri is used`;
    return { regex: uriRegex(limit.uri), problem };
  }
}

/** A wild-card uri as a regex: a leading `*` is dropped before a slash, the rest is a prefix in which `*` stands for anything. */
function uriRegex(uri: string): RegExp {
  const prefix = uri.replace(/^\*(?=\/|$)/, '').replace(/\*+$/, '');
  return new RegExp(`^${prefix.split('*').map(escapeRegex).join('.*')}`);
}

function escapeRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
