import { OTHER_OPERATION } from '../access/grants.ts';
import { hasBody } from '../http/body.ts';
import type { Call } from '../http/call.ts';
import { pathOfServiceUrl, servicePath, serviceUrl } from '../identity/service-endpoints.ts';
import { serviceOf } from '../identity/service-types.ts';
import type { Service } from '../operations/operation.ts';
import { serviceRowOf } from '../operations/services.ts';
import type { Place } from '../routing/directory.ts';
import { isServicePlace, type ServicePlace } from '../routing/service-place.ts';
import { debugIdOf, patienceOf } from '../serving/ask-region.ts';
import { endUnknown, endWritten } from '../serving/ended.ts';
import type { LocatedPassthrough } from '../serving/located.ts';
import { learnFrom, ownTokenOf } from '../serving/own-token.ts';
import type { Services } from '../serving/services.ts';
import { whileGood, withdrawnFault } from '../serving/still-good.ts';
import { priorityOf } from '../serving/wait.ts';
import { ExchangeError } from '../upstream/exchange.ts';
import { failureFault, mayHaveArrived } from '../upstream/failure.ts';
import { passthroughResponseHeaders } from '../upstream/headers.ts';
import type { ProxiedAnswer } from '../upstream/region.ts';
import type { ProxiedRequest } from '../upstream/request.ts';
import { requestIdOf, spend } from '../upstream/spending.ts';
import { discard, type Holding } from '../upstream/stream-exchange.ts';
import { holdingDocuments, withLinks } from './document-links.ts';
import { takeBody } from './upload.ts';

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);
const NOTHING_HELD: Holding = () => 0;

/** Where a request that goes through leads, and what surrounds it there. */
export interface ProxyTarget {
  readonly origin: string;
  /**
   * Sends the request; what it made untrue is gone from the cache before its answer goes to the caller.
   *
   * @throws {Fault} see `Regions.stream`
   */
  send(): Promise<ProxiedAnswer>;
  /** The same, its links as the region has them. */
  receive(): Promise<ProxiedAnswer>;
  /** An answer whose links lead through Sluice, as this caller reaches it. */
  adapt(answer: ProxiedAnswer): ProxiedAnswer | Promise<ProxiedAnswer>;
  /** A `Location` of the answer as it leads through Sluice. */
  location(url: string): string;
  /** RateLimit headers for what the answer was charged to. */
  limitHeaders(answer: ProxiedAnswer): [name: string, value: string][];
}

/** What of a request is not as its caller has it. */
export type Changed = Partial<
  Pick<ProxiedRequest, 'headers' | 'body' | 'holding' | 'beforeSending' | 'cancellation'>
>;

/**
 * Says where a located request leads, and takes its body, unless that is here already.
 *
 * @throws {Fault} its body cannot be taken
 */
export async function findProxyTarget(
  located: LocatedPassthrough,
  services: Services,
  changed: Changed = {},
): Promise<ProxyTarget> {
  const { call, place, query } = located;
  const { method, headers, client } = call;
  const kind = kindOf(place);
  const { base, path, label, isCompute } = pathOf(located);
  const readsChunked = kind !== undefined && (serviceRowOf(kind)?.readsChunked ?? false);
  const request: ProxiedRequest = {
    method,
    place,
    path,
    query,
    headers: changed.headers ?? headers,
    body:
      'body' in changed ? changed.body : hasBody(call.req) ? await takeBody(call, readsChunked) : undefined,
    client,
    knownClient: services.clients.get(client)?.name,
    ownToken: ownTokenOf(call),
    priority: priorityOf(call),
    requestId: debugIdOf(call, services),
    maxWaitMs: patienceOf(call, services),
    beforeSending: changed.beforeSending ?? whileGood(call, services),
    cancellation: changed.cancellation ?? call,
    trace: call.trace,
    spending: call,
    base,
    label,
    isCompute,
    // The table knows in which form these have their links; documents of others are none of Sluice's business.
    holding: changed.holding ?? (kind === undefined ? NOTHING_HELD : holdingDocuments(method)),
  };
  const receive = () => send(located, request, services);
  const adapt = (answer: ProxiedAnswer) => adapted(located, answer, services);
  return {
    origin: place.endpoint.origin,
    receive,
    adapt,
    send: async () => adapt(await receive()),
    location: (url) =>
      (isServicePlace(place) ? serviceLocation(call, place, url) : undefined) ??
      services.location(call, place, undefined, url),
    limitHeaders: ({ charges }) => services.limits.headers(charges),
  };
}

/** The head of an answer as the caller gets it. */
export function headOf(
  answer: ProxiedAnswer,
  call: Call,
  target: ProxyTarget,
): Record<string, string | string[]> {
  const head = passthroughResponseHeaders(answer.headers, call, target.location);
  for (const [name, value] of target.limitHeaders(answer)) head[name] = value;
  return head;
}

async function send(
  located: LocatedPassthrough,
  request: ProxiedRequest,
  services: Services,
): Promise<ProxiedAnswer> {
  const { call } = located;
  const { place, method } = request;
  try {
    const answer = await services.regions.stream(request);
    spend(call, answer, answer.headers);
    const id = requestIdOf(answer.headers);
    if (id !== undefined) call.requestId = id;
    // Whoever refuses a token refuses it for all; what others answer says nothing of a tenant.
    if (answer.status === 401) learnFrom(401, call, services);
    const isRefused = answer.status >= 400 && answer.status < 500;
    if (!isRefused) await end(located, services, answer.status >= 500);
    // From here on its head goes out, and what has begun to stream goes on to its end.
    const withdrawn = isRefused ? undefined : withdrawnFault(call, services);
    if (withdrawn !== undefined) {
      discard(answer);
      throw withdrawn;
    }
    return answer;
  } catch (thrown) {
    const error =
      thrown instanceof ExchangeError ? failureFault(thrown, method, place.endpoint.region) : thrown;
    if (mayHaveArrived(error)) await end(located, services, true);
    throw error;
  }
}

function adapted(
  { call, place }: LocatedPassthrough,
  answer: ProxiedAnswer,
  services: Services,
): ProxiedAnswer | Promise<ProxiedAnswer> {
  if (kindOf(place) === undefined) return answer;
  return withLinks(answer, call.method, (json, hrefs) =>
    services.links(place.account).rewriteBody(json, call.publicBase, place.endpoint.region, hrefs),
  );
}

/** What is cached is untrue after a write of what it shows. */
async function end(located: LocatedPassthrough, services: Services, isLost: boolean): Promise<void> {
  const { place, matched, path, call } = located;
  if (READS.has(call.method)) return;
  if (matched === undefined) return endUnknown(place, path, services);
  return endWritten({ ...matched, place }, services, isLost);
}

/** Where it leads, and what it is called. */
function pathOf({
  place,
  path,
  matched,
}: LocatedPassthrough): Pick<ProxiedRequest, 'base' | 'path' | 'label' | 'isCompute'> {
  const label = matched?.operation.name ?? OTHER_OPERATION;
  return isServicePlace(place)
    ? { base: '', path: servicePath(place.service, path), label, isCompute: false }
    : { base: place.endpoint.basePath, path, label, isCompute: true };
}

const kindOf = (place: Place): Service | undefined =>
  isServicePlace(place) ? serviceOf(place.service.type) : 'compute';

function serviceLocation(call: Call, { service, endpoint }: ServicePlace, url: string): string | undefined {
  const path = pathOfServiceUrl(service, url);
  return path === undefined ? undefined : serviceUrl(call.publicBase, endpoint.region, service.type) + path;
}
