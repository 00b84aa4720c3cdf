import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../clock.ts';
import { serviceNameOf } from '../identity/service-types.ts';
import type { Permit, Priority, Refusal, SlotRequest } from '../limits/slot-request.ts';
import { isServicePlace } from '../routing/service-place.ts';
import { inSpan } from './attempt-span.ts';
import type { ExchangeError, ExchangeWatch } from './exchange.ts';
import type { RegionRequest } from './request.ts';

/**
 * What the limits are asked for by a request to a region; the signal is made only if the request has to queue. A class,
 * for its getter: an object literal with one gives every request a hidden class of its own, which the collector then
 * drags along.
 */
export class RegionSlot implements SlotRequest {
  readonly method: string;
  readonly service: string;
  readonly isUnpublished: boolean;
  readonly path: string;
  readonly fullPath: string;
  readonly query: string;
  readonly client: string;
  readonly priority: Priority;
  readonly maxWaitMs: number;
  readonly again: boolean;
  readonly #cancellation: RegionRequest['cancellation'];

  /**
   * @param base path at the origin below which the request's path stands
   * @param isUnpublished the published limits are not about it
   * @param again the region refused it for a rate: it goes to the head of its queue
   */
  constructor(
    request: RegionRequest,
    base: string,
    isUnpublished: boolean,
    maxWaitMs: number,
    again: boolean,
  ) {
    const { place } = request;
    this.method = request.method;
    this.service = isServicePlace(place) ? serviceNameOf(place.service.type) : 'compute';
    this.isUnpublished = isUnpublished;
    this.fullPath = base + request.path;
    this.path = isServicePlace(place) ? belowVersion(this.fullPath, place.endpoint.basePath) : request.path;
    this.query = request.query;
    this.client = request.client;
    this.priority = request.priority;
    this.maxWaitMs = Math.max(0, maxWaitMs);
    this.again = again;
    this.#cancellation = request.cancellation;
  }

  get signal(): AbortSignal | undefined {
    return this.#cancellation?.signal;
  }
}

/** The path of a service as its limits name it: `/networks` of `/v2.0/networks`, `/volumes` of `/v3/{project}/volumes`. */
function belowVersion(path: string, basePath: string): string {
  const isBelow = basePath !== '' && path.startsWith(`${basePath}/`);
  // A catalog may name a service without its version: what is asked has it then.
  const below = isBelow ? path.slice(basePath.length) : path;
  return below.slice((/^\/v\d[^/]*(?=\/)/.exec(below)?.[0] ?? '').length);
}

/** Tells a permit how far the exchange that it is for has got. */
export class PermitWatch implements ExchangeWatch {
  readonly #permit: Permit;
  #isQueued = false;
  #headers: IncomingHttpHeaders | undefined;

  constructor(permit: Permit) {
    this.#permit = permit;
  }

  /** It has a connection, and the region has said nothing so far. */
  get isUnanswered(): boolean {
    return !this.#isQueued && this.#headers === undefined;
  }

  /** Those of the answer, once its head is here. */
  get headers(): IncomingHttpHeaders | undefined {
    return this.#headers;
  }

  queued(): void {
    this.#isQueued = true;
    this.#permit.queued();
  }

  sent(): void {
    this.#isQueued = false;
    this.#permit.sent();
  }

  head(status: number, headers: IncomingHttpHeaders): void {
    this.#headers = headers;
    this.#permit.answered(status, headers);
  }

  /** The exchange is over without an answer; with its head the permit is used up. */
  ended({ kind, sent }: ExchangeError): void {
    if (this.#headers !== undefined) return;
    if (kind === 'aborted' && sent) this.#permit.lost();
    else if (sent) this.#permit.answered();
    else this.#permit.cancel();
  }
}

/**
 * Waits for a slot; whoever wants to know that is told.
 *
 * @param call gets the time that was waited in vain; a permit says its own
 */
export async function waitForSlot(
  asked: Promise<Permit | Refusal>,
  request: RegionRequest,
  call: { waitedMs: number; readonly means: { readonly clock: Pick<Clock, 'monotonic'> } },
): Promise<Permit | Refusal> {
  const { waiting } = request;
  const { clock } = call.means;
  const begun = clock.monotonic();
  waiting?.begin();
  let isGranted = false;
  try {
    const permit = await inSpan('wait for a slot', request, asked);
    isGranted = permit.refused === undefined;
    return permit;
  } finally {
    if (!isGranted) call.waitedMs += clock.monotonic() - begun;
    waiting?.end(isGranted);
  }
}

/**
 * Tells that an attempt is about to be sent; a slot for one that then is not is given back.
 *
 * @returns undefined when there is nothing to wait for
 */
export function announce(
  beforeSending: () => Promise<void> | undefined,
  permit: Permit,
): Promise<void> | undefined {
  const unsent = (error: unknown): never => {
    permit.cancel();
    throw error;
  };
  try {
    return beforeSending()?.catch(unsent);
  } catch (error) {
    return unsent(error);
  }
}

const NO_PLACE: ReadonlySet<Refusal['reason']> = new Set(['wait', 'queue-full', 'client-queue-full']);

/** Whether another request that waits could be sent for one that was refused so. */
export const mayRideAlong = ({ reason }: Refusal): boolean => NO_PLACE.has(reason);
