/** How URLs are told apart by host and path prefix, without a URL object each. */

/** Where an upstream's part of a URL ends, and the path below Sluice's base that takes its place. */
export interface Splice {
  /** Index in the text from which on the URL is kept as it is. */
  readonly keepFrom: number;
  readonly path: string;
}

/**
 * Host spellings that mean the same endpoint. Links come with either scheme: a server behind a terminating load
 * balancer speaks of `http`, one that believes X-Forwarded-Proto of `https`, each with the port it knows.
 */
export function hostsOf(origin: string): string[] {
  const { hostname, port } = new URL(origin);
  if (port !== '' && port !== '80' && port !== '443') return [`${hostname}:${port}`];
  return [hostname, `${hostname}:80`, `${hostname}:443`];
}

/** True when the text at `at` is `prefix`, or goes on below it. */
export function isUnder(prefix: string, text: string, at: number, end: number): boolean {
  const next = at + prefix.length;
  return text.startsWith(prefix, at) && next <= end && (next === end || isDelimiter(text, next));
}

export function isDelimiter(text: string, at: number): boolean {
  const char = text[at];
  return char === '/' || char === '?' || char === '#';
}
