import { sleep } from '../clock.ts';
import { operationNamed } from '../operations/match.ts';
import type { Creation } from '../operations/operation.ts';
import type { RegionAnswer } from '../upstream/region.ts';
import { awaitedId, awaitedIn } from './awaited.ts';
import { type Created, findAllCreated } from './find-created.ts';
import { askOnBehalf } from './on-behalf.ts';
import type { OperationRequest } from './operation-request.ts';
import type { Services } from './services.ts';

/**
 * How long after a create is looked for others of the same key, ms: regions tell whole seconds, and what was made in the same
 * one has to be there for whoever looks, so that all who look see the same order.
 */
const SAME_SECOND_MS = 1_500;

/** What the request of a create has made, and what it is known by. */
interface Making {
  readonly stamp: string;
  /** Wall ms: when the request began. */
  readonly since: number;
}

/**
 * After a create that another instance may have sent as well, since Redis was not there to say who does: the oldest stays,
 * and who has made a later one deletes it before anybody has heard of it. Of two that were made by instances that both look
 * the later one is seen by its maker, whatever came first.
 *
 * @param answered the region's answer to the create
 * @returns the answer of the one that stays instead; undefined: this one does
 */
export async function keepOldest(
  request: OperationRequest,
  answered: RegionAnswer,
  making: Making,
  services: Services,
): Promise<RegionAnswer | undefined> {
  const { creates, awaits } = request.operation;
  const id = awaits && awaitedId(request, awaits, answered, awaitedIn(answered, awaits));
  if (creates === undefined || id === undefined) return undefined;
  await sleep(services.clock, SAME_SECOND_MS);
  const all = await findAllCreated(request, making, services).catch((): Created[] => []);
  const [oldest] = all;
  if (oldest === undefined || oldest.id === id || !all.some((one) => one.id === id)) return undefined;
  await remove(request, creates, id, services);
  return oldest.answer;
}

/** Deletes what nobody has been told of. */
async function remove(
  request: OperationRequest,
  { deletion, isGone }: Creation,
  id: string,
  services: Services,
): Promise<void> {
  const { call, place } = request;
  const operation = operationNamed(deletion);
  const path = `${operation.path.slice(0, operation.path.lastIndexOf('/'))}/${encodeURIComponent(id)}`;
  const { name: account } = place.account;
  const { region } = place.endpoint;
  const outcome = await askOnBehalf(request, { operation, path, isGone }, services).then(
    ({ status }) => (status < 300 || status === 404 ? undefined : `the region answered ${status}`),
    (error: Error) => error.message,
  );
  const what = { account, region, operation: deletion, resource: id, requestId: call.requestId };
  if (outcome === undefined)
    services.log.info(
      what,
      'a create was sent by two instances while Redis was away: the later one is deleted',
    );
  else
    services.log.warn(
      { ...what, reason: outcome },
      'a create was sent by two instances while Redis was away, and the later one cannot be deleted',
    );
}
