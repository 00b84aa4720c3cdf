import type { Cancellation } from '../upstream/cancellation.ts';
import type { RegionAnswer, UpstreamRequest } from '../upstream/region.ts';
import type { OperationRequest } from './operation-request.ts';
import { learnFrom, ownTokenOf } from './own-token.ts';
import type { Services } from './services.ts';
import { longestWaitMs, priorityOf } from './wait.ts';

/** How a request is sent that is not simply its caller's. */
export interface Sending {
  /** Whoever waits for the answer; the caller unless it says otherwise. */
  readonly cancellation?: Cancellation;
  /** See `RegionRequest`. */
  readonly beforeSending?: () => Promise<void>;
}

/** Sends a request to its region on the caller's behalf. */
export async function askRegion(
  request: OperationRequest,
  body: Buffer | string | undefined,
  services: Services,
  sending: Sending = {},
): Promise<RegionAnswer> {
  const answered = await services.regions.ask(upstreamRequest(request, body, services, sending));
  // Whoever refuses a token refuses it for all; what other services answer says nothing of a tenant.
  const { scope } = request.operation;
  if (scope === 'tenant' || (scope === 'service' && answered.status === 401))
    learnFrom(answered.status, request.call, request.place, services);
  request.call.waitedMs += answered.waitedMs;
  request.call.upstreamMs += answered.upstreamMs;
  return answered;
}

function upstreamRequest(
  request: OperationRequest,
  body: Buffer | string | undefined,
  services: Services,
  { cancellation = request.call, beforeSending }: Sending,
): UpstreamRequest {
  const { call, operation, place } = request;
  const client = services.clients.get(call.client);
  return {
    operation,
    method: operation.method,
    place,
    path: request.path,
    query: request.query,
    headers: call.headers,
    body,
    shared: operation.cache !== null,
    client: call.client,
    knownClient: client?.name,
    // Version documents of Compute are for everybody: who asks says nothing about a token, nor a token about the answer.
    ownToken: operation.scope === 'tenant' || operation.scope === 'service' ? ownTokenOf(call) : undefined,
    priority: priorityOf(call),
    maxWaitMs: longestWaitMs(call, services.settings.limits.maxWaitMs, client),
    beforeSending,
    cancellation,
  };
}
