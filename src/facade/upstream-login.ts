/** Logins with credentials of the account's own Identity, and whoever has a token of it (`access.passThrough`). */
import { refusalOf } from '../access/identify.ts';
import type { SluiceToken } from '../access/token.ts';
import type { UpstreamIdentity } from '../access/upstream-logins.ts';
import { Fault } from '../faults/faults.ts';
import type { Call } from '../http/call.ts';
import type { Caller } from '../http/caller.ts';
import { locateIdentity } from '../identity/settings.ts';
import type { Tenant, Token } from '../identity/token.ts';
import type { LiveAccount, Login } from '../routing/account.ts';
import { Directory } from '../routing/directory.ts';
import type { Services } from '../serving/services.ts';
import type { KnownAccount } from './accounts.ts';
import type { AskedTenant, Bearer } from './proof.ts';

/**
 * Hands a login on to the Identity of each account, until one knows it.
 *
 * @throws {Fault} 401, 429, 503; 401 as well for a tenant that no account here has
 */
export async function logInUpstream(
  call: Call,
  { username, secret, kind }: { username: string; secret: string; kind?: string },
  asked: AskedTenant,
  services: Services,
): Promise<Bearer> {
  const token = await firstToken({ username, secret, isApiKey: kind === 'apiKey' }, asked, services).catch(
    (error) => {
      call.refusedFor = 'wrong-password';
      throw error;
    },
  );
  const account = services.directory.accounts.find((one) => one.token()?.tenant.id === token.tenant.id);
  if (account === undefined) {
    call.refusedFor = 'account';
    throw new Fault('unauthorized', 'No account of this gateway belongs to the tenant of this user.');
  }
  const { id: userId } = token.user;
  const { expiresAtMs } = token;
  const proof = {
    account: account.name,
    tenantId: token.tenant.id,
    userId,
    expiresAtMs,
    ttlMs: call.terms.proofTtlMs,
  };
  services.proofs.prove(token.id, proof, services.clock.now());
  const known: KnownAccount = { account: account as LiveAccount, token, tenant: token.tenant };
  const caller = ownCaller(account as LiveAccount, services);
  return {
    caller,
    key: undefined,
    username,
    claims: undefined,
    own: { known, token: shownToken(known, username) },
  };
}

async function firstToken(
  login: { username: string; secret: string; isApiKey: boolean },
  asked: AskedTenant,
  { settings, directory, upstreamLogins }: Services,
): Promise<Token> {
  const logins = directory.accounts.flatMap((account) => (account as LiveAccount).logins);
  const isAsked = ({ tokens }: Login) => isMeant(tokens.peek()?.tenant, asked);
  const all = [...logins.filter(isAsked), ...logins.filter((one) => !isAsked(one))].map(identityOf);
  const identities = new Map(
    all.map((one) => [JSON.stringify([one.identityUrl, one.userDomain, one.project]), one]),
  );
  let refused: unknown;
  for (const identity of identities.values()) {
    try {
      return await upstreamLogins.logIn(identity, login, settings.upstream.headersTimeoutMs);
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 401) throw error;
      refused = error;
    }
  }
  throw refused;
}

/** What is good at Identity v3 is good for a project: that which the account itself uses. */
function identityOf({ identityUrl, trust, userDomain, project, tokens }: Login): UpstreamIdentity {
  const tenant = tokens.peek()?.tenant;
  const isV2 = locateIdentity(identityUrl).version === 'v2.0';
  return {
    identityUrl,
    trust,
    userDomain,
    project: project ?? (isV2 ? undefined : tenant && { id: tenant.id }),
  };
}

function isMeant(tenant: Tenant | undefined, { tenantId, tenantName }: AskedTenant): boolean {
  if (tenantId !== undefined) return tenant?.id === tenantId;
  return tenantName !== undefined && (tenant?.name === tenantName || tenant?.id === tenantName);
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
 * Whoever shows an upstream token that has been proven: its own account is all that there is for it.
 *
 * @throws {Fault} 401 for a token that nothing is known of
 */
export function provenCaller(call: Call, token: string, services: Services): Caller {
  const proof = services.proofs.find(token, services.clock.now());
  const account = services.directory.accounts.find(({ name }) => name === proof?.account);
  if (account === undefined) {
    call.refusedFor = 'foreign-token';
    throw refusalOf('foreign-token');
  }
  return ownCaller(account as LiveAccount, services);
}

function ownCaller(account: LiveAccount, { callers }: Services): Caller {
  return { ...callers.stranger, directory: new Directory([account]) };
}
