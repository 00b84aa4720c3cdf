import { isJsonObject, type JsonObject, type JsonValue } from '../../json.ts';

/**
 * What a query parameter of a list picks, as far as it can be computed from the members: a filter is made for a value and
 * for all members of the list, and there is none when the upstream might see it otherwise.
 *
 * @returns whether a member is picked; null when only the upstream can say
 */
export type Filter = (value: string, all: readonly JsonObject[]) => ((member: JsonObject) => boolean) | null;

/** Members whose number of that name is not smaller. */
export function atLeast(name: string): Filter {
  return (value, all) => {
    if (!/^\d{1,9}$/.test(value) || !all.every((member) => typeof member[name] === 'number')) return null;
    const least = Number(value);
    return (member) => (member[name] as number) >= least;
  };
}

/**
 * Exact names, unless the upstream might see it otherwise: image stores know operators (`in:`), and databases that
 * compare without case or without blanks at the end.
 */
export const isNamed: Filter = (value, all) => {
  const loose = (text: string) => text.trimEnd().toLowerCase();
  const isPlain = value !== '' && !/^\w+:/.test(value) && value.trim() === value;
  const isAmbiguous = ({ name }: JsonObject) =>
    typeof name !== 'string' || (name !== value && loose(name) === loose(value));
  return isPlain && !all.some(isAmbiguous) ? ({ name }) => name === value : null;
};

/** Members with this one status: the upstreams' other names do not map one to one (a queued image shows SAVING, say). */
export function isSteady(steady: string): Filter {
  return (value, all) =>
    value === steady && all.every(({ status }) => typeof status === 'string')
      ? ({ status }) => status === steady
      : null;
}

/** Table of section 2.6.1: BASE and SNAPSHOT, which the image's own metadata spells in lower case. */
export const hasImageType: Filter = (value, all) => {
  const typeOf = ({ metadata }: JsonObject) => childOf(metadata, 'image_type');
  const isTyped = (member: JsonObject) => typeOf(member) === 'base' || typeOf(member) === 'snapshot';
  if ((value !== 'BASE' && value !== 'SNAPSHOT') || !all.every(isTyped)) return null;
  return (member) => typeOf(member) === value.toLowerCase();
};

/** Images of a server, which the query names by its id or its address. */
export const createdFrom: Filter = (value) => {
  const id = value.slice(value.lastIndexOf('/') + 1);
  return id === '' ? null : ({ server }) => childOf(server, 'id') === id;
};

function childOf(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return isJsonObject(value) ? value[name] : undefined;
}
