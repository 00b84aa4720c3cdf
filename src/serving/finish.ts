import type { Metrics } from '../telemetry/metrics.ts';
import type { RequestLine } from '../telemetry/request-log.ts';
import type { Call } from './call.ts';

/** Counts and logs a finished request, once its status is known. */
export function createFinish(
  metrics: Metrics,
  log: (line: RequestLine) => void,
  now: () => number,
): (call: Call, status: number) => void {
  return (call, status) => {
    const ms = now() - call.startedAt;
    metrics.httpRequests.inc(
      call.account,
      call.region,
      call.operation,
      call.method,
      String(status),
      call.client,
    );
    metrics.httpDuration.observe(
      { region: call.region, operation: call.operation, cache: call.cache },
      ms / 1000,
    );
    log({
      id: call.requestId,
      method: call.method,
      operation: call.operation,
      region: call.region,
      account: call.account,
      client: call.client,
      status,
      cache: call.cache,
      waitMs: Math.round(call.waitedMs),
      upstreamMs: Math.round(call.upstreamMs * 10) / 10,
      ms: Math.round(ms * 1000) / 1000,
    });
  };
}
