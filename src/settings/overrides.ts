import { coerceText } from './coerce.ts';
import type { Environment } from './interpolate.ts';
import { alternatives, type SchemaNode, schemasAt } from './schema-walk.ts';
import { nearest } from './suggest.ts';
import { isRecord, type Tree } from './tree.ts';

const PREFIX = 'SLUICE_';

/** What the variables did. */
export interface Overrides {
  readonly paths: readonly (readonly string[])[];
  readonly warnings: readonly string[];
}

/**
 * Puts every `SLUICE_<PATH>` variable into `tree`: the keys of the path in capitals, joined by `_`, list members by their
 * number (`SLUICE_ACCOUNTS_0_IDENTITY_APIKEY`). Returns the paths it set, and a warning for each variable that is no
 * setting; not a problem, since an orchestrator puts variables of its own into the environment.
 */
export function applyOverrides(tree: Tree, schema: SchemaNode, env: Environment): Overrides {
  const warnings: string[] = [];
  const paths: string[][] = [];
  for (const [name, value] of Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!name.startsWith(PREFIX) || value === undefined || isServiceLink(name, value)) continue;
    const path = findPath(schema, name.slice(PREFIX.length).split('_'));
    if (path !== undefined && setAt(tree, path, coerceText(value, schemasAt(schema, path)))) paths.push(path);
    else warnings.push(unknownVariable(name, schema));
  }
  return { paths, warnings };
}

/** Kubernetes describes a Service called `sluice` or `sluice-…` to every pod by variables with our prefix. */
function isServiceLink(name: string, value: string): boolean {
  return (
    /^(tcp|udp|sctp):\/\//.test(value) ||
    /_SERVICE_(HOST|PORT(_.+)?)$/.test(name) ||
    /_PORT_\d+_(TCP|UDP|SCTP)(_|$)/.test(name)
  );
}

/** The path of a setting whose keys, in capitals, are `words`. */
function findPath(schema: SchemaNode, words: readonly string[]): string[] | undefined {
  const [word, ...rest] = words;
  if (word === undefined) return isSettable(schema) ? [] : undefined;
  for (const choice of alternatives(schema)) {
    const path = findPath(choice, words);
    if (path !== undefined) return path;
  }
  for (const [key, member] of Object.entries(schema.properties ?? {})) {
    const path = key.toUpperCase() === word ? findPath(member, rest) : undefined;
    if (path !== undefined) return [key, ...path];
  }
  return findMember(schema, words);
}

/** A member of a list by its number, or of a mapping with free keys by the rest of the name. */
function findMember(schema: SchemaNode, words: readonly string[]): string[] | undefined {
  const [word, ...rest] = words;
  if (schema.items !== undefined && /^\d+$/.test(word!)) {
    const path = findPath(schema.items, rest);
    return path === undefined ? undefined : [word!, ...path];
  }
  const key = words.join('_');
  const free = Object.entries(schema.patternProperties ?? {}).find(([pattern]) =>
    new RegExp(pattern).test(key),
  );
  return free !== undefined && isSettable(free[1]) ? [key] : undefined;
}

/** Whether one variable can hold the value: a scalar, or a list of them. */
function isSettable(schema: SchemaNode): boolean {
  const choices = alternatives(schema);
  if (choices.length > 0) return choices.some(isSettable);
  if (schema.properties !== undefined || schema.patternProperties !== undefined) return false;
  return schema.items === undefined || isSettable(schema.items);
}

/** Sets a value below `tree`, making what is on the way; false when a list would get a hole or something else is there. */
function setAt(tree: Tree | unknown[], path: readonly string[], value: unknown): boolean {
  const [key, ...rest] = path;
  const members = tree as Tree;
  if (Array.isArray(tree) && Number(key) > tree.length) return false;
  if (rest.length === 0) {
    members[key!] = value;
    return true;
  }
  if (members[key!] === undefined || members[key!] === null) members[key!] = /^\d+$/.test(rest[0]!) ? [] : {};
  const next = members[key!];
  return (isRecord(next) || Array.isArray(next)) && setAt(next, rest, value);
}

function unknownVariable(name: string, schema: SchemaNode): string {
  const near = nearest(name, variableNames(schema, PREFIX.slice(0, -1)));
  const hint = near === undefined ? '' : ` (did you mean ${near}?)`;
  return `${name}: the variable is no setting and is ignored${hint}`;
}

/** The names of all variables there are, with list members as number 0. */
export function variableNames(schema: SchemaNode, prefix: string): string[] {
  const below = Object.entries(schema.properties ?? {}).flatMap(([key, member]) =>
    variableNames(member, `${prefix}_${key.toUpperCase()}`),
  );
  const items =
    schema.items === undefined || isSettable(schema.items) ? [] : variableNames(schema.items, `${prefix}_0`);
  const choices = alternatives(schema).flatMap((choice) => variableNames(choice, prefix));
  const own = isSettable(schema) && choices.length === 0 ? [prefix] : [];
  return [...own, ...below, ...items, ...choices];
}
