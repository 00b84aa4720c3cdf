import { isJsonObject, type JsonObject } from '../json.ts';
import type { Awaited } from '../operations/operation.ts';
import { parseJson } from '../translation/json.ts';
import type { RegionAnswer } from '../upstream/region.ts';
import type { OperationRequest } from './operation-request.ts';

/** What an answer says of the server or image that a request is about; undefined: nothing. */
export function awaitedIn({ text }: RegionAnswer, { member }: Awaited): JsonObject | undefined {
  const document = text === '' ? undefined : parseJson(text);
  const own = isJsonObject(document) ? document[member] : undefined;
  return isJsonObject(own) ? own : undefined;
}

/**
 * The id of the server or image that a request is about.
 *
 * @param own what `awaitedIn` has found
 */
export function awaitedId(
  { params, operation }: OperationRequest,
  { id }: Awaited,
  { headers, text }: RegionAnswer,
  own: JsonObject | undefined,
): string | undefined {
  if (id === 'body') return typeof own?.['id'] === 'string' ? own['id'] : undefined;
  if (id === 'location') {
    const { idMember } = operation.creates ?? {};
    const document = idMember === undefined || text === '' ? undefined : parseJson(text);
    const told = isJsonObject(document) ? document[idMember!.name] : undefined;
    return typeof told === 'string' ? told : headers.location?.split('/').findLast((part) => part !== '');
  }
  return params[id.parameter];
}
