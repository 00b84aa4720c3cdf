/** Logins: who shows what at the façade, in whichever version's words, and for whom a token is given out then. */
import type { ClientKey } from '../access/clients.ts';
import { credentialOf } from '../access/credentials.ts';
import { refusalOf, type ShownToken } from '../access/identify.ts';
import { type LoginVerdict, logIn, logInNow, loginFault } from '../access/login.ts';
import type { SluiceToken, TokenClaims } from '../access/token.ts';
import type { Fault } from '../faults/faults.ts';
import type { Call } from '../http/call.ts';
import type { Caller } from '../http/caller.ts';
import type { RequestFacts } from '../http/request-facts.ts';
import type { Services } from '../serving/services.ts';
import { claimsOf, type KnownAccount } from './accounts.ts';
import type { AskedLogin, Bearer, Proof } from './proof.ts';
import { isForUpstream, logInUpstream, ownSubject, provenCaller, revokeUpstream } from './upstream-login.ts';

/**
 * Finds out who logs in. Where nobody is asked for a key any credentials are good: the façade's task is the catalog, and a
 * token of Sluice's own.
 *
 * @throws {Fault} 401, or 429 after too many failures
 */
export async function prove(
  call: Call,
  proof: Proof,
  asked: AskedLogin,
  services: Services,
): Promise<Bearer> {
  call.isLogin = true;
  const bearer = await bearerFor(call, proof, asked, services);
  call.caller = bearer.caller;
  call.client = bearer.caller.client;
  return bearer;
}

function bearerFor(
  call: Call,
  proof: Proof,
  asked: AskedLogin,
  services: Services,
): Bearer | Promise<Bearer> {
  if (isForUpstream(call, proof, services)) return logInUpstream(call, proof, asked, services);
  if (call.terms.access.mode === 'open') return guest(call, proof, services);
  return 'tokenId' in proof ? byToken(call, proof.tokenId, services) : bySecret(call, proof, services);
}

function guest(call: Call, proof: Proof, services: Services): Bearer {
  const claims = 'tokenId' in proof ? claimsOf(proof.tokenId, services) : undefined;
  const username = 'tokenId' in proof ? (claims?.username ?? '') : proof.username;
  return { caller: call.caller ?? services.callers.guest, key: undefined, username, claims };
}

async function bySecret(
  call: Call,
  { username: name, secret }: { username: string; secret: string },
  services: Services,
): Promise<Bearer> {
  const verdict = await logIn({ name, secret, address: call.address }, services);
  if (verdict.kind === 'refused') throw refusedLogin(call, name, verdict, services);
  return bearerOf(call, { key: verdict.key }, services);
}

function refusedLogin(
  call: RequestFacts,
  name: string,
  verdict: LoginVerdict & { kind: 'refused' },
  { registry }: Services,
): Fault {
  // A name that is nobody's may be a secret in the wrong place.
  call.client = registry.byName(name)?.name ?? call.client;
  return refuse(call, verdict.reason, loginFault(verdict));
}

/**
 * Why a login by name and secret is refused, as far as that can be said at once and without anything being begun, with what
 * `prove` would write into the request then; undefined: only `prove` can tell.
 */
export function refusedNow(call: RequestFacts, proof: Proof, services: Services): Fault | undefined {
  if ('tokenId' in proof || call.terms.access.mode === 'open' || isForUpstream(call, proof, services))
    return undefined;
  const { username: name, secret } = proof;
  const verdict = logInNow({ name, secret, address: call.address }, services);
  if (verdict?.kind !== 'refused') return undefined;
  call.isLogin = true;
  return refusedLogin(call, name, verdict, services);
}

function byToken(call: Call, tokenId: string, services: Services): Bearer {
  const identity = services.identifier.identifyText(credentialOf(tokenId), call.terms.access);
  if (identity.kind === 'client' && identity.key !== undefined) {
    const { key, claims, token } = identity;
    return bearerOf(call, { key, claims, token }, services);
  }
  const reason = identity.kind === 'refused' ? identity.reason : 'foreign-token';
  throw refuse(call, reason, refusalOf(reason));
}

function bearerOf(
  call: Call,
  {
    key,
    claims,
    token,
  }: { key: ClientKey; claims?: TokenClaims | undefined; token?: ShownToken | undefined },
  services: Services,
): Bearer {
  const { client, name: keyName } = key;
  call.identity = { kind: 'client', client, keyName, key, claims, token, endsAtMs: key.endsAtMs };
  return { caller: services.callers.callerOfClient(client), key, username: client.name, claims };
}

function refuse(call: RequestFacts, reason: string, fault: Fault): Fault {
  call.refusedFor = reason;
  return fault;
}

/**
 * A new token for whoever has logged in. It ends with the key at the latest, and says so. One that was got with another token ends
 * when that does, as Keystone's do: a token that was stolen must not renew itself for ever. Where nobody is asked for a key a token
 * proves nothing, and is given anew.
 */
export function issueTo(
  { key, username, claims }: Bearer,
  { account, tenant }: KnownAccount,
  options: { readonly isScoped: boolean; readonly method: string | undefined },
  { tokens, clock }: Services,
): SluiceToken {
  return tokens.issue(
    {
      client: key?.client.name ?? '',
      generation: key?.generation ?? '',
      account: options.isScoped ? account.name : '',
      tenantId: options.isScoped ? tenant.id : '',
      username: username || (claims?.username ?? ''),
      ...(options.method === undefined ? {} : { method: options.method }),
    },
    clock.now(),
    undefined,
    key === undefined ? undefined : Math.min(key.endsAtMs, claims?.expiresAtMs ?? Number.POSITIVE_INFINITY),
  );
}

/**
 * Whoever shows a key or token in its headers, or anybody where that is asked of nobody.
 *
 * @throws {Fault} 401; 429 or 503 where an identity service has to be asked
 */
export async function requireCaller(call: Call, services: Services): Promise<Caller> {
  const { caller, identity } = call;
  if (identity?.kind === 'upstream') return provenCaller(call, identity.token, services);
  if (caller !== undefined) return caller;
  const reason = identity?.kind === 'refused' ? identity.reason : 'no-credential';
  throw refuse(call, reason, refusalOf(reason));
}

/**
 * Lets whoever asks about a token go on: nobody has to show who asks, since the token is known to whoever has it, but what is
 * shown has to be good, as at Keystone.
 *
 * @throws {Fault} 401; 429 or 503 where an identity service has to be asked
 */
export async function requireGoodCredential(call: Call, services: Services): Promise<void> {
  const { identity } = call;
  const isShown = identity?.kind !== 'refused' || identity.reason !== 'no-credential';
  if (isShown) await requireCaller(call, services);
}

/** A token that a request is about, and whose it is. */
export interface Subject {
  readonly token: SluiceToken;
  readonly caller: Caller;
  /** What it is for, where that is an upstream token. */
  readonly known?: KnownAccount;
}

/**
 * Takes a token back: one of Sluice's own here, an upstream token where it came from.
 *
 * @returns false for one that is not good here any more
 */
export async function revoke(call: Call, id: string, services: Services): Promise<boolean> {
  const identity = services.identifier.identifyText(credentialOf(id), call.terms.access);
  if (identity.kind === 'upstream') return revokeUpstream(call, id, services);
  const subject = await subjectOf(call, id, services);
  if (subject === undefined) return false;
  services.revoke(subject.token);
  // Who gives back the very token that it shows has done what it came for.
  if (call.identity?.kind === 'client' && call.identity.token?.id === id)
    call.identity = { ...call.identity, token: undefined };
  return true;
}

/**
 * A token that a request is about, and whose it is; undefined for one that is not good here any more.
 */
export async function subjectOf(call: Call, id: string, services: Services): Promise<Subject | undefined> {
  const identity = services.identifier.identifyText(credentialOf(id), call.terms.access);
  if (identity.kind === 'upstream') return ownSubject(call, id, services);
  const caller = services.callers.callerOf(identity, call);
  if (caller === undefined || !('claims' in identity) || identity.claims === undefined) return undefined;
  const { claims } = identity;
  return services.clock.now() < claims.expiresAtMs ? { token: { id, claims }, caller } : undefined;
}
