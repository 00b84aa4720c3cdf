/** Logins with credentials of the account's own Identity, and whoever has a token of it (`access.passThrough`). */
import { refusalOf } from '../access/identify.ts';
import type { SluiceToken } from '../access/token.ts';
import { Fault } from '../faults/faults.ts';
import type { Call } from '../http/call.ts';
import type { Caller } from '../http/caller.ts';
import type { Token } from '../identity/token.ts';
import type { LiveAccount } from '../routing/account.ts';
import { Directory } from '../routing/directory.ts';
import type { Services } from '../serving/services.ts';
import type { KnownAccount } from './accounts.ts';
import type { Bearer } from './proof.ts';

/**
 * Hands a login on to the Identity of each account, until one knows it.
 *
 * @throws {Fault} 401, 429, 503; 401 as well for a tenant that no account here has
 */
export async function logInUpstream(
  call: Call,
  { username, secret, kind }: { username: string; secret: string; kind?: string },
  services: Services,
): Promise<Bearer> {
  const token = await firstToken({ username, secret, isApiKey: kind === 'apiKey' }, services).catch(
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
  { settings, directory, upstreamLogins }: Services,
): Promise<Token> {
  const all = directory.accounts.flatMap((account) => (account as LiveAccount).logins);
  const identities = new Map(all.map((one) => [one.identityUrl, one]));
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
