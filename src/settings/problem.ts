/** One thing that is wrong with a configuration. `text` never holds a value that could be a secret. */
export interface Problem {
  /** Keys from the root to the setting; empty for the whole. */
  readonly path: readonly string[];
  /** What is wrong and what is accepted. */
  readonly text: string;
}

/** The line a person reads: `path.to.key: what is wrong, what is accepted`. */
export function formatProblem({ path, text }: Problem): string {
  return path.length === 0 ? text : `${path.map(onOneLine).join('.')}: ${text}`;
}

/** A key may be any text; a line break in one must not look like the next problem. */
const onOneLine = (key: string): string =>
  key.replace(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1));

/** Whether `path` is `prefix` or below it. */
export function isUnder(path: readonly string[], prefix: readonly string[]): boolean {
  return prefix.every((key, index) => path[index] === key);
}
