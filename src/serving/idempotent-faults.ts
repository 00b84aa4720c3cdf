import { Fault } from '../faults/faults.ts';
import { LostAnswer } from '../upstream/failure.ts';
import type { OperationRequest } from './operation-request.ts';

/** What callers are told of keyed requests that are not answered by the region. */

/** 409: the first one has no answer yet, and may be waited for no longer. */
export const runningFault = (): Fault =>
  new Fault(
    'conflictingRequest',
    'The first request with this Idempotency-Key is still under way: send it again in a moment.',
    { headers: { 'retry-after': '1' } },
  );

/** 422: the key is another request's. */
export const mismatchFault = (): Fault =>
  new Fault(
    'badRequest',
    'This Idempotency-Key was used for another request: another path, query or body. Use a new key for it.',
    { code: 422 },
  );

/**
 * 500: it was sent, and nobody knows what became of it.
 *
 * @param reason the gateway's own, if that is why
 */
export function unknownFault(request: OperationRequest, reason?: 'stopping'): Fault {
  const { region } = request.place.endpoint;
  const { name, creates } = request.operation;
  const next =
    creates === undefined
      ? 'That cannot be found out: look, and use a new key to have it done again.'
      : 'Send it again with the same Idempotency-Key: that finds out, and never does it twice.';
  return new Fault(
    'computeFault',
    `Region ${region} has not answered this ${name}; it may have been done. ${next}`,
    {
      cause: new LostAnswer(`no answer to ${name}`),
      ...(reason === undefined ? {} : { reason }),
      ...(creates === undefined ? {} : { headers: { 'retry-after': '5' } }),
    },
  );
}
