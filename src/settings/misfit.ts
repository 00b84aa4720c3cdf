import type { Misfit } from './check.ts';
import type { SchemaNode } from './schema-walk.ts';

/** What is wrong with a value, with that value and the schema that says so. */
export interface Located extends Misfit {
  readonly data: unknown;
  /** The schema of the value, one of whose keywords it does not fit. */
  readonly parent: SchemaNode;
}

/**
 * Finds what a misfit is about. Checks that carry this in their code take twice as long to make and to load, and hardly ever
 * is anything wrong.
 */
export function locate(misfit: Misfit, tree: unknown, schema: SchemaNode): Located {
  const { instancePath, schemaPath } = misfit;
  const [, ...keywords] = schemaPath.split('/').map((part) => decodeURIComponent(part));
  return {
    ...misfit,
    data: at(tree, instancePath.split('/').slice(1)),
    parent: at(schema, keywords.slice(0, -1)) as SchemaNode,
  };
}

function at(value: unknown, pointer: readonly string[]): unknown {
  return pointer.reduce((inner, key) => (inner as Record<string, unknown>)[unescapePointer(key)], value);
}

/** A key as a JSON pointer spells it (RFC 6901). */
export function unescapePointer(key: string): string {
  return key.replaceAll('~1', '/').replaceAll('~0', '~');
}
