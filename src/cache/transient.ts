import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';
import { parseJsonInTurns } from '../translation/json-in-turns.ts';
import { MOST_AT_ONCE } from '../turns.ts';
import type { CachedClass, StatusPlace } from './classes.ts';
import { parseQuery } from './query.ts';

/**
 * True when an answer will change by itself soon: it holds an item whose status is not its class's steady one (an image
 * that is being saved, guide 2.6.1), or lists items by such a status, so that it changes when one of them is done.
 *
 * It is said at once, but for a long answer.
 *
 * @param query as the region is asked with it
 * @param now wall ms
 */
export function isTransient(
  { steadyStatus, statusIn }: CachedClass,
  body: string,
  query: string,
  now: number,
): boolean | Promise<boolean> {
  if (steadyStatus === undefined || statusIn === undefined) return false;
  const asksForOthers = ([name, value]: readonly [string, string]) =>
    name === 'status' && value !== steadyStatus;
  if (query !== '' && parseQuery(query).some(asksForOthers)) return true;
  const holds = (document: JsonValue) => holdsOther(document, steadyStatus, statusIn, now);
  if (body.length > MOST_AT_ONCE) return parseJsonInTurns(Buffer.from(body)).then(holds, () => false);
  if (!mayHoldOther(body, steadyStatus)) return false;
  try {
    return holds(JSON.parse(body) as JsonValue);
  } catch {
    return false;
  }
}

/** Cheap and never wrongly negative: some member called status has another value. */
function mayHoldOther(body: string, steady: string): boolean {
  for (const [, value] of body.matchAll(/"status"\s*:\s*"([^"]*)"/g)) if (value !== steady) return true;
  return false;
}

function holdsOther(
  document: JsonValue,
  steady: string,
  { list: array, item, changedAt }: StatusPlace,
  now: number,
): boolean {
  if (!isJsonObject(document)) return false;
  const list = document[array];
  const isOther = (member: JsonValue): member is JsonObject =>
    isJsonObject(member) && (member['status'] ?? steady) !== steady;
  if (!Array.isArray(list)) return isOther(item === undefined ? document : (document[item] ?? null));
  return list.some((member) => isOther(member) && !isStuck(member, changedAt, now));
}

/**
 * How long after its last change a list waits for an item to become steady, ms. Some never do: an image that nobody uploads,
 * a snapshot whose server is gone. Whoever waits for one asks for itself.
 */
const PATIENCE_MS = 120_000;

function isStuck(member: JsonObject, changedAt: string | undefined, now: number): boolean {
  const changed = changedAt === undefined ? undefined : member[changedAt];
  return typeof changed === 'string' && now - Date.parse(changed) > PATIENCE_MS;
}
