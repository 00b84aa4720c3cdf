/**
 * The one spelling of a request's path and query. Whatever reads a request (routing, the match of its operation, the
 * cache's key, limits, invalidation, the region) reads this spelling, so that no two of them can take it for different
 * things. Pure.
 *
 * Percent-encoding follows RFC 3986, section 6.2.2: a character that need not be encoded is not, hexadecimal digits are
 * upper case. `;` and `+` are a name's characters to some servers, and a parameter's beginning or a blank to others. In a
 * path they are always encoded, which all servers read alike. In a query each stays as it was written: old servers take
 * `;` for a separator, so that `a;b` and `a%3Bb` are two queries.
 */

/** A request line's target in its two parts, as the caller wrote them. */
export interface RawTarget {
  /** From its first slash on; `/` where there is none. */
  readonly path: string;
  /** Without `?`. */
  readonly query: string;
}

/** Splits a request line's target; the absolute form (RFC 9112, section 3.2.2) is accepted. */
export function splitUrl(url: string): RawTarget {
  const origin = url.startsWith('/') ? 0 : pathStart(url);
  const mark = url.indexOf('?', origin);
  const path = mark < 0 ? url.slice(origin) : url.slice(origin, mark);
  return { path: path === '' ? '/' : path, query: mark < 0 ? '' : url.slice(mark + 1) };
}

function pathStart(url: string): number {
  const authority = url.indexOf('://');
  const slash = authority < 0 ? -1 : url.indexOf('/', authority + 3);
  return slash < 0 ? url.length : slash;
}

/** Segments of nothing but what is never encoded, none of which begins with a dot: most paths are canonical already. */
const PLAIN_PATH = /^(?:\/[\w~\-:@!$&'()*,=][\w~\-.:@!$&'()*,=]*)+$/;
/** Characters that mean themselves in a path, encoded or not. */
const PATH_CHARACTERS = /[\w~\-.:@!$&'()*,=]/;
/** The path's own character, which an encoded one never stands for. */
const PATH_MARKS = /\//;

/**
 * A path in its one spelling: doubled slashes are one, and none stands at the end.
 *
 * @returns undefined when it is no valid percent-encoding of UTF-8, or holds what no path can
 */
export function canonicalPath(path: string): string | undefined {
  if (PLAIN_PATH.test(path)) return path;
  const spelled = respell(path, PATH_CHARACTERS, PATH_MARKS);
  if (spelled === undefined) return undefined;
  const collapsed = spelled.includes('//') ? spelled.replace(/\/{2,}/g, '/') : spelled;
  return collapsed.length > 1 && collapsed.endsWith('/') ? collapsed.slice(0, -1) : collapsed;
}

const PLAIN_QUERY = /^[\w~\-.:@!$'()*,/?&=;+]*$/;
const QUERY_CHARACTERS = /[\w~\-.:@!$'()*,/?]/;
/** What these mean depends on whether they are encoded. */
const QUERY_MARKS = /[&=;+]/;

/**
 * A query in its one spelling, every parameter where it stands.
 *
 * @returns undefined when it is no valid percent-encoding of UTF-8, or holds what no query can
 */
export function canonicalQuery(query: string): string | undefined {
  return PLAIN_QUERY.test(query) ? query : respell(query, QUERY_CHARACTERS, QUERY_MARKS);
}

/** A path's segment that stands for this text, in the one spelling. */
export function canonicalSegment(text: string): string {
  return respell(encodeURIComponent(text), PATH_CHARACTERS, PATH_MARKS)!;
}

/** A character that is encoded, or may have to be. */
const SPELLED = /%[0-9A-Fa-f]{2}|[^\w~\-.]/g;

/** Each character of a request line is a byte. */
function respell(text: string, plain: RegExp, marks: RegExp): string | undefined {
  if (/[#\0-\x20\x7f]|[^\0-\xff]|%(?![0-9A-Fa-f]{2})/.test(text)) return undefined;
  const spelled = text.replace(SPELLED, (found) => {
    if (found.length === 1) return plain.test(found) || marks.test(found) ? found : encodedByte(found);
    const decoded = String.fromCharCode(Number.parseInt(found.slice(1), 16));
    return plain.test(decoded) ? decoded : found.toUpperCase();
  });
  return isUtf8(spelled) ? spelled : undefined;
}

const encodedByte = (character: string): string =>
  `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;

function isUtf8(spelled: string): boolean {
  if (!spelled.includes('%')) return true;
  try {
    decodeURIComponent(spelled);
    return true;
  } catch {
    return false;
  }
}

/** A server decodes once; what stands behind it may do so again. */
const MOST_DECODINGS = 3;

/**
 * `.` or `..` between slashes of either kind, alone or before what some servers cut off a segment: parameters (`..;`), or
 * what they take for the beginning of a query, a fragment, or the end of a text.
 */
const DOT_SEGMENT = /(?:^|[/\\])\.{1,2}(?:[;?#\0][^/\\]*)?(?:[/\\]|$)/;

/** True for a path that leads elsewhere once a server resolves it: with dot segments, however often they are encoded. */
export function hasDotSegment(path: string): boolean {
  if (!/[.%]/.test(path)) return false;
  let text = path;
  for (let decodings = 0; decodings <= MOST_DECODINGS; decodings++) {
    if (DOT_SEGMENT.test(text)) return true;
    if (!text.includes('%')) return false;
    text = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  }
  return false;
}

/** `..` that comes out once the format suffix of a path is cut off: `/servers/...xml`. */
const DOTS_BEFORE_SUFFIX = /\/\.{1,2}(?:\.(?:json|xml))+$/;

/**
 * True for a canonical path that could lead out of the tenant it names: with dot segments, or with a backslash or a NUL,
 * which some servers take for a slash and an end. No path of the API has them.
 */
export function hasTraversal(path: string): boolean {
  return /%5C|%00/.test(path) || DOTS_BEFORE_SUFFIX.test(path) || hasDotSegment(path);
}

/**
 * True for what a caller wrote below another service, if it could lead out of that service's root. Names of objects may
 * hold backslashes, dots and encoded slashes of their own; a NUL ends a path for some servers and no service has one.
 */
export function hasServiceTraversal(path: string): boolean {
  return path.includes('%00') || hasDotSegment(path);
}
