/**
 * What Sluice's tokens are signed with. A ring, so that keys can be changed while tokens of the one before are still in
 * use: the newest signs, all verify. To rotate, put a new key before the others on every instance, and take the last one
 * away when its tokens have expired.
 */
import { createSecretKey, hash, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';

/** One signing key. */
export interface TokenKey {
  /** Tells the keys of a ring apart; four bytes, from which nothing can be learned about the key. */
  readonly id: Buffer;
  readonly key: KeyObject;
}

export const KEY_ID_BYTES = 4;
const KEY_BYTES = 32;

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

  /** All of them, the newest first. */
  get all(): readonly TokenKey[] {
    return this.#all;
  }

  /** The key of that id; undefined: a token was signed with another, by somebody else or long ago. */
  find(id: Uint8Array): TokenKey | undefined {
    return this.#all.find((known) => known.id.equals(id));
  }
}

/**
 * The signing key that a text of `access.tokenKeys` stands for, the same on every instance. The text is long and random, so
 * nothing slow is needed; it never follows from an account's secret, at which whoever holds a token could try guesses.
 */
export function deriveTokenKey(text: string): TokenKey {
  return fromBytes(Buffer.from(hkdfSync('sha256', text, '', 'sluice token signing, form 2', KEY_BYTES)));
}

/** The ring of these texts, the newest first; without any, the one key that there is. */
export function createTokenKeyRing(texts: readonly string[], fallback: TokenKey): TokenKeyRing {
  return new TokenKeyRing(texts.length === 0 ? [fallback] : texts.map(deriveTokenKey));
}

/** A key that nobody else has: its tokens end with this process. */
export function randomTokenKey(): TokenKey {
  return fromBytes(randomBytes(KEY_BYTES));
}

function fromBytes(bytes: Buffer): TokenKey {
  const named = Buffer.concat([Buffer.from('id of token key '), bytes]);
  return { id: hash('sha256', named, 'buffer').subarray(0, KEY_ID_BYTES), key: createSecretKey(bytes) };
}
