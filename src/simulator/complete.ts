import type { Static, TSchema } from '@sinclair/typebox';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';

/** Fills the defaults of a schema into a value, in place; what is wrong with it, nothing when all is well. */
export type Complete = (value: unknown) => readonly ErrorObject[];

/**
 * Makes one for a schema. It is compiled at its first use: that takes longer than loading all of the simulator, which every
 * gateway that reads its own settings would otherwise wait for.
 */
export function completing<S extends TSchema>(schema: S): Complete {
  let check: ValidateFunction<Static<S>> | undefined;
  return (value) => {
    check ??= new Ajv({ useDefaults: true, allErrors: true, strict: false }).compile<Static<S>>(schema);
    return check(value) ? [] : (check.errors ?? []);
  };
}
