import { createRequire } from 'node:module';
import type { ErrorObject, Options, ValidateFunction } from 'ajv';
import type { SchemaNode } from './schema-walk.ts';

/** ajv, loaded by the first check that is made here: a start whose checks the build has made does not wait for it. */
const library = (): typeof import('ajv') => createRequire(import.meta.url)('ajv');

/** How checks are made, here and by the build (bin/prepared-check.mjs). The schemas are our own: nobody has to check them. */
export const CHECK_OPTIONS: Options = {
  allErrors: true,
  useDefaults: true,
  strict: false,
  meta: false,
  validateSchema: false,
};

/** What is wrong with a value, in ajv's words. */
export type Misfit = ErrorObject;

/** Fills the defaults of a schema into a value, in place, and says all that is wrong with it. */
export interface Check {
  (value: unknown): readonly Misfit[];
  readonly schema: SchemaNode;
}

/**
 * The check of a schema. It is made at its first use, and once: that takes longer than a process that serves may be held up.
 */
export function checkOf(schema: SchemaNode): Check {
  let made: ValidateFunction | undefined;
  return checkBy(schema, () => {
    made ??= new (library().Ajv)(CHECK_OPTIONS).compile(schema);
    return made;
  });
}

/** A check whose code somebody makes, or has made. */
export function checkBy(schema: SchemaNode, code: () => ValidateFunction): Check {
  const check = (value: unknown): readonly Misfit[] => {
    const validate = code();
    return validate(value) ? [] : (validate.errors ?? []);
  };
  return Object.assign(check, { schema });
}
