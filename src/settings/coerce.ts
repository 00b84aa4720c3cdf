import { alternatives, kindsOf, type SchemaNode } from './schema-walk.ts';

const NUMBER = /^-?\d+(\.\d+)?$/;

/**
 * Text from the environment as the kind the setting wants: `"8080"` for a port is 8080. Text that does not fit stays text,
 * for the check to name it. A list of words or numbers is written with commas.
 */
export function coerceText(text: string, schemas: readonly SchemaNode[]): unknown {
  const kinds = new Set(schemas.flatMap(kindsOf));
  const trimmed = text.trim();
  if (kinds.has('null') && (trimmed === '' || trimmed === 'null')) return null;
  if (kinds.has('boolean') && (trimmed === 'true' || trimmed === 'false')) return trimmed === 'true';
  if ((kinds.has('integer') || kinds.has('number')) && NUMBER.test(trimmed)) return Number(trimmed);
  if (kinds.has('array') && !takesText(trimmed, schemas)) return coerceList(trimmed, schemas);
  return text;
}

/** Whether the text itself may be the value: any, or one of the words that are taken in place of a list. */
function takesText(text: string, schemas: readonly SchemaNode[]): boolean {
  return schemas
    .flatMap((schema) => [schema, ...alternatives(schema)])
    .filter(({ type }) => [type].flat().includes('string'))
    .some((schema) => schema.enum === undefined || schema.enum.includes(text));
}

function coerceList(text: string, schemas: readonly SchemaNode[]): unknown[] {
  const items = schemas.flatMap((schema) => [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]);
  const members = items.flatMap((schema) => (schema.items === undefined ? [] : [schema.items]));
  if (text === '') return [];
  return text.split(',').map((word) => coerceText(word.trim(), members));
}
