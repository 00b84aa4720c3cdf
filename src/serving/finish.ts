import type { AuditLog } from '../access/audit.ts';
import type { Clock } from '../clock.ts';
import type { RequestFacts } from '../http/request-facts.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { RequestLog } from '../telemetry/request-log.ts';
import { statusLabel } from '../telemetry/status-label.ts';
import { traceIdOf } from '../telemetry/trace-id.ts';
import { auditEventOf, auditRecordOf } from './audit-record.ts';
import { requestLineOf } from './request-line.ts';

/** Counts and logs a finished request, once its status is known; writes, logins and refusals go to the audit log, too. */
export function createFinish(
  metrics: Metrics,
  log: RequestLog,
  audit: Pick<AuditLog, 'record'>,
  clock: Clock,
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
    if (log.wants(status, ms)) log.write(requestLineOf(call, status, bytes, ms));
  };
}
