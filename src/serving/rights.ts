/**
 * A caller's rights, as the front (locate.ts) asks for them: what needs none, what a caller may not hear of, and the one
 * question whether its grant has all that a request asks for.
 */
import { decideAccess, FULL_GRANT, OTHER_OPERATION } from '../access/grants.ts';
import { type RefusalReason, refusalOf } from '../access/identify.ts';
import { Fault } from '../faults/faults.ts';
import type { RequestFacts } from '../http/request-facts.ts';
import { UnknownTenant } from '../routing/directory.ts';
import type { Route } from '../routing/route.ts';
import { EVERYWHERE, OWN_TENANT, type Target } from '../routing/target.ts';

/**
 * Clients probe version documents before they have anything to show: these are for everybody, and no grant is about them.
 * Logins look for themselves at who asks.
 */
export function isPublic({ kind }: Target): boolean {
  return kind === 'identity' || kind === 'versions' || kind === 'version';
}

/** The fault for a caller that is nobody. */
export function nobody(call: RequestFacts): Fault {
  const reason = refusalReasonOf(call);
  call.refusedFor = reason;
  return refusalOf(reason);
}

/** Why a caller is nobody. */
export const refusalReasonOf = ({ identity }: RequestFacts): RefusalReason =>
  identity?.kind === 'refused' ? identity.reason : 'no-credential';

/** The tenant that a request means; undefined: that of the first account which has the region. */
export function tenantOf({ identity }: RequestFacts, named: string): string | undefined {
  return named === OWN_TENANT ? tenantOfToken(identity) : named;
}

/** The tenant that the caller's token was given out for. */
export function tenantOfToken(identity: RequestFacts['identity']): string | undefined {
  const claims = identity !== undefined && 'claims' in identity ? identity.claims : undefined;
  return claims?.tenantId || undefined;
}

/** Whether somebody asks for what others have is a matter for the audit log. */
export function refuseTenant(call: RequestFacts, error: unknown): never {
  if (error instanceof UnknownTenant && call.terms.access.mode === 'keys') call.refusedFor = 'account';
  throw error;
}

/**
 * Whether the grant of a located request's caller has all that it asks for.
 *
 * @param operation undefined: it is not known yet
 * @throws {Fault} 403, which says what the grant lacks
 */
export function checkRights(call: RequestFacts, operation: string | undefined): void {
  const { account, service, method } = call;
  const { grant, lastGranted } = call.caller!;
  if (grant === FULL_GRANT) return;
  const region = call.region === EVERYWHERE ? undefined : call.region;
  const last = lastGranted?.facts;
  if (
    last !== undefined &&
    last.operation === operation &&
    last.region === region &&
    last.account === account &&
    last.service === service &&
    last.method === method
  )
    return;
  const facts = { account, region, service, operation, method };
  const denial = decideAccess(grant, facts);
  if (denial === undefined) {
    if (lastGranted !== undefined) lastGranted.facts = facts;
    return;
  }
  call.refusedFor = denial.lacks;
  throw new Fault('forbidden', denial.message);
}

/** The operation that a route names, as grants know it; undefined: there is none, or none that is known yet. */
export function operationOf({ target, match }: Route): string | undefined {
  switch (match?.kind) {
    case 'operation':
      return match.operation.name;
    case 'action':
      return undefined;
    case undefined:
      return target.kind === 'service' ? OTHER_OPERATION : undefined;
    default:
      return OTHER_OPERATION;
  }
}
