/**
 * Sluice's own tokens: what the façade hands out, so that an upstream's token never reaches a caller. Nothing
 * is stored: whoever has the key can verify them, so every instance with the same `access.tokenKeys` can.
 *
 * Form: `sluice_` and base64url of version byte, claims as JSON, and 32 bytes of HMAC-SHA-256 over both. Not
 * encrypted: the claims hold nothing that the caller did not say or hear. No dot occurs in it, because it
 * stands in a path (`GET /v2.0/tokens/{id}`), where `.json` would mean a format.
 */
import { createHmac, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto';
import type { JsonValue } from '../json.ts';
import type { TokenKeys } from './token-keys.ts';

/** What a token says about its bearer. */
export interface SluiceClaims {
  /** Tenant id of the account it was issued for; empty for a token that is for none (unscoped). */
  readonly tenantId: string;
  /** The user name the caller logged in with; empty when it renewed a token that named none. */
  readonly username: string;
  /** How it proved who it is, in Identity v3's words. */
  readonly method: string;
  /** Wall time in ms; whole seconds. */
  readonly issuedAtMs: number;
  /** Wall time in ms; whole seconds. */
  readonly expiresAtMs: number;
}

export interface SluiceToken {
  readonly id: string;
  readonly claims: SluiceClaims;
}

export type TokenVerdict =
  | { kind: 'valid'; claims: SluiceClaims }
  | { kind: 'expired'; claims: SluiceClaims }
  /** Has the form of one, but was not signed with this key. */
  | { kind: 'forged' }
  /** Something else: an upstream token, a client key, nonsense. */
  | { kind: 'foreign' };

/**
 * How long a token lives, ms. Clients keep one until it expires, and some log in before every call when less
 * than five minutes are left, so this is never short.
 */
export const SLUICE_TOKEN_LIFE_MS = 24 * 3_600_000;
/** The shortest life that `issueToken` gives. */
const SHORTEST_LIFE_MS = 3_600_000;

const PREFIX = 'sluice_';
const FORM_VERSION = 1;
/** The usual way to log in. */
const PASSWORD = 'password';
const MAC_BYTES = 32;
/** Longer ones are not decoded at all; any user name of `LONGEST_USERNAME` fits in. */
const LONGEST_ID = 4_096;

/** A token names its user, and has to fit into a header: longer names are refused (characters, as Keystone). */
export const LONGEST_USERNAME = 255;

/**
 * A new token, signed with the newest key.
 *
 * @param nowMs wall clock
 * @param lifeMs at least an hour is given, whatever is asked
 */
export function issueToken(
  [key]: TokenKeys,
  bearer: Pick<SluiceClaims, 'tenantId' | 'username'> & Partial<Pick<SluiceClaims, 'method'>>,
  nowMs: number,
  lifeMs: number = SLUICE_TOKEN_LIFE_MS,
): SluiceToken {
  const issued = Math.floor(nowMs / 1_000);
  // A second more, so that rounding never leaves less than what was promised.
  const expires = Math.ceil((nowMs + Math.max(SHORTEST_LIFE_MS, lifeMs)) / 1_000) + 1;
  const { tenantId, username, method = PASSWORD } = bearer;
  const claims = [tenantId, username, issued, expires, randomBytes(9).toString('base64url'), method];
  const signed = Buffer.concat([Buffer.from([FORM_VERSION]), Buffer.from(JSON.stringify(claims))]);
  const id = PREFIX + Buffer.concat([signed, macOf(key, signed)]).toString('base64url');
  return {
    id,
    claims: { tenantId, username, method, issuedAtMs: issued * 1_000, expiresAtMs: expires * 1_000 },
  };
}

/** Whether a token is Sluice's own, by any of the keys, and good at `nowMs`. Never throws. */
export function verifyToken(keys: TokenKeys, id: string, nowMs: number): TokenVerdict {
  if (!id.startsWith(PREFIX) || id.length > LONGEST_ID) return { kind: 'foreign' };
  const bytes = bytesOf(id);
  if (bytes === undefined || signerOf(keys, bytes) === undefined) return { kind: 'forged' };
  const claims = readClaims(bytes.subarray(0, -MAC_BYTES));
  if (!claims) return { kind: 'forged' };
  return { kind: nowMs < claims.expiresAtMs ? 'valid' : 'expired', claims };
}

/** The key of a token that `verifyToken` takes for Sluice's own. */
export function keyOfToken(keys: TokenKeys, id: string): KeyObject | undefined {
  const bytes = bytesOf(id);
  return bytes && signerOf(keys, bytes);
}

/** What a token is made of. base64url has several spellings of the same bytes; only the one that was issued counts. */
function bytesOf(id: string): Buffer | undefined {
  const bytes = Buffer.from(id.slice(PREFIX.length), 'base64url');
  return bytes.length > MAC_BYTES && PREFIX + bytes.toString('base64url') === id ? bytes : undefined;
}

function signerOf(keys: TokenKeys, bytes: Buffer): KeyObject | undefined {
  const signed = bytes.subarray(0, -MAC_BYTES);
  const mac = bytes.subarray(-MAC_BYTES);
  return keys.find((key) => timingSafeEqual(mac, macOf(key, signed)));
}

function macOf(key: KeyObject, signed: Buffer): Buffer {
  return createHmac('sha256', key).update(signed).digest();
}

/** Claims of a verified token; undefined for a form that a later release may sign. */
function readClaims(signed: Buffer): SluiceClaims | undefined {
  if (signed[0] !== FORM_VERSION) return undefined;
  const claims = JSON.parse(signed.toString('utf8', 1)) as JsonValue;
  if (!Array.isArray(claims)) return undefined;
  const [tenantId, username, issued, expires, , method = PASSWORD] = claims;
  return {
    tenantId: String(tenantId),
    username: String(username),
    method: String(method),
    issuedAtMs: Number(issued) * 1_000,
    expiresAtMs: Number(expires) * 1_000,
  };
}
