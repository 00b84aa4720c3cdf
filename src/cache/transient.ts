import { isJsonObject, type JsonValue } from '../json.ts';
import type { CacheClass } from '../operations/operation.ts';
import { parseQuery } from './query.ts';

/** Cheap and never wrongly negative: some member called status is not ACTIVE. */
const MAYBE_CHANGING = /"status"\s*:\s*"(?!ACTIVE")/;

/**
 * True when an answer about images will change by itself soon: it holds an image that is not ACTIVE (guide 2.6.1), or
 * lists images by such a status, so that it changes when one of them is done.
 *
 * @param query as the region is asked with it
 */
export function isTransient(cacheClass: CacheClass, body: string, query: string): boolean {
  if (cacheClass !== 'images') return false;
  if (query !== '' && parseQuery(query).some(([name, value]) => name === 'status' && value !== 'ACTIVE'))
    return true;
  return MAYBE_CHANGING.test(body) && holdsChangingImage(body);
}

function holdsChangingImage(body: string): boolean {
  let document: JsonValue;
  try {
    document = JSON.parse(body);
  } catch {
    return false;
  }
  if (!isJsonObject(document)) return false;
  const { image, images } = document;
  const members = Array.isArray(images) ? images : [image ?? null];
  return members.some((member) => isJsonObject(member) && (member['status'] ?? 'ACTIVE') !== 'ACTIVE');
}
