import { Fault } from '../faults/faults.ts';
import { hasBody, readBody } from '../http/body.ts';
import { cancellationOf } from '../upstream/cancellation.ts';
import { isLost, lostFault, mayHaveArrived } from '../upstream/failure.ts';
import type { RegionAnswer } from '../upstream/region.ts';
import { answer } from './answer.ts';
import { askRegion, readRegion } from './ask-region.ts';
import { askOf, findHit, sendResult, serveCached, storedFrom } from './cached.ts';
import { endWritten } from './ended.ts';
import { askOnce, idempotencyKeyOf } from './idempotent.ts';
import { serveLimits } from './limits.ts';
import { locateAction } from './locate.ts';
import type { LocatedAction, LocatedOperation } from './located.ts';
import type { OperationRequest } from './operation-request.ts';
import { mayHaveCached, ownTokenOf } from './own-token.ts';
import { askRelaxed } from './relaxed.ts';
import { checkCoding, readRequestBody } from './request-body.ts';
import type { Services } from './services.ts';
import { checkUntil, mayAwait, onceReached } from './until.ts';

/**
 * Answers an operation of the guide. Returns at once for what memory can answer, else a promise; faults are thrown or
 * rejected, the caller renders them.
 */
export function serveOperation(request: LocatedOperation, services: Services): void | Promise<void> {
  const { operation } = request;
  if (ownTokenOf(request.call) !== undefined) return serveOwn(request, services);
  if (mayAwait(request.call) && operation.method === 'GET') return serveRead(request, services);
  if (operation.limitClass === 'model' && services.limits.isEnabled) return serveLimits(request, services);
  if (operation.cache !== null) return serveCached(request, services);
  if (operation.method === 'GET') return serveRead(request, services);
  return serveWrite(request, services);
}

/**
 * A caller with an upstream token of its own: what is fresh in the cache is for it once the token is proven. All else is
 * asked with that token, and what that is answered is nobody else's.
 */
function serveOwn(request: LocatedOperation, services: Services): void | Promise<void> {
  const { call, operation } = request;
  const isCached = operation.cache !== null && !mayAwait(call) && mayHaveCached(call, services);
  const found = isCached ? findHit(request, services) : undefined;
  if (found !== undefined) return sendResult(request, found, services);
  if (isCached && isOfOthers(request)) return serveShared(request, services);
  return operation.method === 'GET' ? serveRead(request, services) : serveWrite(request, services);
}

/** Whether the tenant is no account's of the configuration: what is cached for it comes from its own users alone. */
const isOfOthers = ({ place: { account } }: OperationRequest): boolean =>
  account.cacheAs !== undefined && account.cacheAs !== account.name;

/** An answer that one user of a tenant got, and another may not get. */
class Unshared extends Fault {
  constructor(status: number) {
    super('computeFault', 'The region has refused a caller.', { code: status });
  }
}

/**
 * A read in the name of one proven user of a tenant, whose 200 is for all the others. What else it is answered, and every
 * reason for which it gets no answer, is its own alone: those who waited with it ask for themselves then.
 */
async function serveShared(request: OperationRequest, services: Services): Promise<void> {
  let own: RegionAnswer | undefined;
  let isLeader = false;
  const load = async (signal: AbortSignal) => {
    isLeader = true;
    own = await askRegion(request, undefined, services, { cancellation: cancellationOf(signal) });
    if (own.status !== 200) throw new Unshared(own.status);
    return storedFrom(own, request.operation);
  };
  try {
    const fetched = await services.cache.fetch(
      services.cache.lookup(askOf(request)),
      load,
      request.call.signal,
    );
    const { entry } = fetched;
    await sendResult(request, { entry, verdict: fetched, charges: own?.charges ?? [] }, services);
  } catch (error) {
    if (request.call.gone) throw error;
    if (!isLeader) return serveRead(request, services);
    if (!(error instanceof Unshared) || own === undefined) throw error;
    await answer(request, own, services);
  }
}

/** A read that is not cached. */
async function serveRead(request: OperationRequest, services: Services): Promise<void> {
  checkUntil(request);
  await answer(request, await onceReached(request, await readRegion(request, services), services), services);
}

/** Answers a write: an operation of the guide, or an action, which its body names. */
export async function serveWrite(
  located: LocatedOperation | LocatedAction,
  services: Services,
): Promise<void> {
  const { request, body } = await readWrite(located, services);
  const key = idempotencyKeyOf(request);
  checkUntil(request);
  try {
    const answered = await (key === undefined
      ? askRelaxed(request, body, services)
      : askOnce(request, body, key, services));
    if (answered.status < 400 || answered.status >= 500)
      await endWritten(request, services, answered.status >= 500);
    if (isLost(answered.status))
      throw lostFault(answered.status, request.operation.method, request.place.endpoint.region);
    await answer(request, await onceReached(request, answered, services), services);
  } catch (error) {
    if (mayHaveArrived(error)) await endWritten(request, services, true);
    throw error;
  }
}

/** Reads the body of a write, as far as it has one; the operation is known from then on. */
async function readWrite(
  located: LocatedOperation | LocatedAction,
  services: Services,
): Promise<{ request: OperationRequest; body: Buffer | string | undefined }> {
  const { call } = located;
  if (located.kind === 'operation' && located.operation.request === null)
    return { request: located, body: undefined };
  checkCoding(call.headers['content-encoding']);
  const bytes = hasBody(call.req) ? await readBody(call.req) : Buffer.alloc(0);
  const known = located.kind === 'action' ? 'action' : located.operation;
  const { operation, body, translationMs } = await readRequestBody(
    bytes,
    call.headers['content-type'],
    known,
  );
  if (translationMs !== undefined) services.metrics.translation.observe(translationMs / 1000, 'request');
  return { request: located.kind === 'action' ? locateAction(located, operation) : located, body };
}
