import { isJsonObject, type JsonObject, type JsonValue, RawNumber } from '../../src/json.ts';
import type { Entry } from './transcript.ts';

/** Nothing, in JSON's ways and in the ways XML has for it: nova writes null as `None`. */
function isNothing(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null || value === '' || value === 'None') return true;
  if (Array.isArray(value)) return value.length === 0;
  return isJsonObject(value) && Object.keys(value).length === 0;
}

/**
 * A value as both formats can say it: XML has no null, no empty list and no empty object beside an absent one, and keeps
 * the spelling of numbers (`2.0`), which JSON's own parser loses.
 */
function meaningOfValue(value: JsonValue | undefined): JsonValue | undefined {
  if (value instanceof RawNumber) return value.valueOf();
  if (Array.isArray(value)) return value.map((item) => meaningOfValue(item) ?? null);
  if (!isJsonObject(value)) return value;
  const meaning: JsonObject = {};
  for (const [key, member] of Object.entries(value))
    if (!isNothing(member)) meaning[key] = meaningOfValue(member) ?? null;
  return meaning;
}

/** What JSON and XML must agree on in one exchange: everything but the content type and the suffix that asks for it. */
export function meaningOf({ request, status, headers, body }: Entry): JsonObject {
  const { 'content-type': _, ...rest } = headers;
  const meaning = meaningOfValue(body);
  const bare = request.replace(/\.(json|xml)$/, '');
  return { request: bare, status, headers: rest, body: isNothing(meaning) ? null : meaning! };
}
