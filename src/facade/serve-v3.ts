import { withoutByteOrderMark } from '../content-coding.ts';
import { asFault, Fault, methodFault } from '../faults/faults.ts';
import { hasBody, readBody } from '../http/body.ts';
import type { Call } from '../http/call.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { logFault } from '../serving/log-fault.ts';
import type { Services } from '../serving/services.ts';
import { JsonError, parseJson } from '../translation/json.ts';
import { catalogOptions, claimsOf, type KnownAccount, knownAccounts, standingOf } from './accounts.ts';
import { issueToken, type SluiceToken } from './sluice-token.ts';
import { chooseAccount } from './v2-login.ts';
import {
  v3Catalog,
  v3CatalogDocument,
  v3ErrorDocument,
  v3ProjectDocument,
  v3ProjectsDocument,
  v3TokenDocument,
} from './v3-documents.ts';
import { parseV3Login } from './v3-login.ts';
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
      const { id, claims } = subject(call, services);
      services.revoke({ id, claims });
      return { status: 204 };
    }
    case 'catalog': {
      const known = await callersAccount(call, services);
      const catalog = v3Catalog(catalogOptions(call, known, 'v3', services));
      return { status: 200, document: v3CatalogDocument(catalog, call.publicBase) };
    }
    case 'projects': {
      const tenants = (await knownAccounts(call, services)).map(({ tenant }) => tenant);
      const self = call.publicBase + path;
      return { status: 200, document: v3ProjectsDocument(tenants, self, call.publicBase) };
    }
    case 'project': {
      const known = (await knownAccounts(call, services)).find(({ tenant }) => tenant.id === match.id);
      if (!known) throw new Fault('itemNotFound', 'No account of this gateway belongs to that project.');
      return { status: 200, document: v3ProjectDocument(known.tenant, call.publicBase) };
    }
  }
}

/** In open mode any credentials are good: the façade's task is the catalog, and a token of Sluice's own. */
async function login(call: Call, services: Services): Promise<Answer> {
  const request = parseV3Login(await readJson(call));
  const accounts = await knownAccounts(call, services);
  const claims = request.tokenId === undefined ? undefined : claimsOf(request.tokenId, services);
  const isScoped = request.scope !== 'unscoped';
  const asked = typeof request.scope === 'object' ? request.scope : {};
  const chosen = chooseAccount(accounts, asked, claims?.tenantId || undefined);
  const issued = issueToken(
    services.tokenKeys,
    {
      tenantId: isScoped ? chosen.tenant.id : '',
      username: claims?.username || request.username,
      method: request.method,
    },
    services.clock.now(),
  );
  return tokenAnswer(call, 201, chosen, issued, services);
}

/** Whoever asks may ask: what a token is good for is known to everybody who has it. */
async function validate(call: Call, services: Services): Promise<Answer> {
  const token = subject(call, services);
  const accounts = await knownAccounts(call, services);
  const { tenantId } = token.claims;
  const chosen = tenantId === '' ? accounts[0] : accounts.find(({ tenant }) => tenant.id === tenantId);
  if (!chosen) throw unknownToken();
  return tokenAnswer(call, 200, chosen, token, services);
}

function tokenAnswer(
  call: Call,
  status: number,
  known: KnownAccount,
  sluiceToken: SluiceToken,
  services: Services,
): Answer {
  const { token, tenant } = known;
  const isScoped = sluiceToken.claims.tenantId !== '';
  const wantsCatalog = !/(?:^|&)nocatalog(?:=|&|$)/.test(call.query);
  const catalog = wantsCatalog ? v3Catalog(catalogOptions(call, known, 'v3', services)) : undefined;
  const project = isScoped ? { tenant, roles: token.user.roles, catalog } : undefined;
  return {
    status,
    document: v3TokenDocument({ token, sluiceToken, project }),
    headers: ['X-Subject-Token', sluiceToken.id],
  };
}

/** The token that a request is about. */
function subject(call: Call, services: Services): SluiceToken {
  const id = call.header('x-subject-token');
  if (!id) throw new Fault('badRequest', 'The header X-Subject-Token, which names the token, is missing.');
  const verdict = standingOf(id, services);
  if (verdict.kind !== 'valid') throw unknownToken();
  return { id, claims: verdict.claims };
}

const unknownToken = () =>
  new Fault('itemNotFound', 'This token is unknown or has expired; log in again for a new one.');

/** The account of the caller's own token, else the first. */
async function callersAccount(call: Call, services: Services): Promise<KnownAccount> {
  const claims = claimsOf(call.header('x-auth-token') ?? '', services);
  return chooseAccount(await knownAccounts(call, services), {}, claims?.tenantId || undefined);
}

async function readJson(call: Call): Promise<JsonValue | undefined> {
  if (!hasBody(call.req)) return undefined;
  try {
    return parseJson(withoutByteOrderMark(await readBody(call.req)).toString());
  } catch (error) {
    if (error instanceof JsonError) throw new Fault('badRequest', `The body is no JSON: ${error.message}`);
    throw error;
  }
}

function send(call: Call, { status, document, headers = [] }: Answer, services: Services): void {
  services.reply(call, {
    status,
    body: document && JSON.stringify(document),
    format: 'json',
    headers: ['Vary', 'X-Auth-Token, X-Subject-Token', 'Cache-Control', 'no-store', ...headers],
  });
}

function sendError(call: Call, error: unknown, services: Services): void {
  const fault = asFault(error);
  if (fault.code === 500) logFault(fault, call, services);
  const headers = Object.entries(fault.headers).flat();
  if (fault.code === 401) headers.push('WWW-Authenticate', `Keystone uri="${call.publicBase}/v3"`);
  const status = call.res.destroyed ? 499 : fault.code;
  send(call, { status, document: v3ErrorDocument(fault), headers }, services);
}
