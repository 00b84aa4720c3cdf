/**
 * Callers with an upstream token of their own (`access.passThrough`). It goes up as it is; what is cached for a tenant is
 * theirs only once an answer has proven the token for that tenant, see access/proof.ts.
 */
import type { RequestFacts } from '../http/request-facts.ts';
import type { Place } from '../routing/directory.ts';
import type { Services } from './services.ts';

/** The caller's own upstream token; undefined: it is asked with the account's. */
export function ownTokenOf({ identity }: RequestFacts): string | undefined {
  return identity?.kind === 'upstream' ? identity.token : undefined;
}

/** Whether what is cached for a place may go to a caller. */
export function mayHaveCached(call: RequestFacts, { account, endpoint }: Place, services: Services): boolean {
  const token = ownTokenOf(call);
  return (
    token === undefined ||
    services.proofs.isProven(token, account.name, endpoint.tenantId, services.clock.now())
  );
}

/** Learns from an answer below a tenant what the caller's own token is good for. */
export function learnFrom(status: number, call: RequestFacts, place: Place, services: Services): void {
  const token = ownTokenOf(call);
  if (token === undefined) return;
  if (status === 401) services.proofs.forget(token);
  if (status < 200 || status > 299) return;
  const { account, endpoint } = place;
  const proof = { account: account.name, tenantId: endpoint.tenantId, ttlMs: call.terms.proofTtlMs };
  services.proofs.prove(token, proof, services.clock.now());
}
