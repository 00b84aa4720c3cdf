import { Fault, methodFault } from '../faults/faults.ts';
import { hasBody, readBody } from '../http/body.ts';
import type { Call } from '../http/call.ts';
import { restoreQuery } from '../links/restore.ts';
import type { Match, Params } from '../operations/match.ts';
import type { Operation } from '../operations/operation.ts';
import type { Place } from '../routing/directory.ts';
import type { Target } from '../routing/target.ts';
import type { Cancellation } from '../upstream/cancellation.ts';
import { ExchangeError } from '../upstream/exchange.ts';
import { comesDown } from '../upstream/headers.ts';
import type { RegionAnswer, UpstreamRequest } from '../upstream/region.ts';
import { serveCached } from './cached.ts';
import { serveLimits } from './limits.ts';
import type { OperationRead } from './operation-request.ts';
import { negotiate, renderAnswer } from './render.ts';
import { readRequestBody } from './request-body.ts';
import type { Services } from './services.ts';
import { longestWaitMs, priorityOf } from './wait.ts';

/** A request below a tenant that is an operation of the guide. */
export interface OperationRequest extends OperationRead {
  readonly call: Call;
}

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
  const request: OperationRequest = { call, target, operation, params, place };
  if (operation.limitClass === 'model' && services.limits.isEnabled) return serveLimits(request, services);
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
  const request: OperationRequest = { call, target, operation, params, place };
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

/** A write whose answer was lost may have been done: what it would make untrue is dropped all the same. */
function mayHaveArrived(error: unknown): boolean {
  const cause = error instanceof Fault ? error.cause : undefined;
  return cause instanceof ExchangeError && cause.sent;
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

/** Sends a request to its region on the caller's behalf. */
export async function askRegion(
  request: OperationRequest,
  body: Buffer | string | undefined,
  services: Services,
  cancellation: Cancellation = request.call,
): Promise<RegionAnswer> {
  const answered = await services.regions.ask(upstreamRequest(request, body, services, cancellation));
  request.call.waitedMs += answered.waitedMs;
  request.call.upstreamMs += answered.upstreamMs;
  return answered;
}

function upstreamRequest(
  request: OperationRequest,
  body: Buffer | string | undefined,
  services: Services,
  cancellation: Cancellation,
): UpstreamRequest {
  const { call, target, operation, place } = request;
  const client = services.clients.get(call.client);
  return {
    operation,
    method: operation.method,
    place,
    path: target.path,
    query: upstreamQuery(request.query ?? call.query),
    headers: call.headers,
    body,
    shared: operation.cache !== null,
    client: call.client,
    priority: priorityOf(call),
    maxWaitMs: longestWaitMs(call, services.settings.limits.maxWaitMs, client),
    cancellation,
  };
}

/** The query without what is meant for Sluice (`format`, `cacheid`), references turned back into ids. */
export function upstreamQuery(query: string): string {
  if (query === '') return '';
  const own = query
    .split('&')
    .filter((part) => !/^(?:format|cacheid)(?:=|$)/.test(part))
    .join('&');
  return restoreQuery(own);
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
