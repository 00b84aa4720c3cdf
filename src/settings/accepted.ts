import { alternatives, kindsOf, type SchemaNode } from './schema-walk.ts';

/** What a setting takes, in words: "an integer from 0 to 65535", "one of open, keys", "text or null". */
export function acceptedBy(schema: SchemaNode): string {
  const choices = alternatives(schema);
  if (choices.length > 0) return choices.map(acceptedBy).join(' or ');
  if (schema.enum !== undefined) {
    const words = schema.enum.map(String).join(', ');
    return schema.enum.length === 1 ? words : `one of ${words}`;
  }
  return kindsOf(schema)
    .map((kind) => describeKind(kind, schema))
    .join(' or ');
}

function describeKind(kind: string, schema: SchemaNode): string {
  switch (kind) {
    case 'integer':
      return `an integer${describeBounds(schema)}`;
    case 'number':
      return `a number${describeBounds(schema)}`;
    case 'boolean':
      return 'true or false';
    case 'array':
      return schema.items === undefined ? 'a list' : `a list of ${describeItems(schema.items)}`;
    case 'object':
      return 'a mapping';
    case 'string':
      return describeText(schema);
    default:
      return kind;
  }
}

/** In words where the schema has them: an expression says to few people what is wrong. */
function describeText({ form, pattern, minLength }: SchemaNode): string {
  if (form !== undefined) return form;
  if (pattern !== undefined) return `text that matches ${pattern}`;
  return minLength !== undefined && minLength > 1 ? `text of ${minLength} characters or more` : 'text';
}

function describeItems(items: SchemaNode): string {
  return kindsOf(items).includes('object') ? 'mappings' : acceptedBy(items);
}

function describeBounds(schema: SchemaNode): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  const low = exclusiveMinimum === undefined ? bound(' of at least', minimum) : ` above ${exclusiveMinimum}`;
  const high = exclusiveMaximum === undefined ? bound(' of at most', maximum) : ` below ${exclusiveMaximum}`;
  return low !== '' && high !== '' ? `${low} and${high}` : low + high;
}

function bound(words: string, value: number | undefined): string {
  return value === undefined ? '' : `${words} ${value}`;
}
