import type { KeyObject } from 'node:crypto';
import { Fault } from '../faults/faults.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { type AccessOptions, accessDocument } from './access-document.ts';
import { chooseAccount, parseLogin, tenantsDocument, unknownTokenFault } from './facade.ts';
import { identityVersionDocument, identityVersionsDocument } from './facade-documents.ts';
import type { FacadeMatch } from './facade-paths.ts';
import { issueToken, type SluiceToken, verifyToken } from './sluice-token.ts';
import type { Tenant } from './token.ts';

/** An account as the façade shows it; one whose token is there. */
export interface FacadeAccount {
  readonly tenant: Tenant;
  readonly token: AccessOptions['token'];
  /** How it chooses its endpoints. */
  readonly settings: AccessOptions['account'];
  /** Upper-case region that it serves by default, if it serves any. */
  readonly defaultRegion: string | undefined;
}

export interface FacadeContext {
  /** In the configuration's order; accounts without a token are left out. */
  readonly accounts: readonly FacadeAccount[];
  /** Signs Sluice's tokens, see `deriveTokenKey`. */
  readonly key: KeyObject;
  /** Wall clock, ms. */
  readonly nowMs: number;
  /** Where the caller reaches Sluice. */
  readonly baseUrl: string;
}

/** Façade requests that mean something. */
export type FacadeRequest = Exclude<FacadeMatch, { kind: 'none' }>;

/** True when a request can be answered before any account has logged in: version documents, a wrong method. */
export function needsNoAccount(request: FacadeRequest): boolean {
  return request.kind === 'versions' || request.kind === 'version' || request.kind === 'method';
}

/**
 * The document that a façade request in open mode is answered with, always with status 200 (HEAD: without the
 * body). Nobody is asked for credentials that are true, only for ones that can be read.
 *
 * @param body the parsed body of a login
 * @throws Fault badRequest, unauthorized (unknown tenant), itemNotFound (unknown token), badMethod with Allow,
 *   serviceUnavailable while no account has a token
 */
export function answerFacade(
  request: FacadeRequest,
  body: JsonValue | undefined,
  context: FacadeContext,
): JsonObject {
  switch (request.kind) {
    case 'versions':
      return identityVersionsDocument(context.baseUrl);
    case 'version':
      return identityVersionDocument(context.baseUrl);
    case 'method':
      throw methodFault(request.allow);
    case 'tenants':
      return tenantsDocument(knownAccounts(context).map((account) => account.tenant));
    case 'validate':
      return answerValidation(request.tokenId, context);
    case 'login':
      return answerLogin(body, context);
  }
}

function answerLogin(body: JsonValue | undefined, context: FacadeContext): JsonObject {
  const login = parseLogin(body);
  const { credentials } = login;
  const shown = credentials.kind === 'token' ? verified(credentials.tokenId, context) : undefined;
  const account = chooseAccount(knownAccounts(context), login, shown?.claims.tenantId);
  const username = credentials.kind === 'token' ? (shown?.claims.username ?? '') : credentials.username;
  const bearer = { tenantId: account.tenant.id, username };
  return describeToken(issueToken(context.key, bearer, context.nowMs), account, context);
}

function answerValidation(tokenId: string, context: FacadeContext): JsonObject {
  const token = verified(tokenId, context);
  if (!token) throw unknownTokenFault();
  const account = knownAccounts(context).find(({ tenant }) => tenant.id === token.claims.tenantId);
  if (!account) throw unknownTokenFault();
  return describeToken(token, account, context);
}

function describeToken(
  sluiceToken: SluiceToken,
  { token, settings, defaultRegion }: FacadeAccount,
  { baseUrl }: FacadeContext,
): JsonObject {
  return accessDocument({ token, sluiceToken, baseUrl, account: settings, defaultRegion });
}

/** A token of Sluice's own that is good now. */
function verified(id: string, { key, nowMs }: FacadeContext): SluiceToken | undefined {
  const verdict = verifyToken(key, id, nowMs);
  return verdict.kind === 'valid' ? { id, claims: verdict.claims } : undefined;
}

function knownAccounts({ accounts }: FacadeContext): readonly FacadeAccount[] {
  if (accounts.length > 0) return accounts;
  throw new Fault(
    'serviceUnavailable',
    'No account of this gateway has logged in at the identity service yet; try again in a moment.',
    { headers: { 'retry-after': '1' } },
  );
}

function methodFault(allow: readonly string[]): Fault {
  const list = allow.join(', ');
  return new Fault('badMethod', `This method is not allowed here; allowed: ${list}.`, {
    headers: { allow: list },
  });
}
