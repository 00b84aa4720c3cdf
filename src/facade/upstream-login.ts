/** Logins with credentials of the accounts' own identity services, and whoever has a token of one (`access.passThrough`). */
import { parseClientKey } from '../access/client-key.ts';
import { credentialOf } from '../access/credentials.ts';
import type { SluiceToken } from '../access/token.ts';
import { Fault } from '../faults/faults.ts';
import type { Call } from '../http/call.ts';
import type { Caller } from '../http/caller.ts';
import type { CallerProof } from '../identity/caller-identity.ts';
import type { Token } from '../identity/token.ts';
import type { OwnCaller } from '../serving/own-callers.ts';
import { askingOf, meetOwnToken } from '../serving/own-token.ts';
import type { Services } from '../serving/services.ts';
import type { KnownAccount } from './accounts.ts';
import type { AskedLogin, Bearer, OwnBearer, Proof } from './proof.ts';

/** Whether a login is for the accounts' own identity services: nobody here is called so, and nothing of Sluice's is shown. */
export function isForUpstream({ terms }: Pick<Call, 'terms'>, proof: Proof, { registry }: Services): boolean {
  if (!terms.access.passThrough) return false;
  if ('tokenId' in proof)
    return credentialOf(proof.tokenId).kind === 'foreign' && !registry.findKey(proof.tokenId);
  return registry.byName(proof.username) === undefined && parseClientKey(proof.secret).kind === 'other';
}

/**
 * Hands a login on to the identity service that knows it.
 *
 * @throws {Fault} 401; 429 or 503 with Retry-After
 */
export async function logInUpstream(
  call: Call,
  proof: Proof,
  asked: AskedLogin,
  { ownCallers }: Services,
): Promise<Bearer> {
  try {
    const { tenantId, tenantName, v3 } = asked;
    const login = { proof: callerProofOf(proof), tenantId, tenantName, v3 };
    const { token, owner } = await ownCallers.logIn(login, askingOf(call));
    call.account = owner.account.name;
    return ownBearer(owner, token);
  } catch (error) {
    if (error instanceof Fault) call.refusedFor = error.code === 401 ? 'wrong-password' : 'too-many-failures';
    throw error;
  }
}

function callerProofOf(proof: Proof): CallerProof {
  if ('tokenId' in proof) return { kind: 'token', tokenId: proof.tokenId };
  const { username, secret, kind } = proof;
  if (kind === 'apiKey' || kind === 'applicationCredential') return { kind, username, secret };
  return { kind: 'password', username, secret };
}

function ownBearer({ account, caller }: OwnCaller, token: Token): Bearer {
  const known: KnownAccount = { account, token, tenant: token.tenant };
  const own = { known, token: shownToken(known, token.user.name) };
  return { caller, key: undefined, username: token.user.name, claims: undefined, own };
}

/** The upstream's own token, in the shape in which the façade shows its own. */
function shownToken({ account, token, tenant }: KnownAccount, username: string): SluiceToken {
  const { id, issuedAtMs, expiresAtMs } = token;
  const claims = {
    client: '',
    generation: '',
    account: account.name,
    tenantId: tenant.id,
    username,
    method: 'password',
    issuedAtMs,
    expiresAtMs,
    serial: '',
  };
  return { id, claims };
}

/**
 * Whoever shows an upstream token: its own account is all that there is for it. A token that nobody has taken for a while is
 * looked at anew: what is answered here no region ever sees.
 *
 * @throws {Fault} 401 for a token of nobody; 429 or 503 with Retry-After
 */
export async function provenCaller(call: Call, token: string, services: Services): Promise<Caller> {
  const known = services.ownCallers.findChecked(token);
  if (known !== undefined) return known.caller;
  return (await meetOwnToken(call, token, services)).caller;
}

/** An upstream token that a request is about, looked at anew; undefined: it is nobody's. */
export async function ownSubject(
  call: Call,
  id: string,
  { ownCallers }: Services,
): Promise<OwnBearer | undefined> {
  try {
    const { token, owner } = await ownCallers.validate(id, undefined, askingOf(call));
    const { own, caller } = ownBearer(owner, token);
    return { ...own!, caller };
  } catch (error) {
    if (error instanceof Fault && error.code === 401) return undefined;
    throw error;
  }
}

/** Gives an upstream token back where it came from. @throws {Fault} 404 for one of nobody; 429 or 503 with Retry-After */
export async function revokeUpstream(call: Call, id: string, { ownCallers }: Services): Promise<boolean> {
  try {
    await ownCallers.revoke(id, askingOf(call));
    return true;
  } catch (error) {
    if (error instanceof Fault && error.code === 401) return false;
    throw error;
  }
}
