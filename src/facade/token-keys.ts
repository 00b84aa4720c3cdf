/**
 * What Sluice's own tokens are signed with: the ring of `access.tokenKeys`, the newest first. Never anything that follows
 * from an account's secret: whoever holds a token could try guesses at that secret on a machine of his own.
 */
import { createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';

/** The first signs, all of them verify. */
export type TokenKeys = readonly [KeyObject, ...KeyObject[]];

const KEY_BYTES = 32;

/** The signing key that a text of `access.tokenKeys` stands for. */
export function tokenKeyOf(text: string): KeyObject {
  const derived = hkdfSync('sha256', text, '', 'sluice token signing, form 2', KEY_BYTES);
  return createSecretKey(Buffer.from(derived));
}

/** A key that nobody else has, and that ends with the process. */
export function randomTokenKey(): KeyObject {
  return createSecretKey(randomBytes(KEY_BYTES));
}

/** The ring of these texts; without any, the one key that there is. */
export function createTokenKeys(texts: readonly string[], fallback: KeyObject): TokenKeys {
  const [newest, ...older] = texts.map(tokenKeyOf);
  return newest === undefined ? [fallback] : [newest, ...older];
}
