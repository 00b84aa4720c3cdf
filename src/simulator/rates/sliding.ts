import type { JsonValue } from '../../json.ts';
import type { RateCounter } from './counter.ts';
import type { CompiledLimit } from './limit.ts';

/**
 * Sliding logs, as Repose 2.9 counts: every accepted request holds one slot for one unit; a refused one holds nothing;
 * only the first limit that matches is charged, so the order of the table matters.
 */
export function createSlidingLogs(limits: readonly CompiledLimit[]): RateCounter {
  const logs = limits.map(() => [] as number[]);

  /** Drops the slots that have run out; what is left is in order of expiry. */
  const live = (index: number, now: number): number[] => {
    const log = logs[index]!;
    const dead = log.findIndex((expiresMs) => expiresMs > now);
    log.splice(0, dead === -1 ? log.length : dead);
    return log;
  };

  return {
    charge(request, now) {
      const index = limits.findIndex((limit) => limit.capture(request) !== null);
      if (index === -1) return { kind: 'allowed' };
      const { limit, unitMs } = limits[index]!;
      const log = live(index, now);
      if (log.length >= limit.value) return { kind: 'over', limit, retryAtMs: log[0] ?? now + unitMs };
      log.push(now + unitMs);
      return { kind: 'allowed' };
    },
    view: (now) =>
      limits.map(({ limit, regex }, index) => {
        const log = live(index, now);
        return { limit, regex, remaining: limit.value - log.length, nextAvailableMs: log[0] ?? now };
      }),
    snapshot: (now) =>
      limits.map((_, index) => {
        const log = live(index, now);
        return log.length === 0 ? null : [...log];
      }),
    restore(counts) {
      for (const [index, slots] of counts.entries()) logs[index] = isNumbers(slots) ? [...slots] : [];
    },
  };
}

const isNumbers = (value: JsonValue): value is number[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'number');
