import type { Call } from '../http/call.ts';
import type { KeyScope } from '../idempotency/key.ts';
import type { Place } from '../routing/directory.ts';

/** Whose an `Idempotency-Key` is: of two callers with tokens of their own neither is given the other's answer. */
export function keyScopeOf(call: Call, { account, endpoint }: Place, key: string): KeyScope {
  const client = call.caller?.user === undefined ? call.client : ` ${call.caller.user}`;
  return { client, account: account.cacheAs ?? account.name, tenant: endpoint.tenantId, key };
}
