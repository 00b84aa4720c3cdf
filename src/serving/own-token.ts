/**
 * Callers with an upstream token of their own (`access.passThrough`). It goes up as it is; what is cached for a tenant is
 * theirs only while an answer has proven the token, see access/own-tokens.ts.
 */
import type { Asking } from '../access/upstream-callers.ts';
import { Fault } from '../faults/faults.ts';
import type { Call } from '../http/call.ts';
import type { RequestFacts } from '../http/request-facts.ts';
import type { OwnCaller } from './own-callers.ts';
import type { Services } from './services.ts';

/** The caller's own upstream token; undefined: it is asked with the account's. */
export function ownTokenOf({ identity }: RequestFacts): string | undefined {
  return identity?.kind === 'upstream' ? identity.token : undefined;
}

/** Whether what is cached for a caller's tenant may go to it: it has no other tenant's place to ask about. */
export function mayHaveCached(call: RequestFacts, { ownCallers }: Services): boolean {
  const token = ownTokenOf(call);
  return token === undefined || ownCallers.isProven(token);
}

/** Learns from an answer below a tenant whether the caller's own token is still good. */
export function learnFrom(status: number, call: RequestFacts, { ownCallers }: Services): void {
  const token = ownTokenOf(call);
  if (token === undefined) return;
  if (status === 401) ownCallers.forget(token);
  else if (status >= 200 && status <= 299) ownCallers.prove(token, call.terms.proofTtlMs);
}

/**
 * Finds out whose a token is that was never seen, before anything else is done for it.
 *
 * @throws {Fault} 401 for one of nobody; 429 or 503 with Retry-After
 */
export async function meetOwnToken(call: Call, token: string, { ownCallers }: Services): Promise<OwnCaller> {
  try {
    const { owner } = await ownCallers.validate(token, namedTenant(call), askingOf(call));
    call.caller = owner.caller;
    call.client = owner.caller.client;
    return owner;
  } catch (error) {
    if (error instanceof Fault) call.refusedFor = error.code === 401 ? 'foreign-token' : 'too-many-failures';
    throw error;
  }
}

/** Who asks the identity services, as far as they are to be spared. */
export const askingOf = ({ address, terms }: RequestFacts): Asking => ({ address, ttlMs: terms.proofTtlMs });

/** The tenant that the path names. */
function namedTenant({ route: { target } }: RequestFacts): string | undefined {
  const tenant = 'tenant' in target ? target.tenant : '-';
  return tenant === '-' ? undefined : tenant;
}
