/**
 * Requests that are under way while what their callers were let in with is taken away: by a reload, or because the token
 * was given back, here or at another instance. They are looked at again before they wait for a region in vain and before
 * their answer's head is written: from the line in the log on, or from the answer to `DELETE` on, nobody hears anything good
 * with a key or token that is gone.
 */
import { decideAccess, OPERATION_NAMES } from '../access/grants.ts';
import type { Identity, RefusalReason } from '../access/identify.ts';
import { Fault } from '../faults/faults.ts';
import type { RequestFacts } from '../http/request-facts.ts';
import { EVERYWHERE } from '../routing/target.ts';
import type { Services } from './services.ts';

/**
 * Why a request may not be answered any more; undefined: it may.
 *
 * @param services those that let it in; while they are in force, and no token was given back, nothing is looked at
 */
export function withdrawnFault(call: RequestFacts, services: Services): Fault | undefined {
  const { identity } = call;
  if (identity?.kind !== 'client') return undefined;
  if (isReturned(identity, services)) return gone(call, 'revoked-token');
  const latest = services.latest();
  if (latest === services) return undefined;
  const client = clientNow(identity, latest);
  if (client === undefined) return gone(call, 'removed-client');
  const { account, region, service, method, operation } = call;
  if (account === '') return undefined;
  const isEverywhere = region === EVERYWHERE;
  const denial = decideAccess(client.grant, {
    account,
    region: isEverywhere || region === '' ? undefined : region,
    service,
    method,
    operation: KNOWN.has(operation) ? operation : undefined,
  });
  if (denial === undefined) return undefined;
  call.refusedFor = denial.lacks;
  return new Fault(
    'forbidden',
    `${denial.message} It was taken away while the request was under way.`.trim(),
  );
}

/**
 * What a request does before it is sent: one that has waited while its caller was shut out is not sent any more.
 *
 * @param next what else is to be done then
 */
export function whileGood(
  call: RequestFacts,
  services: Services,
  next?: () => Promise<void>,
): () => Promise<void> | undefined {
  return () => {
    const withdrawn = withdrawnFault(call, services);
    if (withdrawn !== undefined) throw withdrawn;
    return next?.();
  };
}

/** What is asked of every region at once has names of its own, see `Operation.acrossRegions`. */
const KNOWN: ReadonlySet<string> = new Set(OPERATION_NAMES);

const GONE =
  'This key or token was taken away while the request was under way. If the request was a write, it may have been done.';

function gone(call: RequestFacts, reason: RefusalReason): Fault {
  call.refusedFor = reason;
  return new Fault('unauthorized', GONE, { headers: { 'www-authenticate': 'Bearer realm="sluice"' } });
}

/** Whether the token that was shown has been given back since it was looked at. */
function isReturned({ token, claims }: Identity & { kind: 'client' }, { revocations }: Services): boolean {
  if (token === undefined || claims === undefined || token.revokedVersion === revocations.version)
    return false;
  return revocations.has(token.id, claims.expiresAtMs);
}

/** The client under the configuration in force, if what was shown is still good there. */
function clientNow(
  { client: { name, certificates }, key, claims, endsAtMs }: Identity & { kind: 'client' },
  { registry, clock }: Services,
) {
  if (clock.now() >= endsAtMs) return undefined;
  if (key !== undefined) {
    const now = registry.keyOfToken(name, key.generation);
    return now !== undefined && clock.now() < now.endsAtMs ? now.client : undefined;
  }
  const now = registry.byName(name);
  const isSame = now !== undefined && certificates.every((rule) => now.certificates.includes(rule));
  return isSame && claims === undefined ? now : undefined;
}
