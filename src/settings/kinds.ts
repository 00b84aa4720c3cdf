import { type SchemaOptions, type Static, type TSchema, type TUnsafe, Type } from '@sinclair/typebox';

/**
 * Kinds of settings that TypeBox would spell as a union. One `type` with an `enum` or a second type instead of `anyOf`
 * keeps a problem to one line and lets the settings table say what is accepted.
 */

/** One of a few words. */
export function Choice<const T extends string>(words: readonly T[], options: SchemaOptions = {}): TUnsafe<T> {
  return Type.Unsafe<T>({ type: 'string', enum: [...words], ...options });
}

/** A schema that also takes null. */
export function Nullable<T extends TSchema>(
  schema: T,
  options: SchemaOptions = {},
): TUnsafe<Static<T> | null> {
  return Type.Unsafe<Static<T> | null>({ ...schema, type: [schema['type'], 'null'], ...options });
}

/** A TCP port; 0 lets the system pick a free one. */
export function Port(fallback: number, description: string) {
  return Type.Integer({ minimum: 0, maximum: 65_535, default: fallback, description });
}

/** A duration in milliseconds. */
export function Milliseconds(
  fallback: number,
  description: string,
  bounds: { minimum?: number; maximum?: number } = {},
) {
  return Type.Integer({ minimum: 0, maximum: 86_400_000, ...bounds, default: fallback, description });
}

/** A part of the configuration that may be left out as a whole: every key in it then has its default. */
export function section<T extends TSchema>(schema: T, description?: string): T {
  return { ...schema, default: {}, ...(description === undefined ? {} : { description }) };
}
