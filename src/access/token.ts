/**
 * Sluice's own tokens: what the façade hands out, so that an upstream's token never reaches a caller. Nothing is stored:
 * whoever has the key can verify them, so every instance with the same `access.tokenKeys` can.
 *
 * Form: `sluice_token_` and base64url of a version byte, the id of the signing key, the claims as a JSON list, and 32 bytes
 * of HMAC-SHA-256 over all that. Not encrypted: the claims hold nothing that the caller did not say or hear. No dot occurs in
 * it, because it stands in a path (`GET /v2.0/tokens/{id}`), where `.json` would mean a format.
 *
 * A token is good no longer than the key it was given for: it names the client and, as `generation`, that key. Whoever
 * takes a token asks the registry for them, see identify.ts.
 */
import { createHmac, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { createKeyedDigest, DIGEST_ENTRY_BYTES } from './keyed-digest.ts';
import { KEY_ID_BYTES, type TokenKey, type TokenKeyRing } from './token-keys.ts';

/** What a token says about its bearer. */
export interface TokenClaims {
  /** Name of the client; empty where nobody was asked for a key (open mode). */
  readonly client: string;
  /** Which key of the client it was given for; empty in open mode. */
  readonly generation: string;
  /** Name of the account; empty for a token that is for none (unscoped). */
  readonly account: string;
  /** Tenant id of the account; empty for a token that is for none. */
  readonly tenantId: string;
  /** The user name the caller logged in with; empty when it renewed a token that named none. */
  readonly username: string;
  /** How it proved who it is, in Identity v3's words. */
  readonly method: string;
  /** Wall time in ms; whole seconds. */
  readonly issuedAtMs: number;
  /** Wall time in ms; whole seconds. */
  readonly expiresAtMs: number;
  /** Never the same twice: what an audit id is made from. */
  readonly serial: string;
}

export interface SluiceToken {
  readonly id: string;
  readonly claims: TokenClaims;
}

export type TokenVerdict =
  | { readonly kind: 'valid'; readonly claims: TokenClaims }
  | { readonly kind: 'expired'; readonly claims: TokenClaims }
  /** Has the form of one, but something in it was changed. */
  | { readonly kind: 'forged' }
  /** Something else: an upstream token, a client key, nonsense, or a token of another gateway or of a key that is gone. */
  | { readonly kind: 'foreign' };

/**
 * How long a token lives, ms. Clients keep one until it expires, and some log in before every call when less
 * than five minutes are left, so this is never short.
 */
export const TOKEN_LIFE_MS = 24 * 3_600_000;
/** The shortest life that `issueToken` gives. */
const SHORTEST_LIFE_MS = 3_600_000;

export const TOKEN_PREFIX = 'sluice_token_';
const FORM_VERSION = 2;
/** The usual way to log in. */
const PASSWORD = 'password';
const MAC_BYTES = 32;
const HEAD_BYTES = 1 + KEY_ID_BYTES;
/** Longer ones are not decoded at all; any user name of `LONGEST_USERNAME` fits in. */
const LONGEST_ID = 4_096;

/** A token names its user, and has to fit into a header: longer names are refused (characters, as Keystone). */
export const LONGEST_USERNAME = 255;

const FORGED: TokenVerdict = { kind: 'forged' };
const FOREIGN: TokenVerdict = { kind: 'foreign' };

/** For whom and for what a token is given out; what is left out is empty. */
export type Bearer = Partial<Omit<TokenClaims, 'issuedAtMs' | 'expiresAtMs' | 'serial'>>;

/**
 * A new token.
 *
 * @param nowMs wall clock
 * @param lifeMs at least an hour is given, whatever is asked
 * @param endsAtMs wall time beyond which it is good for nothing, however short its life is then
 */
export function issueToken(
  ring: TokenKeyRing,
  bearer: Bearer,
  nowMs: number,
  lifeMs: number = TOKEN_LIFE_MS,
  endsAtMs: number = Number.POSITIVE_INFINITY,
): SluiceToken {
  const issued = Math.floor(nowMs / 1_000);
  // A second more, so that rounding never leaves less than what was promised.
  const full = Math.ceil((nowMs + Math.max(SHORTEST_LIFE_MS, lifeMs)) / 1_000) + 1;
  const expires = Math.min(full, Math.floor(endsAtMs / 1_000));
  const {
    client = '',
    generation = '',
    account = '',
    tenantId = '',
    username = '',
    method = PASSWORD,
  } = bearer;
  const serial = randomBytes(9).toString('base64url');
  const list = [client, generation, account, tenantId, username, method, issued, expires, serial];
  const { id: keyId, key } = ring.newest;
  const signed = Buffer.concat([Buffer.from([FORM_VERSION]), keyId, Buffer.from(JSON.stringify(list))]);
  const id = TOKEN_PREFIX + Buffer.concat([signed, macOf(key, signed)]).toString('base64url');
  return { id, claims: claimsOf(list) };
}

/** Whether a token is Sluice's own and good at `nowMs`. Never throws. */
export function verifyToken(ring: TokenKeyRing, id: string, nowMs: number): TokenVerdict {
  const read = readToken(ring, id);
  return typeof read === 'string' ? verdictOf(read) : standing(read, nowMs);
}

const verdictOf = (kind: 'forged' | 'foreign'): TokenVerdict => (kind === 'forged' ? FORGED : FOREIGN);

const standing = (claims: TokenClaims, nowMs: number): TokenVerdict => ({
  kind: nowMs < claims.expiresAtMs ? 'valid' : 'expired',
  claims,
});

function readToken(ring: TokenKeyRing, id: string): TokenClaims | 'forged' | 'foreign' {
  const bytes = bytesOf(id);
  if (bytes === 'forged' || bytes === 'foreign') return bytes;
  const known = ring.find(bytes.subarray(1, HEAD_BYTES));
  if (known === undefined) return 'foreign';
  const signed = bytes.subarray(0, -MAC_BYTES);
  if (!timingSafeEqual(bytes.subarray(-MAC_BYTES), macOf(known.key, signed))) return 'forged';
  return claimsOf(JSON.parse(signed.toString('utf8', HEAD_BYTES)) as (string | number)[]);
}

/** The key that a token names as its signer, if it is in the ring; what else is in the token is not looked at. */
export function keyOfToken(ring: TokenKeyRing, id: string): TokenKey | undefined {
  const bytes = bytesOf(id);
  return typeof bytes === 'string' ? undefined : ring.find(bytes.subarray(1, HEAD_BYTES));
}

/** What a token is made of, if it has the form of one. */
function bytesOf(id: string): Buffer | 'forged' | 'foreign' {
  if (!id.startsWith(TOKEN_PREFIX) || id.length > LONGEST_ID) return 'foreign';
  const bytes = Buffer.from(id.slice(TOKEN_PREFIX.length), 'base64url');
  // base64url has several spellings of the same bytes; only the one that was issued counts.
  if (bytes.length <= HEAD_BYTES + MAC_BYTES || TOKEN_PREFIX + bytes.toString('base64url') !== id)
    return 'forged';
  return bytes[0] === FORM_VERSION ? bytes : 'foreign';
}

function macOf(key: KeyObject, signed: Buffer): Buffer {
  return createHmac('sha256', key).update(signed).digest();
}

/** The claims of a list that this or another instance has signed. */
function claimsOf(list: readonly (string | number)[]): TokenClaims {
  const [client, generation, account, tenantId, username, method, issued, expires, serial] = list;
  return {
    client: String(client),
    generation: String(generation),
    account: String(account),
    tenantId: String(tenantId),
    username: String(username),
    method: String(method),
    issuedAtMs: Number(issued) * 1_000,
    expiresAtMs: Number(expires) * 1_000,
    serial: String(serial),
  };
}

const CACHE_BYTES = 8 * 1024 * 1024;

/**
 * Verifies tokens that come again and again. Those that were found genuine are remembered by a digest under a key of this
 * process, which costs less than their signature; whether they have expired is asked each time, forged ones are not kept.
 */
export class TokenVerifier {
  readonly #ring: TokenKeyRing;
  readonly #digest = createKeyedDigest();
  readonly #genuine = new LRUCache<string, TokenClaims>({
    maxSize: CACHE_BYTES,
    // The claims are told apart by their texts, which take at most what the token takes.
    sizeCalculation: (claims) =>
      DIGEST_ENTRY_BYTES + 256 + 2 * (claims.username.length + claims.tenantId.length),
  });

  constructor(ring: TokenKeyRing) {
    this.#ring = ring;
  }

  /** Signs a new token, see `issueToken`. */
  issue(bearer: Bearer, nowMs: number, lifeMs?: number, endsAtMs?: number): SluiceToken {
    return issueToken(this.#ring, bearer, nowMs, lifeMs, endsAtMs);
  }

  /** See `verifyToken`. */
  verify(id: string, nowMs: number): TokenVerdict {
    if (!id.startsWith(TOKEN_PREFIX) || id.length > LONGEST_ID) return FOREIGN;
    const digest = this.#digest(id);
    const known = this.#genuine.get(digest);
    if (known !== undefined) return standing(known, nowMs);
    const read = readToken(this.#ring, id);
    if (typeof read === 'string') return verdictOf(read);
    this.#genuine.set(digest, read);
    return standing(read, nowMs);
  }
}
