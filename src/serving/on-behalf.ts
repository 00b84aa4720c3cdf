import type { Operation } from '../operations/operation.ts';
import { cancellationOf } from '../upstream/cancellation.ts';
import type { RegionAnswer } from '../upstream/region.ts';
import type { OperationRequest } from './operation-request.ts';
import { ownTokenOf } from './own-token.ts';
import type { Services } from './services.ts';
import { BACKGROUND } from './wait.ts';

/** How long an answer may take, a wait for a slot included, ms. */
const TIMEOUT_MS = 20_000;

/**
 * Asks a region on behalf of one request for something that its caller has not asked for: with the same token and headers, for as
 * long as that takes, whether or not the caller is still there.
 *
 * @param path below the tenant
 * @throws {Fault} what the way to the region throws
 */
export function askOnBehalf(
  { call, place }: OperationRequest,
  { operation, path, query = '' }: { operation: Operation; path: string; query?: string },
  services: Services,
): Promise<RegionAnswer> {
  return services.regions.ask({
    operation,
    method: operation.method,
    place,
    path,
    query,
    headers: call.headers,
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
