import type { Clock } from '../../../src/clock.ts';
import type { IdempotencyRecord } from '../../../src/idempotency/record.ts';

/** A day: how long records are kept, ms. */
export const KEEP_MS = 86_400_000;

/** A request that begins now and waits to be sent. */
export const recordAt = (clock: Clock, over: Partial<IdempotencyRecord> = {}): IdempotencyRecord => ({
  state: 'waiting',
  fingerprint: 'f',
  owner: 'o',
  leaseUntil: clock.now() + 15_000,
  startedAt: clock.now(),
  sentAt: 0,
  expiresAt: clock.now() + KEEP_MS,
  ...over,
});
