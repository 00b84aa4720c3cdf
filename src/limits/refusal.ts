import { Fault } from '../faults/faults.ts';
import { describeLimit, type PublishedLimit } from './published/limit.ts';
import type { Refusal, RefusalReason } from './slot-request.ts';

/** A refusal, its wait rounded up to whole seconds so that a caller who obeys does not come back too early. */
export function refusal(reason: RefusalReason, waitMs: number, limit?: PublishedLimit): Refusal {
  const seconds = Number.isFinite(waitMs) ? Math.max(1, Math.ceil(waitMs / 1000)) : 86_400;
  return { refused: true, reason, retryAfterSeconds: seconds, limit };
}

const MESSAGES: Readonly<Record<RefusalReason, (limit: string) => string>> = {
  wait: (limit) =>
    `The request would wait longer than it may for a slot of ${limit}. Send it again after Retry-After, or allow a longer wait.`,
  spent: (limit) => `${limit} is used up. Send the request again after Retry-After.`,
  forbidden: (limit) => `${limit}: the account may not make this request at all.`,
  'queue-full': () => 'Too many requests wait for this region already. Send it again after Retry-After.',
  'client-queue-full': () =>
    'Too many requests of this client wait for this region already. Send it again after Retry-After.',
  closed: () => 'Sluice is shutting down. Send the request again.',
};

/**
 * A refusal as the guide's overLimit (1.11, Example 1.51) with integer Retry-After and `retryAt`, naming the limit.
 * @param nowWall ms since the epoch, for `retryAt`
 */
export function refusalFault(
  refused: Refusal,
  options: { overLimitStatus: 413 | 429; nowWall?: number },
): Fault {
  const retryAt = new Date((options.nowWall ?? Date.now()) + refused.retryAfterSeconds * 1000);
  const limit = refused.limit
    ? `the rate limit ${describeLimit(refused.limit)}`
    : 'the region, which asked for a pause';
  const message = MESSAGES[refused.reason](limit);
  if (refused.reason === 'closed')
    return new Fault('serviceUnavailable', message, {
      reason: 'stopping',
      headers: { 'retry-after': '1' },
    });
  return new Fault('overLimit', message.charAt(0).toUpperCase() + message.slice(1), {
    code: options.overLimitStatus,
    reason: `limit-${refused.reason}`,
    retryAt: retryAt.toISOString().replace(/\.\d+Z$/, 'Z'),
    headers: { 'retry-after': `${refused.retryAfterSeconds}` },
  });
}
