import { isJsonObject, type JsonValue } from '../json.ts';
import type { CachedClass } from './classes.ts';
import { parseQuery } from './query.ts';

/**
 * True when an answer will change by itself soon: it holds an item whose status is not its class's steady one (an image
 * that is being saved, guide 2.6.1), or lists items by such a status, so that it changes when one of them is done.
 *
 * @param query as the region is asked with it
 */
export function isTransient({ steadyStatus, statusIn }: CachedClass, body: string, query: string): boolean {
  if (steadyStatus === undefined || statusIn === undefined) return false;
  const asksForOthers = ([name, value]: readonly [string, string]) =>
    name === 'status' && value !== steadyStatus;
  if (query !== '' && parseQuery(query).some(asksForOthers)) return true;
  return mayHoldOther(body, steadyStatus) && holdsOther(body, steadyStatus, statusIn);
}

/** Cheap and never wrongly negative: some member called status has another value. */
function mayHoldOther(body: string, steady: string): boolean {
  for (const [, value] of body.matchAll(/"status"\s*:\s*"([^"]*)"/g)) if (value !== steady) return true;
  return false;
}

function holdsOther(
  body: string,
  steady: string,
  { list: array, item }: NonNullable<CachedClass['statusIn']>,
): boolean {
  let document: JsonValue;
  try {
    document = JSON.parse(body);
  } catch {
    return false;
  }
  if (!isJsonObject(document)) return false;
  const list = document[array];
  const own = item === undefined ? document : (document[item] ?? null);
  const members = Array.isArray(list) ? list : [own];
  return members.some((member) => isJsonObject(member) && (member['status'] ?? steady) !== steady);
}
