import type { RequestFacts } from '../http/request-facts.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { RequestLog } from '../telemetry/request-log.ts';
import { statusLabel } from '../telemetry/status-label.ts';

/** Counts and logs a finished request, once its status is known. */
export function createFinish(
  metrics: Metrics,
  log: RequestLog,
  now: () => number,
): (call: RequestFacts, status: number) => void {
  return (call, status) => {
    if (call.isFinished) return;
    call.isFinished = true;
    const ms = now() - call.startedAt;
    const { account, region, operation, method, client, cache } = call;
    metrics.httpRequests.inc(account, region, operation, method, statusLabel(status), client);
    metrics.httpDuration.observe(ms / 1000, region, operation, cache);
    if (!log.wants(status)) return;
    log.write({
      id: call.requestId,
      method,
      operation,
      region,
      account,
      client,
      status,
      cache,
      waitMs: Math.round(call.waitedMs),
      upstreamMs: Math.round(call.upstreamMs * 10) / 10,
      ms: Math.round(ms * 1000) / 1000,
    });
  };
}
