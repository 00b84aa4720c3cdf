import type { TSchema } from '@sinclair/typebox';
import type { SchemaNode } from './schema-walk.ts';

/**
 * The schema with the same meaning in one form, whoever wrote its parts: a union with null becomes a second type, a union
 * of words an `enum`, so that a problem is one line and defaults inside are filled (ajv fills none below `anyOf`); and a
 * mapping that must be there gets an empty default, so that a part left out as a whole is filled too.
 */
export const normalForm = (schema: TSchema): SchemaNode => normal(schema as unknown as SchemaNode);

function normal(schema: SchemaNode): SchemaNode {
  const { anyOf, ...own } = schema;
  if (anyOf !== undefined) return normalUnion(own, anyOf.map(normal));
  return {
    ...schema,
    ...(schema.properties === undefined ? {} : { properties: normalProperties(schema) }),
    ...(schema.items === undefined ? {} : { items: normal(schema.items) }),
    ...('const' in schema ? { enum: [schema.const] } : {}),
  };
}

function normalProperties({ properties, required }: SchemaNode): Record<string, SchemaNode> {
  const members = Object.entries(properties!).map(([key, member]) => {
    const form = normal(member);
    const isFillable =
      form.type === 'object' && form.default === undefined && required?.includes(key) === true;
    return [key, isFillable ? { ...form, default: {} } : form] as const;
  });
  return Object.fromEntries(members);
}

function normalUnion(own: SchemaNode, choices: readonly SchemaNode[]): SchemaNode {
  const values = choices.filter((choice) => choice.type !== 'null');
  const [value, ...others] = values;
  if (value === undefined) return { ...own, type: 'null' };
  const nulls = values.length < choices.length ? ['null'] : [];
  if (others.length === 0) return { ...value, ...own, type: [...[value.type ?? []].flat(), ...nulls] };
  if (values.every((choice) => choice.enum !== undefined)) {
    const words = [...values.flatMap((choice) => choice.enum!), ...(nulls.length > 0 ? [null] : [])];
    return {
      ...own,
      type: [...new Set(values.flatMap((choice) => choice.type ?? [])), ...nulls],
      enum: words,
    };
  }
  return { ...own, anyOf: choices };
}
