import type { FastifyServerOptions } from 'fastify';
import { checkOf } from '../settings/check.ts';
import type { SchemaNode } from '../settings/schema-walk.ts';

/**
 * What Fastify compiles schemas with. Bodies are checked as settings are, by what is made at its first use; Fastify's own
 * compilers would be loaded, and put to work, before a listener is ready. Answers have no schemas.
 */
export const SCHEMA_COMPILERS = {
  compilersFactory: {
    buildValidator: () => validatorOf,
    buildSerializer: () => () => JSON.stringify,
  },
  // Fastify's types ask for functions of ajv's own making, of which it uses none of the members.
} as unknown as NonNullable<FastifyServerOptions['schemaController']>;

function validatorOf({ schema }: { schema: SchemaNode }) {
  const check = checkOf(schema);
  return (value: unknown) => {
    const misfits = check(value);
    return misfits.length === 0 ? { value } : { error: misfits };
  };
}
