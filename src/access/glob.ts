/** The only sign with a meaning: any letters, none included. */
const ANY = '*';

/** Whether a pattern has anything that could match several texts. */
export function isGlob(pattern: string): boolean {
  return pattern.includes(ANY);
}

/**
 * Whether `text` is what `pattern` means, where `*` stands for any letters. No regular expression: the parts between the
 * stars are sought from left to right, each once, so that no pattern can make this slow.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  const parts = pattern.split(ANY);
  if (parts.length === 1) return pattern === text;
  const first = parts[0]!;
  const last = parts.at(-1)!;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= text.length - last.length;
}
