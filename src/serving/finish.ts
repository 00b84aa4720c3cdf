import type { AuditLog } from '../access/audit.ts';
import type { Clock } from '../clock.ts';
import type { RequestFacts } from '../http/request-facts.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { NotableRequests } from '../telemetry/notable-requests.ts';
import type { RequestLog } from '../telemetry/request-log.ts';
import { statusLabel } from '../telemetry/status-label.ts';
import { traceIdOf } from '../telemetry/trace-id.ts';
import type { Span } from '../telemetry/tracing.ts';
import { auditEventOf, auditRecordOf } from './audit-record.ts';
import { notableOf, requestLineOf } from './request-line.ts';

/** Counts and logs a finished request, once its status is known; writes, logins and refusals go to the audit log, too. */
export function createFinish(
  metrics: Metrics,
  log: RequestLog,
  audit: Pick<AuditLog, 'record'>,
  clock: Clock,
  notable: NotableRequests,
): (call: RequestFacts, status: number, bytes: number) => void {
  return (call, status, bytes) => {
    if (call.isFinished) return;
    call.isFinished = true;
    const ms = clock.monotonic() - call.startedAt;
    const { account, region, operation, method, client, cache } = call;
    metrics.httpRequests.count(bytes, account, region, operation, method, statusLabel(status), client);
    const traceId = traceIdOf(call.headers['traceparent']);
    if (traceId === undefined) metrics.httpDuration.observe(ms / 1000, region, operation, cache);
    else {
      const exemplar = { traceId, value: ms / 1000, at: clock.now() / 1000 };
      metrics.httpDuration.observeTraced(exemplar, region, operation, cache);
    }
    const event = auditEventOf(call);
    if (event !== undefined) audit.record(auditRecordOf(call, event, status, clock.now()));
    const isRefused = call.errorType !== '';
    if (notable.wants(ms, isRefused)) notable.note(notableOf(call, status, ms, clock.now()));
    if (call.trace !== undefined) endTrace(call, call.trace, status);
    if (log.wants(status, ms)) log.write(requestLineOf(call, status, bytes, ms));
  };
}

/** Says what a request was. The cache's part of a hit is over before anybody could have begun it. */
function endTrace(call: RequestFacts, trace: Span, status: number): void {
  const { account, region, operation, method, client, cache, service, requestId } = call;
  if (cache === 'hit' || cache === 'stale')
    trace.past('cache', 'internal', 0, { 'sluice.cache.verdict': cache });
  trace.end(
    {
      'span.name': `${method} ${operation}`,
      'http.request.method': method,
      'http.response.status_code': status,
      'sluice.operation': operation,
      'sluice.service': service,
      'sluice.account': account,
      'sluice.region': region,
      'sluice.client': client,
      'sluice.cache.verdict': cache,
      'sluice.request_id': requestId,
      'sluice.limit.wait_ms': Math.round(call.waitedMs),
    },
    status >= 500 ? String(status) : undefined,
  );
}
