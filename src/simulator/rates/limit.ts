/** Units of a rate limit and their lengths in ms (guide section 1.8.1; real accounts use all four). */
export const UNIT_MS = { SECOND: 1000, MINUTE: 60_000, HOUR: 3_600_000, DAY: 86_400_000 } as const;

export type RateUnit = keyof typeof UNIT_MS;

/** One published rate limit: `value` requests of `verb` per `unit` for what `regex` matches. */
export interface RateLimit {
  /** An HTTP method, or `ALL`. */
  readonly verb: string;
  /** The form for people, `*` or `/servers`. */
  readonly uri: string;
  /** The form for machines; null: made from `uri`. */
  readonly regex: string | null;
  /** Requests per unit; 0 forbids. */
  readonly value: number;
  readonly unit: RateUnit;
}

/** What is charged: a request as the limits see it. */
export interface RatedRequest {
  readonly method: string;
  /** Path below the tenant, `/servers/detail`. */
  readonly path: string;
  /** The whole path, `/v2/424242/servers/detail`. */
  readonly fullPath: string;
  /** Query without the question mark, `changes-since=…`. */
  readonly query: string;
}

/** A limit made ready: the text its regex captured, or null when the request is none of its business. */
export interface CompiledLimit {
  readonly limit: RateLimit;
  /** The regex as published. */
  readonly regex: string;
  readonly unitMs: number;
  /** @returns what the groups captured, joined (Repose counts apart for each capture); null: no match */
  capture(request: RatedRequest): string | null;
}

/** The published regex of a limit that configures none: `*` is everything, `/servers` is that path and what is below. */
export function regexOf(limit: RateLimit): string {
  if (limit.regex !== null) return limit.regex;
  const escaped = limit.uri.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
  if (!escaped.includes('*')) return escaped === '' ? '.*' : `^${escaped}`;
  return escaped === '*' ? '.*' : escaped.replace(/^\*/, '').replaceAll('*', '.*');
}

/**
 * Makes a limit ready to be matched. The regex may mean the path after the tenant (the guide), the whole path (Repose), or
 * path and query (`changes-since`): a match of any charges. One that does not compile, such as the unbalanced one of
 * Example 1.23, is published as it is and enforced as a prefix made of `uri`.
 */
export function compileLimit(limit: RateLimit): CompiledLimit {
  const regex = regexOf(limit);
  const expression = compile(regex) ?? compile(regexOf({ ...limit, regex: null }))!;
  const verb = limit.verb.toUpperCase();
  return {
    limit,
    regex,
    unitMs: UNIT_MS[limit.unit],
    capture(request) {
      const method = request.method === 'HEAD' && verb === 'GET' ? 'GET' : request.method;
      if (verb !== 'ALL' && verb !== method) return null;
      return captured(expression, request);
    },
  };
}

function compile(regex: string): RegExp | undefined {
  try {
    return new RegExp(regex);
  } catch {
    return undefined;
  }
}

function captured(expression: RegExp, request: RatedRequest): string | null {
  const query = request.query === '' ? '' : `?${request.query}`;
  for (const text of [request.path, request.fullPath, request.path + query]) {
    const found = expression.exec(text);
    if (found) return found.slice(1).join('|');
  }
  return null;
}
