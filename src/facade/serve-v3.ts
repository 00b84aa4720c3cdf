import type { SluiceToken } from '../access/token.ts';
import { asFault, Fault, methodFault } from '../faults/faults.ts';
import { hasBody, MAX_LOGIN_BYTES, readBody } from '../http/body.ts';
import type { Call } from '../http/call.ts';
import type { Caller } from '../http/caller.ts';
import type { Reply } from '../http/reply.ts';
import type { RequestFacts } from '../http/request-facts.ts';
import type { JsonObject } from '../json.ts';
import { logFault } from '../serving/log-fault.ts';
import type { Services } from '../serving/services.ts';
import { catalogOptions, type KnownAccount, knownAccounts, shownUser, tenantsOf } from './accounts.ts';
import { issueTo, prove, requireCaller, requireGoodCredential, revoke, subjectOf } from './logins.ts';
import { readV3Login } from './read-login.ts';
import { chooseAccount } from './v2-login.ts';
import {
  v3Catalog,
  v3CatalogDocument,
  v3ErrorDocument,
  v3ProjectDocument,
  v3ProjectsDocument,
  v3TokenDocument,
} from './v3-documents.ts';
import { matchV3 } from './v3-paths.ts';
import { identityV3VersionDocument } from './version-documents.ts';

/** An answer in the making. */
interface Answer {
  status: number;
  document?: JsonObject;
  headers?: string[];
}

/**
 * The Identity v3 façade: the same logins and the same tokens as at `/v2.0`, in the forms of v3, its errors included.
 * JSON alone: v3 has no XML.
 */
export async function serveIdentityV3(call: Call, path: string, services: Services): Promise<void> {
  call.format = 'json';
  try {
    send(call, await answer(call, path, services), services);
  } catch (error) {
    sendError(call, error, services);
  }
}

async function answer(call: Call, path: string, services: Services): Promise<Answer> {
  const match = matchV3(call.method, path);
  switch (match.kind) {
    case 'none':
      throw new Fault(
        'itemNotFound',
        `There is nothing at ${path.slice(0, 128)}; logins go to /v3/auth/tokens.`,
      );
    case 'method':
      throw methodFault(call.method, match.allow);
    case 'version':
      return { status: 200, document: identityV3VersionDocument(call.publicBase) };
    case 'login':
      return login(call, services);
    case 'validate':
      return validate(call, services);
    case 'revoke': {
      await requireGoodCredential(call, services);
      if (!(await revoke(call, subjectId(call), services))) throw unknownToken();
      return { status: 204 };
    }
    case 'catalog': {
      const known = await callersAccount(call, services);
      const catalog = v3Catalog(
        catalogOptions(call, known, await requireCaller(call, services), 'v3', services),
      );
      return { status: 200, document: v3CatalogDocument(catalog, call.publicBase) };
    }
    case 'projects': {
      const tenants = tenantsOf(await knownAccounts(call, await requireCaller(call, services)));
      const self = call.publicBase + path;
      return { status: 200, document: v3ProjectsDocument(tenants, self, call.publicBase) };
    }
    case 'project': {
      const all = await knownAccounts(call, await requireCaller(call, services));
      const known = all.find(({ tenant }) => tenant.id === match.id);
      if (!known) throw new Fault('itemNotFound', 'No account of this gateway belongs to that project.');
      return { status: 200, document: v3ProjectDocument(known.tenant, call.publicBase) };
    }
  }
}

async function login(call: Call, services: Services): Promise<Answer> {
  const body = hasBody(call.req) ? await readBody(call.req, MAX_LOGIN_BYTES) : undefined;
  const request = readV3Login(body);
  const { scope, method } = request;
  const named = typeof scope === 'object' ? scope : {};
  const bearer = await prove(call, request.proof, { ...named, v3: request.auth }, services);
  const { own, caller } = bearer;
  if (own !== undefined) return tokenAnswer(call, 201, { known: own.known, caller }, own.token, services);
  const accounts = await knownAccounts(call, bearer.caller);
  const chosen = chooseAccount(accounts, named, bearer.claims?.tenantId || undefined);
  call.account = chosen.account.name;
  const issued = issueTo(bearer, chosen, { isScoped: scope !== 'unscoped', method }, services);
  return tokenAnswer(call, 201, { known: chosen, caller: bearer.caller }, issued, services);
}

/** Whoever asks may ask: what a token is good for is known to everybody who has it. */
async function validate(call: Call, services: Services): Promise<Answer> {
  await requireGoodCredential(call, services);
  const { token, caller, known: own } = await subject(call, services);
  if (own !== undefined) return tokenAnswer(call, 200, { known: own, caller }, token, services);
  const accounts = await knownAccounts(call, caller);
  const { tenantId } = token.claims;
  const known = tenantId === '' ? accounts[0] : accounts.find(({ tenant }) => tenant.id === tenantId);
  if (!known) throw unknownToken();
  return tokenAnswer(call, 200, { known, caller }, token, services);
}

function tokenAnswer(
  call: Call,
  status: number,
  { known, caller }: { known: KnownAccount; caller: Caller },
  sluiceToken: SluiceToken,
  services: Services,
): Answer {
  const { token, tenant } = known;
  const isScoped = sluiceToken.claims.tenantId !== '';
  const wantsCatalog = !/(?:^|&)nocatalog(?:=|&|$)/.test(call.query);
  const catalog = wantsCatalog ? v3Catalog(catalogOptions(call, known, caller, 'v3', services)) : undefined;
  const project = isScoped ? { tenant, roles: token.user.roles, catalog } : undefined;
  return {
    status,
    document: v3TokenDocument({ token: { user: shownUser(token, caller) }, sluiceToken, project }),
    headers: ['X-Subject-Token', sluiceToken.id],
  };
}

/** The token that a request is about, and whose it is. */
async function subject(call: Call, services: Services) {
  const found = await subjectOf(call, subjectId(call), services);
  if (found === undefined) throw unknownToken();
  return found;
}

function subjectId(call: Call): string {
  const id = call.header('x-subject-token');
  if (!id) throw new Fault('badRequest', 'The header X-Subject-Token, which names the token, is missing.');
  return id;
}

const unknownToken = () =>
  new Fault('itemNotFound', 'This token is unknown or has expired; log in again for a new one.');

/** The account of the caller's own token, else the first. */
async function callersAccount(call: Call, services: Services): Promise<KnownAccount> {
  const accounts = await knownAccounts(call, await requireCaller(call, services));
  const { identity } = call;
  const claims = identity !== undefined && 'claims' in identity ? identity.claims : undefined;
  return chooseAccount(accounts, {}, claims?.tenantId || undefined);
}

function send(call: Call, answer: Answer, services: Services): void {
  services.reply(call, replyOf(call, answer));
}

/** Keystone's name for a request's id is the one that keystoneauth tells its user. */
function replyOf({ requestId }: RequestFacts, { status, document, headers = [] }: Answer): Reply {
  return {
    status,
    body: document && JSON.stringify(document),
    format: 'json',
    headers: [
      ...['X-Openstack-Request-Id', requestId, 'Vary', 'X-Auth-Token, X-Subject-Token'],
      ...['Cache-Control', 'no-store', ...headers],
    ],
  };
}

function sendError(call: Call, error: unknown, services: Services): void {
  const fault = asFault(error);
  if (fault.code === 500) logFault(fault, call, services);
  const reply = v3FaultReply(call, fault);
  services.reply(call, call.res.destroyed ? { ...reply, status: 499 } : reply);
}

/** A fault as Identity v3 tells it. */
export function v3FaultReply(call: RequestFacts, fault: Fault): Reply & { body: string } {
  const own = Object.entries(fault.headers).filter(([name]) => name !== 'www-authenticate');
  const headers = own.flat();
  if (fault.code === 401) headers.push('WWW-Authenticate', `Keystone uri="${call.publicBase}/v3"`);
  const reply = replyOf(call, { status: fault.code, headers });
  return { ...reply, body: JSON.stringify(v3ErrorDocument(fault)) };
}
