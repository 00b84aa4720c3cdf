import { acceptedBy } from './accepted.ts';
import type { Check } from './check.ts';
import { type Located, locate, unescapePointer } from './misfit.ts';
import type { Problem } from './problem.ts';
import { alternatives, keysOf, type SchemaNode } from './schema-walk.ts';
import { nearest } from './suggest.ts';
import { isRecord } from './tree.ts';

/**
 * Checks `tree` by a schema in normal form, fills its defaults into it, and returns every problem. A value is never quoted: any text
 * may be a secret in the wrong place.
 */
export function validate(tree: unknown, check: Check): Problem[] {
  const misfits = check(tree).map((misfit) => locate(misfit, tree, check.schema));
  return dropUnionNoise(misfits).flatMap(toProblem);
}

/**
 * A value that fits no alternative of a union yields an error for each of them. One line is enough, unless the value got
 * into a mapping or list of one alternative: then what is wrong inside says more than the union.
 */
function dropUnionNoise(errors: readonly Located[]): Located[] {
  const unions = errors.filter((error) => error.keyword === 'anyOf' || error.keyword === 'oneOf');
  const isInside = (error: Located, union: Located) =>
    error !== union && error.schemaPath.startsWith(`${union.schemaPath}/`);
  const saysMore = (error: Located, union: Located) =>
    isInside(error, union) &&
    (error.instancePath !== union.instancePath || isRecord(union.data)) &&
    (error.keyword !== 'type' || isMember(error, union));
  const opened = unions.filter((union) => errors.some((error) => saysMore(error, union)));
  return errors.filter((error) => {
    if (opened.includes(error)) return false;
    const union = unions.find((candidate) => isInside(error, candidate));
    return union === undefined || (opened.includes(union) && saysMore(error, union));
  });
}

/** Its value stands under a key of a mapping inside the union's value, which is what that mapping was meant to be. */
function isMember({ instancePath }: Located, union: Located): boolean {
  const key = instancePath.slice(union.instancePath.length).split('/').at(-1)!;
  return key !== '' && !/^\d+$/.test(key);
}

function toProblem(error: Located): Problem[] {
  const path = error.instancePath.split('/').slice(1).map(unescapePointer);
  const schema = error.parent;
  switch (error.keyword) {
    case 'required':
      return [missingKey(path, String(error.params['missingProperty']), schema)];
    case 'additionalProperties':
    case 'unevaluatedProperties':
      return [unknownKey(path, String(error.params['additionalProperty']), schema)];
    case 'propertyNames':
    case 'if':
      return [];
    default:
      return [
        { path, text: `${whatIsWrong(error)}, accepted: ${acceptedBy(schema)}${hintFor(error, schema)}` },
      ];
  }
}

function missingKey(path: readonly string[], key: string, schema: SchemaNode): Problem {
  const member = schema.properties?.[key];
  const accepted = member === undefined ? 'a value' : acceptedBy(member);
  return { path: [...path, key], text: `is missing, accepted: ${accepted}` };
}

function unknownKey(path: readonly string[], key: string, schema: SchemaNode): Problem {
  const known = keysOf(schema);
  const near = nearest(key, known);
  const hint = near === undefined ? '' : ` (did you mean ${near}?)`;
  const [pattern] = Object.keys(schema.patternProperties ?? {});
  const accepted = known.length > 0 ? known.join(', ') : `names that match ${pattern ?? 'nothing'}`;
  return { path: [...path, key], text: `is no setting${hint}, accepted here: ${accepted}` };
}

function whatIsWrong(error: Located): string {
  const { data, keyword, params } = error;
  switch (keyword) {
    case 'minLength':
      return 'is empty or too short';
    case 'maxLength':
      return `is longer than ${params['limit']} characters`;
    case 'minItems':
      return `has fewer than ${params['limit']} members`;
    case 'maxItems':
      return `has more than ${params['limit']} members`;
    case 'uniqueItems':
      return 'names something twice';
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
    case 'exclusiveMaximum':
      return 'is out of bounds';
    case 'enum':
    case 'const':
    case 'pattern':
      return typeof data === 'string' ? 'is other text' : `is ${kindOf(data)}`;
    default:
      return `is ${kindOf(data)}`;
  }
}

/** Numbers and booleans that YAML read where text was meant. */
function hintFor(error: Located, schema: SchemaNode): string {
  const isBare = typeof error.data === 'number' || typeof error.data === 'boolean';
  if (error.keyword === 'type' && isBare && acceptedBy(schema).includes('text')) return ' (put it in quotes)';
  if (error.keyword !== 'enum' || typeof error.data !== 'string') return '';
  const near = nearest(
    error.data,
    (schema.enum ?? alternatives(schema)).filter((word) => typeof word === 'string'),
  );
  return near === undefined ? '' : ` (did you mean ${near}?)`;
}

function kindOf(value: unknown): string {
  if (value === null) return 'empty (null)';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'number':
      return 'a number';
    case 'boolean':
      return 'true or false';
    case 'string':
      return 'text';
    default:
      return 'a mapping';
  }
}
