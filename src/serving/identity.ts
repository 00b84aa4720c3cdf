import type { KeyObject } from 'node:crypto';
import { Fault } from '../faults/faults.ts';
import {
  accessDocument,
  chooseAccount,
  matchFacade,
  parseLogin,
  tenantsDocument,
  unknownTokenFault,
} from '../identity/facade.ts';
import type { CatalogOptions } from '../identity/facade-catalog.ts';
import { identityVersionDocument, identityVersionsDocument } from '../identity/facade-documents.ts';
import { issueToken, type SluiceToken, verifyToken } from '../identity/sluice-token.ts';
import type { Token } from '../identity/token.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';
import type { LiveAccount } from '../routing/account.ts';
import type { Target } from '../routing/target.ts';
import { JsonError, parseJson } from '../translation/json.ts';
import { requestFormat } from '../translation/negotiate.ts';
import { readIdentityXml } from '../translation/read-xml.ts';
import { renderIdentityXml, renderXml } from '../translation/write-xml.ts';
import { XmlError } from '../translation/xml-error.ts';
import { hasBody, readBody } from './body.ts';
import type { Call } from './call.ts';
import { negotiate } from './render.ts';
import type { Services } from './services.ts';

/** An account whose tenant is known. */
export type KnownAccount = { account: LiveAccount; token: Token; tenant: Token['tenant'] };

/** Documents of the façade, by the names the XML descriptions have. */
type FacadeDocument = 'access' | 'tenants';

/** The identity façade (contract: logins at the root, never below a region) and the version documents beside it. */
export async function serveIdentity(
  call: Call,
  target: Target & { kind: 'identity' },
  services: Services,
): Promise<void> {
  const match = matchFacade(call.method, target.path);
  negotiate(call, target.format);
  switch (match.kind) {
    case 'none':
      throw new Fault(
        'itemNotFound',
        `There is nothing at ${target.path.slice(0, 128)}; logins go to /v2.0/tokens.`,
      );
    case 'method':
      throw new Fault(
        'badMethod',
        `${call.method} is not possible here; possible: ${match.allow.join(', ')}.`,
        {
          headers: { allow: match.allow.join(', ') },
        },
      );
    case 'versions':
      return sendVersions(call, identityVersionsDocument(call.publicBase), services);
    case 'version':
      return sendVersions(call, identityVersionDocument(call.publicBase), services);
    case 'login':
      return send(call, 'access', await login(call, services), services);
    case 'validate':
      return send(call, 'access', await validate(call, match.tokenId, services), services);
    case 'tenants':
      return send(
        call,
        'tenants',
        tenantsDocument((await knownAccounts(call, services)).map(({ tenant }) => tenant)),
        services,
      );
  }
}

/** In open mode any credentials are good: the façade's task is the catalog, and a token of Sluice's own. */
async function login(call: Call, services: Services): Promise<JsonObject> {
  const request = parseLogin(await readLogin(call));
  const accounts = await knownAccounts(call, services);
  const now = services.clock.now();
  const { credentials } = request;
  const renewed =
    credentials.kind === 'token' ? verifyToken(services.tokenKey, credentials.tokenId, now) : undefined;
  const claims = renewed?.kind === 'valid' || renewed?.kind === 'expired' ? renewed.claims : undefined;
  const chosen = chooseAccount(accounts, request, claims?.tenantId);
  const username = credentials.kind === 'token' ? (claims?.username ?? '') : credentials.username;
  const issued = issueToken(services.tokenKey, { tenantId: chosen.tenant.id, username }, now);
  return access(call, chosen, issued, services);
}

async function validate(call: Call, tokenId: string, services: Services): Promise<JsonObject> {
  const verdict = verifyToken(services.tokenKey, tokenId, services.clock.now());
  if (verdict.kind !== 'valid') throw unknownTokenFault();
  const accounts = await knownAccounts(call, services);
  const chosen = accounts.find(({ tenant }) => tenant.id === verdict.claims.tenantId);
  if (!chosen) throw unknownTokenFault();
  return access(call, chosen, { id: tokenId, claims: verdict.claims }, services);
}

function access(call: Call, known: KnownAccount, sluiceToken: SluiceToken, services: Services): JsonObject {
  return accessDocument({ ...catalogOptions(call, known, 'v2.0', services), sluiceToken });
}

/** What the catalog of an account is made from for this caller. */
export function catalogOptions(
  call: Call,
  { account, token }: KnownAccount,
  identity: CatalogOptions['identity'],
  services: Services,
): CatalogOptions {
  const { service, interface: face, regions } = account.settings;
  return {
    token,
    baseUrl: call.publicBase,
    account: { service, interface: face, regions },
    services: services.settings.facade.services,
    identity,
    defaultRegion: account.defaultRegion(),
  };
}

/** Accounts with a token; while there is none at all, a 503 fault tells why. */
export async function knownAccounts(call: Call, services: Services): Promise<KnownAccount[]> {
  const accounts = services.directory.accounts as readonly LiveAccount[];
  const ready = await Promise.allSettled(accounts.map((account) => account.tokens.get(call.signal)));
  const known = accounts.flatMap((account, index) => {
    const token = ready[index]?.status === 'fulfilled' ? ready[index].value : undefined;
    return token ? [{ account, token, tenant: token.tenant }] : [];
  });
  const failed = ready.find((attempt) => attempt.status === 'rejected');
  if (known.length === 0 && failed) throw failed.reason;
  return known;
}

async function readLogin(call: Call): Promise<JsonValue | undefined> {
  if (!hasBody(call.req)) return undefined;
  const text = (await readBody(call.req)).toString();
  const format = requestFormat(call.header('content-type'));
  if (format === undefined)
    throw new Fault('badMediaType', 'A login is application/json or application/xml.');
  try {
    return format === 'xml' ? readIdentityXml(text).value : parseJson(text);
  } catch (error) {
    if (error instanceof JsonError || error instanceof XmlError)
      throw new Fault('badRequest', `The login cannot be read: ${error.message}`);
    throw error;
  }
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

/** Signs façade tokens. */
export type TokenKey = KeyObject;
