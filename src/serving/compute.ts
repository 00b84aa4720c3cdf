import { methodFault } from '../faults/faults.ts';
import { hasBody, readBody } from '../http/body.ts';
import type { Call } from '../http/call.ts';
import type { Match, Params } from '../operations/match.ts';
import type { Operation } from '../operations/operation.ts';
import type { Place } from '../routing/directory.ts';
import type { Target } from '../routing/target.ts';
import { mayHaveArrived } from '../upstream/failure.ts';
import { comesDown } from '../upstream/headers.ts';
import type { RegionAnswer } from '../upstream/region.ts';
import { askRegion } from './ask-region.ts';
import { serveCached } from './cached.ts';
import { serveLimits } from './limits.ts';
import type { OperationRequest } from './operation-request.ts';
import { negotiate, renderAnswer } from './render.ts';
import { readRequestBody } from './request-body.ts';
import type { Services } from './services.ts';

/**
 * What a compute path means; undefined when it is no path of the guide and goes through as it is.
 *
 * @throws {Fault} badMethod with the methods there are
 */
export function recognise(
  call: Call,
  target: Target & { kind: 'compute' },
): Exclude<Match, { kind: 'method' | 'unknown' }> | undefined {
  const { match } = call.route;
  if (match === undefined || match.kind === 'unknown') return undefined;
  if (match.kind !== 'method') return match;
  throw methodFault(call.method, match.allow, `on ${target.path}`);
}

/**
 * Answers an operation of the guide. Returns at once for what memory can answer, else a promise; faults are thrown or
 * rejected, the caller renders them.
 */
export function serveOperation(
  call: Call,
  target: Target & { kind: 'compute' },
  match: { kind: 'operation'; operation: Operation; params: Params } | { kind: 'action'; params: Params },
  services: Services,
): void | Promise<void> {
  negotiate(call, target.format);
  if (match.kind === 'operation') call.operation = match.operation.name;
  const hints = call.regionHints(target.region);
  const place = services.directory.find(target.tenant, hints);
  if (place === undefined) {
    return services.directory
      .wait(target.tenant, hints, call.signal)
      .then((found) => atPlace(call, target, match, found, services));
  }
  return atPlace(call, target, match, place, services);
}

function atPlace(
  call: Call,
  target: Target & { kind: 'compute' },
  match: { kind: 'operation'; operation: Operation; params: Params } | { kind: 'action'; params: Params },
  place: Place,
  services: Services,
): void | Promise<void> {
  call.account = place.account.name;
  call.region = place.endpoint.region;
  if (match.kind === 'action') return serveWrite(call, target, place, match.params, 'action', services);
  const { operation, params } = match;
  const request: OperationRequest = { call, target, operation, params, place, query: call.route.asked };
  if (operation.limitClass === 'model') return serveLimits(request, services);
  if (operation.cache !== null) return serveCached(request, services);
  if (operation.method === 'GET') return serveRead(request, services);
  return serveWrite(call, target, place, params, operation, services);
}

/** A read that is not cached. */
async function serveRead(request: OperationRequest, services: Services): Promise<void> {
  answer(request, await askRegion(request, undefined, services), services);
}

async function serveWrite(
  call: Call,
  target: Target & { kind: 'compute' },
  place: Place,
  params: Params,
  known: Operation | 'action',
  services: Services,
): Promise<void> {
  const needsBody = known === 'action' || known.request !== null;
  const bytes = needsBody && hasBody(call.req) ? await readBody(call.req) : Buffer.alloc(0);
  const body = needsBody ? readRequestBody(bytes, call.headers['content-type'], known) : undefined;
  const operation = body?.operation ?? (known as Operation);
  call.operation = operation.name;
  if (body?.translationMs !== undefined)
    services.metrics.translation.observe(body.translationMs / 1000, 'request');
  const request: OperationRequest = { call, target, operation, params, place, query: call.route.asked };
  try {
    const answered = await askRegion(request, body?.body, services);
    if (answered.status < 400 || answered.status >= 500)
      await invalidate(request, services, answered.status >= 500);
    answer(request, answered, services);
  } catch (error) {
    if (mayHaveArrived(error)) await invalidate(request, services, true);
    throw error;
  }
}

async function invalidate(
  { operation, params, place }: OperationRequest,
  services: Services,
  isLost: boolean,
): Promise<void> {
  const { invalidates } = operation;
  if (invalidates.length === 0) return;
  await services.cache.invalidate({
    account: place.account.name,
    region: place.endpoint.region,
    invalidates,
    params,
    isLost,
  });
}

/** Writes a region's answer out in the caller's format. */
export function answer(request: OperationRequest, answered: RegionAnswer, services: Services): void {
  const { call, operation, place } = request;
  const headers: string[] = [];
  for (const name in answered.headers) {
    if (comesDown(name)) pushHeader(headers, name, answered.headers[name]);
  }
  const id = answered.headers['x-compute-request-id'] ?? answered.headers['x-openstack-request-id'];
  if (typeof id === 'string') call.requestId = id;
  pushHeader(headers, 'Retry-After', answered.headers['retry-after']);
  const location = answered.headers.location;
  if (location !== undefined)
    headers.push('Location', services.location(call, place, operation.location, location));
  for (const [name, value] of services.limits.headers(answered.charges)) headers.push(name, value);
  const { text, hrefs } = answered;
  const body = text === '' ? undefined : renderAnswer(call, place, operation, text, services, hrefs);
  services.reply(call, { status: answered.status, body, format: call.format, headers });
}

function pushHeader(headers: string[], name: string, value: string | string[] | undefined): void {
  if (value === undefined) return;
  for (const one of Array.isArray(value) ? value : [value]) headers.push(name, one);
}
