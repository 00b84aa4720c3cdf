import { coerceText } from './coerce.ts';
import type { Problem } from './problem.ts';
import { type SchemaNode, schemasAt } from './schema-walk.ts';
import { isRecord } from './tree.ts';

/** The process's environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

// biome-ignore lint/suspicious/noTemplateCurlyInString: this is how a reference is written
const ACCEPTED_REFERENCES = '${NAME}, ${NAME:-default}, or $${ for a plain ${';
const REFERENCE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$\{/g;

/**
 * Replaces `${NAME}` and `${NAME:-default}` in every string of `tree`; as in a shell, an empty variable takes the default
 * too. `$${` is a plain `${`. A value whose variable is missing is left out and reported under its own key.
 */
export function interpolate(
  tree: unknown,
  schema: SchemaNode,
  env: Environment,
): { tree: unknown; problems: Problem[] } {
  const problems: Problem[] = [];
  const visit = (value: unknown, path: readonly string[]): unknown => {
    if (typeof value === 'string') return replaceIn(value, path);
    if (Array.isArray(value)) return value.map((item, index) => visit(item, [...path, String(index)]));
    if (!isRecord(value)) return value;
    const members = Object.entries(value).map(
      ([key, member]) => [key, visit(member, [...path, key])] as const,
    );
    return Object.fromEntries(members.filter(([, member]) => member !== undefined));
  };
  const replaceIn = (text: string, path: readonly string[]): unknown => {
    const result = replaceReferences(text, env);
    if ('text' in result)
      return result.replaced ? coerceText(result.text, schemasAt(schema, path)) : result.text;
    problems.push({ path, text: result.problem });
    return undefined;
  };
  return { tree: visit(tree, []), problems };
}

/** What a text says itself: without what variables put in, which is not written there. A default is. */
export function withoutReferences(text: string): string {
  return text.replace(REFERENCE, (found, name: string | undefined, fallback: string | undefined) =>
    name === undefined ? found : (fallback ?? ''),
  );
}

function replaceReferences(
  text: string,
  env: Environment,
): { text: string; replaced: boolean } | { problem: string } {
  let problem: string | undefined;
  let replaced = false;
  const result = text.replace(REFERENCE, (found, name: string | undefined, fallback: string | undefined) => {
    if (found === '$${') return '${';
    if (name === undefined)
      problem ??= `holds a \${ that opens no reference, accepted: ${ACCEPTED_REFERENCES}`;
    replaced = true;
    const value = name === undefined ? undefined : env[name];
    if (fallback !== undefined) return value === undefined || value === '' ? fallback : value;
    if (value === undefined && name !== undefined) {
      problem ??= `the environment has no variable ${name}, accepted: set it, or write \${${name}:-default}`;
    }
    return value ?? '';
  });
  return problem === undefined ? { text: result, replaced } : { problem };
}
