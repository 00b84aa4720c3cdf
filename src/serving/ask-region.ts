import { Fault } from '../faults/faults.ts';
import type { Call } from '../http/call.ts';
import { serviceNameOf } from '../identity/service-types.ts';
import { serviceTypeOf } from '../routing/service-place.ts';
import type { Span } from '../telemetry/tracing.ts';
import type { Cancellation } from '../upstream/cancellation.ts';
import { microversionOf } from '../upstream/microversion.ts';
import type { RegionAnswer, UpstreamRequest } from '../upstream/region.ts';
import type { WaitWatch } from '../upstream/request.ts';
import { type Spending, spend } from '../upstream/spending.ts';
import type { OperationRequest } from './operation-request.ts';
import { learnFrom, ownTokenOf } from './own-token.ts';
import type { Services } from './services.ts';
import { whileGood, withdrawnFault } from './still-good.ts';
import { longestWaitMs, priorityOf } from './wait.ts';

/** How a request is sent that is not simply its caller's. */
export interface Sending {
  /** Whoever waits for the answer; the caller unless it says otherwise. */
  readonly cancellation?: Cancellation;
  /** See `RegionRequest`. */
  readonly beforeSending?: () => Promise<void>;
  /** See `RegionRequest`. */
  readonly waiting?: WaitWatch;
  /** Where its cost is added; the caller's request when left out. */
  readonly spending?: Spending;
  /** What it is a part of; the caller's request when left out. */
  readonly trace?: Span | undefined;
}

/**
 * A read that is not cached: identical ones that wait for a slot are answered together, see `SharedReads`.
 *
 * @throws {Fault} no answer
 */
export async function readRegion(
  request: OperationRequest,
  services: Services,
  cancellation: Cancellation = request.call,
): Promise<RegionAnswer> {
  const { call, operation, place } = request;
  const { clock, metrics, sharedReads } = services;
  const begun = clock.monotonic();
  const own: Spending = { waitedMs: 0, upstreamMs: 0, attempts: 0 };
  const sharing = sharedReads.ask(
    () => keyOf(request),
    { caller: cancellation, patienceMs: patienceOf(call, services) },
    (terms) => askRegion(request, undefined, services, { ...terms, spending: own }),
  );
  const { answer, isShared } = await sharing.then(
    (outcome) => {
      if (!outcome.isShared) spend(call, own);
      return outcome;
    },
    (error: unknown) => {
      spend(call, own);
      // The one that was sent for this one may have lost its own key meanwhile.
      if (!isOfCaller(error) || withdrawnFault(call, services) !== undefined) throw error;
      const alone = askRegion(request, undefined, services, { cancellation });
      return alone.then((answer) => ({ answer, isShared: false }));
    },
  );
  if (isShared) {
    const [account, region] = [place.account.name, place.endpoint.region];
    metrics.limitShared.inc(account, region, serviceNameOf(serviceTypeOf(place)), operation.name);
    call.upstreamMs += answer.upstreamMs;
    call.waitedMs += Math.max(0, clock.monotonic() - begun - answer.upstreamMs);
  }
  return answer;
}

/** Whether a failure is about whoever asked, and not about what was asked. */
const isOfCaller = (error: unknown): boolean =>
  error instanceof Fault && (error.fault === 'unauthorized' || error.fault === 'forbidden');

/** How long a request may wait, for a slot or for another one in its stead, ms. */
export function patienceOf(call: Call, { settings, clients }: Services): number {
  return longestWaitMs(call, settings.limits.maxWaitMs, clients.get(call.client));
}

/** All that a read's answer depends on: whose it is, what is asked, and in which version and language. */
function keyOf(request: OperationRequest): string {
  const { call, operation, place, path, query } = request;
  const { account, endpoint } = place;
  const whose = [
    account.name,
    endpoint.region,
    serviceTypeOf(place),
    endpoint.tenantId,
    ownTokenOf(call) ?? null,
  ];
  const language = call.header('accept-language') ?? null;
  return JSON.stringify([...whose, operation.name, path, query, microversionOf(call.headers), language]);
}

/** The id that lines about decisions bear, while anybody wants to read them: one is not made in vain. */
export function debugIdOf(call: Call, { log }: Services): string | undefined {
  return log.isLevelEnabled('debug') ? call.requestId : undefined;
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
    learnFrom(answered.status, request.call, services);
  spend(sending.spending ?? request.call, answered, answered.headers);
  return answered;
}

function upstreamRequest(
  request: OperationRequest,
  body: Buffer | string | undefined,
  services: Services,
  {
    cancellation = request.call,
    spending = request.call,
    beforeSending,
    waiting,
    trace = request.call.trace,
  }: Sending,
): UpstreamRequest {
  const { call, operation, place } = request;
  // What is fetched for the cache is fetched for all who wait for it.
  const isForAll = operation.cache !== null;
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
    requestId: debugIdOf(call, services),
    knownClient: services.clients.get(call.client)?.name,
    // Version documents of Compute are for everybody: who asks says nothing about a token, nor a token about the answer.
    ownToken: operation.scope === 'tenant' || operation.scope === 'service' ? ownTokenOf(call) : undefined,
    priority: priorityOf(call),
    maxWaitMs: patienceOf(call, services),
    beforeSending: isForAll ? beforeSending : whileGood(call, services, beforeSending),
    spending,
    waiting,
    cancellation,
    trace,
  };
}
