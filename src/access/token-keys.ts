/**
 * What Sluice's tokens are signed with. A ring, so that keys can be changed while tokens of the one before are still in
 * use: the newest signs, all verify. To rotate, put a new key before the others on every instance, and take the last one
 * away when its tokens have expired.
 */
import { createSecretKey, hash, type KeyObject, randomBytes, scryptSync } from 'node:crypto';

/** One signing key. */
export interface TokenKey {
  /** Tells the keys of a ring apart; four bytes, from which nothing can be learned about the key. */
  readonly id: Buffer;
  readonly key: KeyObject;
}

export const KEY_ID_BYTES = 4;

/** The keys that tokens are believed by, the newest first. */
export class TokenKeyRing {
  readonly newest: TokenKey;
  readonly #all: readonly TokenKey[];

  /** @param keys the newest first, at least one */
  constructor(keys: readonly TokenKey[]) {
    const [newest] = keys;
    if (newest === undefined) throw new Error('A ring of token keys needs at least one.');
    this.newest = newest;
    this.#all = keys;
  }

  /** The key of that id; undefined: a token was signed with another, by somebody else or long ago. */
  find(id: Uint8Array): TokenKey | undefined {
    return this.#all.find((known) => known.id.equals(id));
  }
}

/**
 * The signing key for a secret that all instances share. The secret may be a password: scrypt keeps a bearer from finding
 * it by trying out words. Takes some 100 ms: once at start-up, and when the secret changes.
 *
 * @param secret at least one character, in any form
 */
export function deriveTokenKey(secret: string): TokenKey {
  if (secret === '') throw new Error('Tokens cannot be signed with an empty secret.');
  const options = { N: 32_768, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };
  return fromBytes(scryptSync(secret, 'sluice token signing, form 2', 32, options));
}

/** A key that nobody else has: its tokens end with this process. */
export function randomTokenKey(): TokenKey {
  return fromBytes(randomBytes(32));
}

function fromBytes(bytes: Buffer): TokenKey {
  const named = Buffer.concat([Buffer.from('id of token key '), bytes]);
  return { id: hash('sha256', named, 'buffer').subarray(0, KEY_ID_BYTES), key: createSecretKey(bytes) };
}
