import type { Operation } from '../operations/operation.ts';
import { cancellationOf } from '../upstream/cancellation.ts';
import { withoutMicroversion } from '../upstream/microversion.ts';
import type { RegionAnswer } from '../upstream/region.ts';
import type { OperationRequest } from './operation-request.ts';
import { ownTokenOf } from './own-token.ts';
import type { Services } from './services.ts';
import { BACKGROUND } from './wait.ts';

/** How long an answer may take, a wait for a slot included, ms. */
const TIMEOUT_MS = 20_000;

/** What is asked for. */
interface Question {
  readonly operation: Operation;
  /** Below the tenant. */
  readonly path: string;
  readonly query?: string;
  /** See `Awaited`. */
  readonly isGone?: true | undefined;
}

/**
 * Asks a region on behalf of one request for something that its caller has not asked for: with the same token and headers, for as
 * long as that takes, whether or not the caller is still there.
 *
 * @throws {Fault} what the way to the region throws
 */
export function askOnBehalf(
  { call, place }: OperationRequest,
  { operation, path, query = '', isGone }: Question,
  services: Services,
): Promise<RegionAnswer> {
  return services.regions.ask({
    operation,
    method: operation.method,
    place,
    path,
    query,
    headers: isGone ? withoutMicroversion(call.headers) : call.headers,
    body: undefined,
    shared: false,
    // Nobody's own limits pay for what it has not asked for, and a poll is for all who wait.
    client: BACKGROUND,
    ownToken: ownTokenOf(call),
    priority: 'interactive',
    maxWaitMs: TIMEOUT_MS,
    cancellation: cancellationOf(AbortSignal.timeout(TIMEOUT_MS)),
  });
}
