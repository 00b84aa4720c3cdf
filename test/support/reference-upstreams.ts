/**
 * The three ways in which real regions enforce a rate limit, as plain models: what the shaper is checked against. Each counts
 * requests at the time they reach the region, in ms of the region's own clock.
 */
export interface ReferenceLimiter {
  /** Whether a request that arrives now is let through. */
  arrive(now: number): boolean;
  /** The limit is another from now on. What was counted stays counted, save in buckets: they are in a process's memory. */
  change(value: number): void;
}

export type LimiterKind = 'sliding' | 'fixed' | 'leaky';
export const LIMITER_KINDS: readonly LimiterKind[] = ['sliding', 'fixed', 'leaky'];

export function createReferenceLimiter(kind: LimiterKind, value: number, unitMs: number): ReferenceLimiter {
  if (kind === 'sliding') return slidingLog(value, unitMs);
  return kind === 'fixed' ? fixedWindow(value, unitMs) : leakyBucket(value, unitMs);
}

/** One expiry per accepted request; rejected ones do not count. */
function slidingLog(initial: number, unitMs: number): ReferenceLimiter {
  let value = initial;
  const expiries: number[] = [];
  return {
    arrive(now) {
      while (expiries.length > 0 && expiries[0]! <= now) expiries.shift();
      if (expiries.length >= value) return false;
      expiries.push(now + unitMs);
      return true;
    },
    change(next) {
      value = next;
    },
  };
}

/** A window begins at the first request and is over strictly after its end; rejected requests count, too. */
function fixedWindow(initial: number, unitMs: number): ReferenceLimiter {
  let value = initial;
  let endsAt = Number.NEGATIVE_INFINITY;
  let count = 0;
  return {
    arrive(now) {
      if (now > endsAt) {
        endsAt = now + unitMs;
        count = 0;
      }
      return ++count <= value;
    },
    change(next) {
      value = next;
    },
  };
}

/** A bucket of `value` that drains `value` per unit; what would overflow is refused and not counted. */
function leakyBucket(initial: number, unitMs: number): ReferenceLimiter {
  let value = initial;
  let level = 0;
  let last = Number.NEGATIVE_INFINITY;
  return {
    arrive(now) {
      level = Math.max(0, level - ((now - last) * value) / unitMs);
      last = now;
      // A bucket in floating point overflows by rounding alone at its very brim.
      if (level + 1 > value + 1e-9) return false;
      level += 1;
      return true;
    },
    change(next) {
      value = next;
      level = 0;
    },
  };
}
