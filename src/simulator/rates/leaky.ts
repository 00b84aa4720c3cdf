import { isJsonObject, type JsonValue } from '../../json.ts';
import type { RateCounter } from './counter.ts';
import type { CompiledLimit } from './limit.ts';

type Bucket = {
  /** How full, in ms: one request pours in `unit / value`, one ms drains one. */
  waterMs: number;
  touchedMs: number;
};

/**
 * Leaky buckets, as nova's own limiter counts: capacity `value`, draining `value` per unit. Every limit that matches is
 * charged; one that overflows takes its share back, the others keep theirs.
 */
export function createLeakyBuckets(limits: readonly CompiledLimit[]): RateCounter {
  const buckets = limits.map((): Bucket => ({ waterMs: 0, touchedMs: Number.NEGATIVE_INFINITY }));

  const drained = (index: number, now: number): Bucket => {
    const bucket = buckets[index]!;
    bucket.waterMs = Math.max(0, bucket.waterMs - Math.max(0, now - bucket.touchedMs));
    bucket.touchedMs = now;
    return bucket;
  };

  /** @returns ms until the request would fit; 0: it was poured in */
  const pour = (index: number, now: number): number => {
    const { limit, unitMs } = limits[index]!;
    if (limit.value === 0) return unitMs;
    const bucket = drained(index, now);
    const filled = bucket.waterMs + unitMs / limit.value;
    // A sum of fractions such as 3 x 1000/3 may pass the brim by a rounding error.
    if (filled > unitMs + 1e-6) return filled - unitMs;
    bucket.waterMs = filled;
    return 0;
  };

  return {
    charge(request, now) {
      let over: { index: number; waitMs: number } | undefined;
      for (const [index, { capture }] of limits.entries()) {
        if (capture(request) === null) continue;
        const waitMs = pour(index, now);
        if (waitMs > (over?.waitMs ?? 0)) over = { index, waitMs };
      }
      if (!over) return { kind: 'allowed' };
      return { kind: 'over', limit: limits[over.index]!.limit, retryAtMs: now + over.waitMs };
    },
    view: (now) =>
      limits.map(({ limit, regex, unitMs }, index) => {
        if (limit.value === 0) return { limit, regex, remaining: 0, nextAvailableMs: now };
        const { waterMs } = drained(index, now);
        const share = unitMs / limit.value;
        const remaining = Math.floor((unitMs - waterMs) / share + 1e-6);
        return { limit, regex, remaining, nextAvailableMs: now + Math.max(0, waterMs + share - unitMs) };
      }),
    snapshot: (now) =>
      limits.map((_, index) => {
        const { waterMs } = drained(index, now);
        return waterMs === 0 ? null : { waterMs, touchedMs: now };
      }),
    restore(counts) {
      for (const [index, saved] of counts.entries()) if (isBucket(saved)) buckets[index] = { ...saved };
    },
  };
}

const isBucket = (value: JsonValue): value is Bucket =>
  isJsonObject(value) && typeof value['waterMs'] === 'number' && typeof value['touchedMs'] === 'number';
