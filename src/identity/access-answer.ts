/** What identity services say of a token, in either version, into the one `Token`. Pure. */
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';
import { TENANT } from './catalog.ts';
import { boundCatalog } from './catalog-bounds.ts';
import { LoginError } from './login-error.ts';
import type { CatalogService, Tenant, Token, TokenUser } from './token.ts';
import { catalogOfV3 } from './v3-catalog.ts';

/** Below this, our clock and the identity service's count as equal: `Date` has whole seconds and answers travel. */
const CLOCK_TOLERANCE_MS = 5_000;

/** The farthest expiry that is believed, ms from now: what comes after it need not be a date any more. */
const LONGEST_LIFE_MS = 10 * 366 * 86_400_000;
/** A token as it can stand in a header; those of Keystone are a few hundred characters, signed ones some thousands. */
const TOKEN_ID = /^[\x21-\x7e]{1,16384}$/;
/** Members of a catalog that are nested deeper are nobody's. */
const DEEPEST = 32;

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
  const at = { nowMs, dateHeader, what: 'access.token.expires' };
  const expiresAtMs = expiryOf(required(token, 'expires', at.what), at);
  const hint = 'access.token.tenant.id (is the login scoped to a tenant?)';
  return checked(body, {
    id: tokenId(required(token, 'id', 'access.token.id'), 'access.token.id'),
    expiresAtMs,
    issuedAtMs: nowMs,
    tenant: parseTenant(member(token, 'tenant'), 'access.token.tenant.id', hint),
    user: parseUser(member(access, 'user')),
    catalog: parseCatalog(access?.['serviceCatalog']),
  });
}

/**
 * Reads the `token` answer of Identity v3.
 *
 * @param id the answer's `X-Subject-Token`
 * @param body the parsed answer
 * @param nowMs our wall clock
 * @param dateHeader the answer's `Date`: when our clocks differ, the expiry is moved onto ours
 * @throws LoginError `malformed` when there is no token, expiry or project, or the token has expired already
 */
export function parseV3Token(
  id: string | undefined,
  body: JsonValue,
  nowMs: number,
  dateHeader?: string,
): Token {
  const token = member(body, 'token');
  if (!id) throw malformed('it has no X-Subject-Token');
  const at = { nowMs, dateHeader, what: 'token.expires_at' };
  const expiresAtMs = expiryOf(required(token, 'expires_at', at.what), at);
  const hint = 'token.project: the user has no default project, so name one in accounts[].identity.project';
  return checked(body, {
    id: tokenId(id, 'X-Subject-Token'),
    expiresAtMs,
    issuedAtMs: nowMs,
    tenant: parseTenant(member(token, 'project'), 'token.project.id', hint),
    user: parseUser({ ...member(token, 'user'), roles: token?.['roles'] ?? [] }),
    catalog: catalogOfV3(token?.['catalog']),
  });
}

function checked(body: JsonValue, token: Token): Token {
  if (isDeeperThan(DEEPEST, body)) throw malformed(`it is nested deeper than ${DEEPEST}`);
  const { catalog, leftOut } = boundCatalog(token.catalog);
  return { ...token, catalog, ...(leftOut === 0 ? {} : { leftOut }) };
}

function tokenId(id: string, what: string): string {
  if (!TOKEN_ID.test(id)) throw malformed(`its ${what} cannot stand in a header`);
  return id;
}

/** @param hint what is missing when there is none */
function parseTenant(tenant: JsonObject | undefined, what: string, hint: string): Tenant {
  const id = required(tenant, 'id', hint);
  if (!TENANT.test(id)) throw malformed(`its ${what} is none`);
  return { id, name: text(tenant, 'name') ?? id };
}

/** When regions stop taking the token, on our clock. */
function expiryOf(
  value: string,
  { nowMs, dateHeader, what }: { nowMs: number; dateHeader: string | undefined; what: string },
): number {
  const expires = parseExpires(value, what);
  const expiresAtMs = Math.min(expires - clockSkewMs(nowMs, dateHeader), nowMs + LONGEST_LIFE_MS);
  if (expiresAtMs <= nowMs) throw malformed('its token has expired already (check this machine’s clock)');
  return expiresAtMs;
}

/**
 * An `expires` of either service version: with `Z`, with an offset (`-05:00`, `+0000`, `-05`), with any fraction, with a
 * blank for the `T`, as an HTTP date, or in seconds or ms since 1970; a time without a zone is UTC, not the machine's.
 */
export function parseExpires(value: string, what = 'access.token.expires'): number {
  const text = value.trim();
  const time = /^\d{9,14}(?:\.\d{1,9})?$/.test(text) ? sinceEpoch(Number(text)) : Date.parse(zoned(text));
  if (Number.isNaN(time)) throw malformed(`its ${what} is no date`);
  return time;
}

/** Seconds have ten digits until the year 2286, ms have thirteen since 2001. */
const sinceEpoch = (number: number): number => (number < 1e11 ? number * 1000 : number);

function zoned(text: string): string {
  if (text.length > 64 || !/^[+-]?\d{4,6}-\d{2}/.test(text)) return text;
  const iso = text
    .toUpperCase()
    .replace(/^([-+\d]+)[ _]+(?=\d{2}:)/, '$1T')
    .replace(/(\d{2}),(\d)/, '$1.$2')
    .replace(/ ?(?:UTC|GMT)$/, 'Z')
    .replace(/ (?=[+-]\d{2}:?\d{2}$)/, '')
    .replace(/(T[^T]*[+-]\d{2})$/, '$1:00');
  return /(?:Z|[+-]\d{2}:?\d{2})$/.test(iso) && iso.includes('T')
    ? iso
    : `${iso}${iso.includes('T') ? '' : 'T00:00'}Z`;
}

function isDeeperThan(depth: number, value: JsonValue): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((member) => isDeeperThan(depth - 1, member as JsonValue));
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
