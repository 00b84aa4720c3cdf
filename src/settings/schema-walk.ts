import { isRecord } from './tree.ts';

/** A JSON Schema node as far as this folder reads it; outside normal-form.ts always in normal form. */
export interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: boolean | SchemaNode;
  readonly items?: SchemaNode;
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly pattern?: string;
  /** What the pattern takes, in words. */
  readonly form?: string;
  readonly default?: unknown;
  readonly description?: string;
  readonly secret?: boolean;
  /** Nobody writes it: it is what another key is made into. */
  readonly internal?: boolean;
}

/** The kinds a node takes: its own, and those of its alternatives. */
export function kindsOf(schema: SchemaNode): string[] {
  const own = schema.type === undefined ? [] : [schema.type].flat();
  return [...new Set([...own, ...alternatives(schema).flatMap(kindsOf)])];
}

/** The alternatives of a union, or none. */
export function alternatives(schema: SchemaNode): readonly SchemaNode[] {
  return schema.anyOf ?? schema.oneOf ?? [];
}

/** The schemas of a member of a value: a key of an object or an index of an array, over all alternatives. */
export function membersAt(schema: SchemaNode, key: string): SchemaNode[] {
  const own: SchemaNode[] = [];
  const named = schema.properties?.[key];
  if (named !== undefined && Object.hasOwn(schema.properties!, key)) own.push(named);
  else own.push(...patternMembers(schema, key));
  if (schema.items !== undefined && /^\d+$/.test(key)) own.push(schema.items);
  return [...own, ...alternatives(schema).flatMap((choice) => membersAt(choice, key))];
}

function patternMembers(schema: SchemaNode, key: string): SchemaNode[] {
  const byPattern = Object.entries(schema.patternProperties ?? {})
    .filter(([pattern]) => new RegExp(pattern).test(key))
    .map(([, member]) => member);
  if (byPattern.length > 0) return byPattern;
  return isRecord(schema.additionalProperties) ? [schema.additionalProperties as SchemaNode] : [];
}

/** The schemas that speak about the value at `path`; none when no setting can be there. */
export function schemasAt(root: SchemaNode, path: readonly string[]): SchemaNode[] {
  return path.reduce<SchemaNode[]>((nodes, key) => nodes.flatMap((node) => membersAt(node, key)), [root]);
}

/** The names of the keys an object may have, over all alternatives. */
export function keysOf(schema: SchemaNode): string[] {
  const own = Object.entries(schema.properties ?? {}).filter(([, { internal }]) => internal !== true);
  return [...new Set([...own.map(([key]) => key), ...alternatives(schema).flatMap(keysOf)])];
}
