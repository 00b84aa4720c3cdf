import type { CacheRequest, Fetched, Lookup, Stored } from '../cache/cache.ts';
import { isKeptHeader, KEPT_HEADERS } from '../cache/entry.ts';
import { Fault } from '../faults/faults.ts';
import type { Call } from '../http/call.ts';
import type { Charge } from '../limits/slot-request.ts';
import type { Operation } from '../operations/operation.ts';
import { isServicePlace } from '../routing/service-place.ts';
import { type Span, traced, within } from '../telemetry/tracing.ts';
import { cancellationOf } from '../upstream/cancellation.ts';
import { microversionOf } from '../upstream/microversion.ts';
import type { RegionAnswer } from '../upstream/region.ts';
import { requestIdOf } from '../upstream/spending.ts';
import { askRegion } from './ask-region.ts';
import { type CacheResult, countResult } from './cache-result.ts';
import type { OperationRead, OperationRequest } from './operation-request.ts';
import { renderAnswer, renderLongText } from './render.ts';
import { headOfFailure, prepareResponse, responseOf } from './response.ts';
import type { Services } from './services.ts';
import { BACKGROUND } from './wait.ts';

/**
 * Answers a read that may be cached. A hit, and a stale answer with its refresh behind it, go out at once; for a miss
 * the upstream is asked once per key.
 */
export function serveCached(request: OperationRequest, services: Services): void | Promise<void> {
  const found = findAnswer(request, services);
  if (!(found instanceof Promise)) return sendResult(request, found, services);
  return found.then((fetched) => sendResult(request, fetched, services));
}

/** The answer at once when memory has one that will do, else a promise of it. */
export function findAnswer(
  request: OperationRequest,
  services: Services,
): CacheResult | Promise<CacheResult> {
  const lookup = services.cache.lookup(askOf(request));
  if (lookup.verdict !== 'hit' && lookup.verdict !== 'stale') return fetchAnswer(request, lookup, services);
  if (lookup.verdict === 'stale')
    services.cache.revalidate(lookup, (signal) => loadInBackground(request, lookup, signal, services));
  return resultOf(lookup);
}

/** A fresh 200 that memory has, or nothing; nobody is asked for it. */
export function findHit(read: OperationRead, services: Services): CacheResult | undefined {
  const lookup = services.cache.lookup(askOf(read));
  return lookup.verdict === 'hit' && lookup.entry.status === 200 ? resultOf(lookup) : undefined;
}

function resultOf({ verdict, reason, entry }: Lookup & { verdict: 'hit' | 'stale' }): CacheResult {
  return { entry, verdict: { verdict, reason, stored: true, forwardStatus: undefined }, charges: [] };
}

/** How often a caller joins another fetch after one that was refused for its leader's impatience. */
const MOST_FETCHES = 3;

function fetchAnswer(request: OperationRequest, lookup: Lookup, services: Services): Promise<CacheResult> {
  const trace = request.call.trace?.child('cache', 'internal');
  const fetched = within(trace, () => fetchOnce(request, lookup, services, trace));
  return trace === undefined ? fetched : traced(trace, fetched);
}

/** @param trace what the fetch is a part of */
async function fetchOnce(
  request: OperationRequest,
  lookup: Lookup,
  services: Services,
  trace: Span | undefined,
): Promise<CacheResult> {
  for (let fetch = 1; ; fetch++) {
    let charges: readonly Charge[] = [];
    let isLeader = false;
    const load = async (signal: AbortSignal) => {
      isLeader = true;
      const answered = await askRegion(request, undefined, services, {
        cancellation: cancellationOf(signal),
        trace,
      });
      charges = answered.charges;
      return storedFrom(answered, request.operation);
    };
    try {
      const fetched: Fetched = await services.cache.fetch(lookup, load, request.call.signal);
      return { entry: fetched.entry, verdict: fetched, charges };
    } catch (error) {
      // The leader may wait less for a slot than this caller may: its refusal is not this caller's.
      const isImpatience = error instanceof Fault && error.fault === 'overLimit' && !isLeader;
      if (!isImpatience || fetch === MOST_FETCHES) throw error;
    }
  }
}

/** A refresh nobody waits for: lowest priority, and not on behalf of the caller that happened to meet the stale entry. */
export async function loadInBackground(
  { operation, place, path, call }: Pick<OperationRequest, 'operation' | 'place' | 'path'> & { call?: Call },
  lookup: Lookup,
  signal: AbortSignal,
  services: Services,
): Promise<Stored> {
  const answered = await services.regions.ask({
    operation,
    method: 'GET',
    place,
    path,
    query: lookup.query,
    headers: call?.headers ?? {},
    body: undefined,
    shared: true,
    client: BACKGROUND,
    priority: 'background',
    maxWaitMs: services.settings.limits.maxWaitMs,
    cancellation: cancellationOf(signal),
    trace: call?.trace,
  });
  return storedFrom(answered, operation);
}

/** What the cache is asked with. */
export function askOf({ call, path, operation, params, place, query }: OperationRead): CacheRequest {
  return {
    service: isServicePlace(place) ? place.service.type : '',
    account: place.account.cacheAs ?? place.account.name,
    tenant: place.endpoint.tenantId,
    region: place.endpoint.region,
    operation,
    params,
    path,
    query,
    variant: operation.service === 'compute' ? microversionOf(call.headers) : '',
    cacheControl: call.header('cache-control'),
  };
}

/** A region's answer as the cache takes it. */
export function storedFrom(answered: RegionAnswer, operation: Operation): Stored {
  const { status } = answered;
  const said = keptFields(answered, operation);
  const headers: Record<string, string> = {};
  for (const name of KEPT_HEADERS) {
    const value = said[name];
    if (isKeptHeader(name, value)) headers[name] = value;
  }
  const requestId = requestIdOf(answered.headers);
  return { status, body: answered.text, hrefs: answered.hrefs, headers, requestId };
}

/** What may be kept of a head: as the region says it, but for what an answer depends on, and what a document's type is. */
function keptFields(
  { status, headers }: RegionAnswer,
  { scope }: Operation,
): Record<string, string | undefined> {
  const texts = KEPT_HEADERS.map((name) => {
    const value = headers[name];
    return [name, Array.isArray(value) ? value.join(', ') : value] as const;
  });
  const isForeign = scope === 'service' && status !== 200;
  return {
    ...Object.fromEntries(texts),
    'content-type': isForeign ? headers['content-type'] : undefined,
    location: isForeign ? headers.location : undefined,
  };
}

/** Writes a found answer out. */
export function sendResult(
  request: OperationRequest,
  found: CacheResult,
  services: Services,
): void | Promise<void> {
  const { call, operation, place } = request;
  const { entry } = found;
  countResult(request, found, services);
  if (entry.status === 200) {
    const send = () => services.respond(call, responseOf(request, found, services));
    const preparing = prepareResponse(request, found, services);
    return preparing === undefined ? send() : preparing.then(send);
  }
  const headers = headOfFailure(call, found, services);
  const { 'content-type': contentType, location } = entry.headers;
  if (location !== undefined) headers.push('Location', services.location(call, place, undefined, location));
  const reply = (body: Buffer | string | undefined) =>
    services.reply(call, { status: entry.status, body, format: call.format, headers, contentType });
  if (entry.isLong) return renderLongText(call, place, operation, entry.body, services).then(reply);
  reply(entry.body === '' ? undefined : renderAnswer(call, place, operation, entry.body, services));
}
