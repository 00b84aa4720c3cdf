import { serviceNameOf } from '../identity/service-types.ts';
import type { Priority, SlotRequest } from '../limits/slot-request.ts';
import type { ServicePlace } from '../routing/service-place.ts';
import type { RegionRequest } from './request.ts';

/** The service whose limits GET /limits publishes. */
export const COMPUTE = 'compute';

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
    this.service = 'service' in place ? serviceNameOf((place as ServicePlace).service.type) : COMPUTE;
    this.isUnpublished = isUnpublished;
    this.path = request.path;
    this.fullPath = base + request.path;
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
