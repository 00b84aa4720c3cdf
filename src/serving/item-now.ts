import { isJsonObject, type JsonObject } from '../json.ts';
import { operationNamed } from '../operations/match.ts';
import type { Awaited } from '../operations/operation.ts';
import type { RegionAnswer } from '../upstream/region.ts';
import { awaitedIn } from './awaited.ts';
import { askOnBehalf } from './on-behalf.ts';
import type { OperationRequest } from './operation-request.ts';
import type { Services } from './services.ts';

/**
 * A server or an image as the region has it now; one that it does not have is `DELETED`.
 *
 * @returns undefined: the region does not say
 */
export async function readNow(
  request: OperationRequest,
  awaits: Awaited,
  id: string,
  services: Services,
): Promise<{ item: JsonObject; answered: RegionAnswer } | undefined> {
  const operation = operationNamed(awaits.item);
  const path = `${operation.path.slice(0, operation.path.lastIndexOf('/'))}/${encodeURIComponent(id)}`;
  const answered = await askOnBehalf(request, { operation, path, isGone: awaits.isGone }, services).catch(
    () => undefined,
  );
  if (answered?.status === 404) return { item: { id, status: 'DELETED' }, answered };
  const item = answered?.status === 200 ? awaitedIn(answered, awaits) : undefined;
  return answered !== undefined && isJsonObject(item) ? { item, answered } : undefined;
}
