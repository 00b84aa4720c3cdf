import type { SluiceToken } from '../access/token.ts';
import { Fault, methodFault } from '../faults/faults.ts';
import { hasBody, MAX_LOGIN_BYTES, readBody } from '../http/body.ts';
import type { Call } from '../http/call.ts';
import type { Caller } from '../http/caller.ts';
import { isJsonObject, type JsonObject } from '../json.ts';
import type { LocatedIdentity } from '../serving/located.ts';
import type { Services } from '../serving/services.ts';
import { renderIdentityXml, renderXml } from '../translation/write-xml.ts';
import { catalogOptions, type KnownAccount, knownAccounts, tenantsOf } from './accounts.ts';
import { issueTo, prove, requireCaller, requireGoodCredential, revoke, subjectOf } from './logins.ts';
import { readV2Login } from './read-login.ts';
import { serveIdentityV3 } from './serve-v3.ts';
import {
  accessDocument,
  chooseAccount,
  type LoginRequest,
  matchFacade,
  tenantsDocument,
  unknownTokenFault,
} from './v2-login.ts';
import { identityVersionDocument, identityVersionsDocument } from './version-documents.ts';

/** Documents of the façade, by the names the XML descriptions have. */
type FacadeDocument = 'access' | 'tenants';

/** The identity façade (contract: logins at the root, never below a region) and the version documents beside it. */
export async function serveIdentity(
  { call, path, isV3 }: LocatedIdentity,
  services: Services,
): Promise<void> {
  if (isV3) return serveIdentityV3(call, path, services);
  const match = matchFacade(call.method, path);
  switch (match.kind) {
    case 'none':
      throw new Fault(
        'itemNotFound',
        `There is nothing at ${path.slice(0, 128)}; logins go to /v2.0/tokens.`,
      );
    case 'method':
      throw methodFault(call.method, match.allow);
    case 'versions':
      return sendVersions(call, identityVersionsDocument(call.publicBase), services);
    case 'version':
      return sendVersions(call, identityVersionDocument(call.publicBase), services);
    case 'login':
      return send(call, 'access', await login(call, services), services);
    case 'validate':
      return send(call, 'access', await validate(call, match.tokenId, services), services);
    case 'revoke': {
      await requireGoodCredential(call, services);
      if (!(await revoke(call, match.tokenId, services))) throw unknownTokenFault();
      return services.reply(call, { status: 204, body: undefined, format: call.format, headers: [] });
    }
    case 'tenants': {
      const known = await knownAccounts(call, await requireCaller(call, services));
      return send(call, 'tenants', tenantsDocument(tenantsOf(known)), services);
    }
  }
}

async function login(call: Call, services: Services): Promise<JsonObject> {
  const request = await readLogin(call);
  const bearer = await prove(call, request.credentials, request, services);
  const { own } = bearer;
  if (own !== undefined) return access(call, own.known, bearer.caller, own.token, services);
  const chosen = chooseAccount(
    await knownAccounts(call, bearer.caller),
    request,
    bearer.claims?.tenantId || undefined,
  );
  call.account = chosen.account.name;
  const issued = issueTo(bearer, chosen, { isScoped: true, method: undefined }, services);
  return access(call, chosen, bearer.caller, issued, services);
}

/** Whoever asks may ask: what a token is good for is known to everybody who has it. */
async function validate(call: Call, tokenId: string, services: Services): Promise<JsonObject> {
  await requireGoodCredential(call, services);
  const { token, caller, known } = await subject(call, tokenId, services);
  if (known !== undefined) return access(call, known, caller, token, services);
  const accounts = await knownAccounts(call, caller);
  const chosen = accounts.find(({ tenant }) => tenant.id === token.claims.tenantId);
  if (!chosen) throw unknownTokenFault();
  return access(call, chosen, caller, token, services);
}

async function subject(call: Call, tokenId: string, services: Services) {
  const found = await subjectOf(call, tokenId, services);
  if (found === undefined) throw unknownTokenFault();
  return found;
}

function access(
  call: Call,
  known: KnownAccount,
  caller: Caller,
  sluiceToken: SluiceToken,
  services: Services,
): JsonObject {
  return accessDocument({ ...catalogOptions(call, known, caller, 'v2.0', services), sluiceToken });
}

async function readLogin(call: Call): Promise<LoginRequest> {
  const body = hasBody(call.req) ? await readBody(call.req, MAX_LOGIN_BYTES) : undefined;
  return readV2Login(body, call.header('content-type'));
}

function send(call: Call, document: FacadeDocument, value: JsonObject, services: Services): void {
  const body = call.format === 'json' ? JSON.stringify(value) : renderIdentityXml(document, value);
  services.reply(call, { status: 200, body, format: call.format, headers: ['Cache-Control', 'no-store'] });
}

/** Identity's list of versions has one more level in JSON than Compute's; in XML they are the same document. */
function sendVersions(call: Call, value: JsonObject, services: Services): void {
  const { versions } = value;
  const isList = isJsonObject(versions);
  const compute: JsonObject = isList ? { versions: versions['values'] ?? [] } : value;
  const body =
    call.format === 'json' ? JSON.stringify(value) : renderXml(isList ? 'versions' : 'version', compute);
  services.reply(call, { status: 200, body, format: call.format, headers: [] });
}
