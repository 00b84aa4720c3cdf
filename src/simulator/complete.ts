import type { TSchema } from '@sinclair/typebox';
import { checkOf, type Misfit } from '../settings/check.ts';
import type { SchemaNode } from '../settings/schema-walk.ts';

/** Fills the defaults of a schema into a value, in place; what is wrong with it, nothing when all is well. */
export type Complete = (value: unknown) => readonly Misfit[];

/** Makes one for a schema as it is written, not in normal form. */
export const completing = (schema: TSchema): Complete => checkOf(schema as unknown as SchemaNode);
