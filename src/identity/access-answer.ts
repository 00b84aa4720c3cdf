import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';
import { LoginError } from './login-error.ts';
import type { CatalogService, Token, TokenUser } from './token.ts';

/** Below this, our clock and the identity service's count as equal: `Date` has whole seconds and answers travel. */
const CLOCK_TOLERANCE_MS = 5_000;

/**
 * Reads the `access` answer of Identity v2.0 (guide, Example 1.5).
 *
 * @param body the parsed answer
 * @param nowMs our wall clock
 * @param dateHeader the answer's `Date`: when our clocks differ, the expiry is moved onto ours
 * @throws LoginError `malformed` when there is no token, expiry or tenant, or the token has expired already
 */
export function parseAccess(body: JsonValue, nowMs: number, dateHeader?: string): Token {
  const access = member(body, 'access');
  const token = member(access, 'token');
  const tenant = member(token, 'tenant');
  const expires = parseExpires(required(token, 'expires', 'access.token.expires'));
  const expiresAtMs = expires - clockSkewMs(nowMs, dateHeader);
  if (expiresAtMs <= nowMs) throw malformed('its token has expired already (check this machine’s clock)');
  const tenantId = required(tenant, 'id', 'access.token.tenant.id (is the login scoped to a tenant?)');
  return {
    id: required(token, 'id', 'access.token.id'),
    expiresAtMs,
    issuedAtMs: nowMs,
    tenant: { id: tenantId, name: text(tenant, 'name') ?? tenantId },
    user: parseUser(member(access, 'user')),
    catalog: parseCatalog(access?.['serviceCatalog']),
  };
}

/**
 * An `expires` of either service version: with `Z`, with an offset (`-05:00`), with any fraction; a time
 * without a zone is UTC, not the machine's.
 */
export function parseExpires(value: string): number {
  const zoned = /(?:z|[+-]\d{2}:?\d{2})$/i.test(value.trim()) ? value.trim() : `${value.trim()}Z`;
  const time = Date.parse(zoned);
  if (Number.isNaN(time)) throw malformed('access.token.expires is no date');
  return time;
}

/** How far the identity service's clock is ahead of ours, in ms; 0 when close enough or unknown. */
function clockSkewMs(nowMs: number, dateHeader: string | undefined): number {
  const theirs = dateHeader === undefined ? Number.NaN : Date.parse(dateHeader);
  const skew = theirs - nowMs;
  return Math.abs(skew) > CLOCK_TOLERANCE_MS ? skew : 0;
}

function parseUser(user: JsonObject | undefined): TokenUser {
  const roles = user?.['roles'];
  const defaultRegion = text(user, 'RAX-AUTH:defaultRegion');
  return {
    id: text(user, 'id') ?? '',
    name: text(user, 'name') ?? text(user, 'username') ?? '',
    roles: Array.isArray(roles) ? roles : [],
    ...(defaultRegion ? { defaultRegion } : {}),
  };
}

/** Keeps every member of every service; what is no service at all is left out. */
function parseCatalog(value: JsonValue | undefined): CatalogService[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isJsonObject).map((service) => ({
    ...service,
    name: text(service, 'name') ?? '',
    type: text(service, 'type') ?? '',
    endpoints: Array.isArray(service['endpoints']) ? service['endpoints'].filter(isJsonObject) : [],
  }));
}

function member(value: JsonValue | undefined, name: string): JsonObject | undefined {
  const found = isJsonObject(value) ? value[name] : undefined;
  return isJsonObject(found) ? found : undefined;
}

/** A string member; a number is read as its digits (some services send numeric ids). */
function text(object: JsonObject | undefined, name: string): string | undefined {
  const value = object?.[name];
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? value : undefined;
}

function required(object: JsonObject | undefined, name: string, path: string): string {
  const value = text(object, name);
  if (!value) throw malformed(`it has no ${path}`);
  return value;
}

function malformed(what: string): LoginError {
  return new LoginError('malformed', `The identity service's answer cannot be used: ${what}.`);
}
