import { Fault } from '../../faults/faults.ts';
import type { JsonObject } from '../../json.ts';
import type { RateView } from './counter.ts';
import type { RateLimit } from './limit.ts';

/** How `Retry-After` is written: a date cut to the second (Repose), or whole seconds (nova). */
export type RetryAfterForm = 'date' | 'seconds';

/** The 413 of a spent rate limit (guide section 1.11.1, Example 1.51). */
export function overLimitFault(
  over: { limit: RateLimit; retryAtMs: number },
  form: RetryAfterForm,
  nowMs: number,
): Fault {
  const { verb, uri, value, unit } = over.limit;
  const seconds = Math.max(1, Math.ceil((over.retryAtMs - nowMs) / 1000));
  return new Fault(
    'overLimit',
    'This request was rate-limited: wait until the time given, then send it again.',
    {
      details: `Only ${value} ${verb} request(s) can be made to ${uri || '*'} every ${unit.toLowerCase()}.`,
      retryAt: new Date(over.retryAtMs).toISOString(),
      headers: { 'retry-after': form === 'date' ? new Date(over.retryAtMs).toUTCString() : String(seconds) },
    },
  );
}

/** The `rate` member of `GET /limits` (Example 1.23): limits of one uri and regex stand together. */
export function rateDocument(views: readonly RateView[]): JsonObject[] {
  const groups = new Map<string, { uri: string; regex: string; limit: JsonObject[] }>();
  for (const view of views) {
    const key = `${view.limit.uri}\n${view.regex}`;
    const group = groups.get(key) ?? { uri: view.limit.uri, regex: view.regex, limit: [] };
    groups.set(key, group);
    group.limit.push({
      verb: view.limit.verb,
      value: view.limit.value,
      remaining: view.remaining,
      unit: view.limit.unit,
      'next-available': new Date(view.nextAvailableMs).toISOString(),
    });
  }
  return [...groups.values()].map((group) => ({ ...group }));
}
