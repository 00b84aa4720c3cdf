import type { AuditRecord } from '../access/audit.ts';
import { isRead } from '../access/grants.ts';
import type { RequestFacts } from '../http/request-facts.ts';

/** What a finished request is to the audit log, if it is anything: a write, a login or a refusal. */
export function auditEventOf({
  isLogin,
  refusedFor,
  method,
  account,
}: RequestFacts): AuditRecord['event'] | undefined {
  if (isLogin) return 'login';
  if (refusedFor !== '') return 'refusal';
  return isRead(method) || account === '' ? undefined : 'write';
}

/** Who did it, to what, and how that went: names alone, nothing that a caller has written. */
export function auditRecordOf(
  call: RequestFacts,
  event: AuditRecord['event'],
  status: number,
  timeMs: number,
): AuditRecord {
  const { identity, route, client, address, account, region, service, operation, method } = call;
  const { match } = route;
  const params = match !== undefined && 'params' in match ? match.params : undefined;
  return {
    event,
    timeMs,
    client: call.caller === undefined && client === 'anonymous' ? '' : client,
    key: identity?.kind === 'client' ? identity.keyName : '',
    user: call.caller?.user,
    address,
    account,
    region,
    service: account === '' ? '' : service,
    operation: event === 'login' ? 'login' : operation,
    method,
    // What the path names first is what it is about; what follows is a part of that.
    resource: Object.values(params ?? {})[0] ?? '',
    status,
    requestId: call.requestId,
    waitMs: Math.round(call.waitedMs),
    reason: call.refusedFor || undefined,
  };
}
