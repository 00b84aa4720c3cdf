/** What proxies write about the request they hand on: `Forwarded` (RFC 7239) and `X-Forwarded-For`. Pure, and linear. */
import { isIP } from 'node:net';

/** What one proxy says about whoever it had the request from. */
export interface ForwardedHop {
  /** Undefined: it does not say (`unknown`, `_hidden`), or not an address. */
  readonly address: string | undefined;
  readonly proto: 'http' | 'https' | undefined;
  readonly host: string | undefined;
}

const MOST_HOPS = 32;
const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/;

/**
 * The hops of a `Forwarded` header, the caller's first; undefined for a header that is malformed anywhere, none of which is
 * believed then. Of more than 32 the nearest.
 */
export function parseForwarded(text: string): ForwardedHop[] | undefined {
  const elements = readElements(text);
  return elements?.slice(-MOST_HOPS).map((pairs) => {
    const proto = pairs.get('proto')?.toLowerCase();
    return {
      address: parseForwardedFor(pairs.get('for') ?? ''),
      proto: proto === 'http' || proto === 'https' ? proto : undefined,
      host: pairs.get('host'),
    };
  });
}

/** Section 4: elements separated by commas, pairs by semicolons, values as tokens or quoted; no name twice in an element. */
function readElements(text: string): Map<string, string>[] | undefined {
  const elements: Map<string, string>[] = [];
  let pairs = new Map<string, string>();
  let at = skipBlanks(text, 0);
  while (at < text.length) {
    const nameEnd = tokenEnd(text, at);
    const name = text.slice(at, nameEnd).toLowerCase();
    if (name === '' || text[nameEnd] !== '=' || pairs.has(name)) return undefined;
    const value = readValue(text, nameEnd + 1);
    if (value === undefined) return undefined;
    pairs.set(name, value.text);
    at = skipBlanks(text, value.end);
    const separator = text[at];
    if (separator !== undefined && separator !== ',' && separator !== ';') return undefined;
    if (separator !== ';') {
      elements.push(pairs);
      pairs = new Map();
    }
    at = skipBlanks(text, at + 1);
  }
  return pairs.size === 0 ? elements : undefined;
}

function readValue(text: string, start: number): { text: string; end: number } | undefined {
  if (text[start] !== '"') {
    const end = tokenEnd(text, start);
    return end === start ? undefined : { text: text.slice(start, end), end };
  }
  let value = '';
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '"') return { text: value, end: at + 1 };
    if (text[at] === '\\') at++;
    value += text[at] ?? '';
  }
  return undefined;
}

function tokenEnd(text: string, start: number): number {
  let end = start;
  while (end < text.length && TOKEN.test(text[end]!)) end++;
  return end;
}

function skipBlanks(text: string, start: number): number {
  let at = start;
  while (text[at] === ' ' || text[at] === '\t') at++;
  return at;
}

/** The address of a node, `192.0.2.1:80`, `[2001:db8::1]:80` or without a port; undefined when it is none. */
export function parseForwardedFor(node: string): string | undefined {
  const bracketed = /^\[([^\]]{2,45})\](?::\d{1,5})?$/.exec(node)?.[1];
  if (bracketed !== undefined) return isIP(bracketed) === 6 ? bracketed : undefined;
  if (isIP(node) !== 0) return node;
  const withoutPort = /^([\d.]{7,15}):\d{1,5}$/.exec(node)?.[1];
  return withoutPort !== undefined && isIP(withoutPort) === 4 ? withoutPort : undefined;
}
