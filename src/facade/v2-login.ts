/**
 * The identity façade: what a caller who logs in at Sluice means and is told, as pure functions from values to
 * answers. Clients of Identity v2.0 (guide, section 1.3) need nothing else to work through Sluice.
 */

import { LONGEST_USERNAME } from '../access/token.ts';
import { Fault } from '../faults/faults.ts';
import type { Tenant } from '../identity/token.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';

export { accessDocument } from './v2-documents.ts';
export { matchFacade } from './v2-paths.ts';

/** What a caller shows: an API key, a password, or a token it has already. */
export type LoginCredentials =
  | { kind: 'apiKey'; username: string; secret: string }
  | { kind: 'password'; username: string; secret: string }
  | { kind: 'token'; tokenId: string };

export interface LoginRequest {
  readonly credentials: LoginCredentials;
  /** The tenant asked for; an id goes before a name. */
  readonly tenantId?: string;
  readonly tenantName?: string;
}

const FORMS =
  '{"auth": {"RAX-KSKEY:apiKeyCredentials": {"username", "apiKey"}}}, {"auth": {"passwordCredentials": {"username", "password"}}} or {"auth": {"token": {"id"}}}, each with "tenantId" or "tenantName" if wanted';

/**
 * Reads the body of `POST /v2.0/tokens`, in all the forms that clients send.
 *
 * @param body the parsed body; undefined when there was none
 * @throws Fault badRequest, which never repeats a secret
 */
export function parseLogin(body: JsonValue | undefined): LoginRequest {
  const auth = isJsonObject(body) ? body['auth'] : undefined;
  if (!isJsonObject(auth)) throw malformed('the body has no "auth" object');
  const tenantId = optionalText(auth, 'tenantId');
  const tenantName = optionalText(auth, 'tenantName');
  return {
    credentials: parseCredentials(auth),
    ...(tenantId === undefined ? {} : { tenantId }),
    ...(tenantName === undefined ? {} : { tenantName }),
  };
}

function parseCredentials(auth: JsonObject): LoginCredentials {
  const apiKey = namedObject(auth, 'RAX-KSKEY:apiKeyCredentials');
  if (apiKey) return { kind: 'apiKey', ...userAndSecret(apiKey, 'apiKey') };
  const password = namedObject(auth, 'passwordCredentials');
  if (password) return { kind: 'password', ...userAndSecret(password, 'password') };
  const token = namedObject(auth, 'token');
  if (token) return { kind: 'token', tokenId: requiredText(token, 'id') };
  if (auth['identity'] !== undefined) throw malformed('this is the form of Identity v3');
  throw malformed('"auth" holds no credentials');
}

function userAndSecret(object: JsonObject, secretName: string): { username: string; secret: string } {
  const secret = object[secretName];
  if (typeof secret !== 'string') throw malformed(`"${secretName}" is missing or is no string`);
  const username = requiredText(object, 'username');
  if (username.length > LONGEST_USERNAME)
    throw malformed(`"username" is longer than ${LONGEST_USERNAME} characters`);
  return { username, secret };
}

function namedObject(auth: JsonObject, name: string): JsonObject | undefined {
  const value = auth[name];
  if (value === undefined || value === null) return undefined;
  if (!isJsonObject(value)) throw malformed(`"${name}" is no object`);
  return value;
}

function requiredText(object: JsonObject, name: string): string {
  const value = object[name];
  if (typeof value !== 'string' || value === '') throw malformed(`"${name}" is missing or is no string`);
  return value;
}

/** Clients send null and "" for a tenant that is not set, and account numbers as numbers. */
function optionalText(object: JsonObject, name: string): string | undefined {
  const value = object[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return value;
  if (typeof value === 'object' || typeof value === 'boolean') throw malformed(`"${name}" is no string`);
  return String(value);
}

function malformed(what: string): Fault {
  return new Fault('badRequest', `The login cannot be read: ${what}. Accepted: ${FORMS}.`);
}

/**
 * The account that a login means: that of the tenant it names, else that of the token it renews, else the
 * first one.
 *
 * @param accounts those whose tenant is known, in the configuration's order, with at least one
 * @param renewedTenantId the tenant of the Sluice token that is renewed, if there is one
 * @throws Fault unauthorized for a tenant that no account owns, as the identity service itself answers
 */
export function chooseAccount<A extends { readonly tenant: Tenant }>(
  accounts: readonly A[],
  login: Pick<LoginRequest, 'tenantId' | 'tenantName'>,
  renewedTenantId?: string,
): A {
  const { tenantId, tenantName } = login;
  const isMeant = ({ tenant }: A): boolean => {
    if (tenantId !== undefined) return tenant.id === tenantId;
    if (tenantName !== undefined) return tenant.name === tenantName || tenant.id === tenantName;
    return renewedTenantId === undefined || tenant.id === renewedTenantId;
  };
  const account = accounts.find(isMeant);
  if (account) return account;
  const named = tenantId ?? tenantName ?? renewedTenantId ?? '';
  throw new Fault(
    'unauthorized',
    `No account of this gateway belongs to tenant "${named.slice(0, 64)}"; log in without a tenant to get the default one.`,
    { headers: { 'www-authenticate': 'Bearer realm="sluice"' } },
  );
}

/** The answer to `GET /v2.0/tenants`: every tenant the caller can use. */
export function tenantsDocument(tenants: readonly Tenant[]): JsonObject {
  return {
    tenants: tenants.map(({ id, name }) => ({ id, name, description: '', enabled: true })),
    tenants_links: [],
  };
}

/** The fault for `GET /v2.0/tokens/{id}` when the token is not one that Sluice issued, or has expired. */
export function unknownTokenFault(): Fault {
  return new Fault('itemNotFound', 'This token is unknown or has expired; log in again for a new one.');
}
