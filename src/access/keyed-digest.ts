import { hash, randomBytes } from 'node:crypto';

/** Turns texts into what they are remembered by. */
export type KeyedDigest = (...parts: readonly string[]) => string;

/**
 * Digests under a random key of this process: what is remembered of a secret is then worth nothing outside of it, not even
 * to somebody who tries out words. The key stands first and has a fixed length; the digest never leaves the process, so that
 * nothing could be appended to what was digested.
 */
export function createKeyedDigest(): KeyedDigest {
  const key = randomBytes(32).toString('base64');
  return (...parts) => {
    let text = key;
    // Lengths between the parts, so that no two lists of parts are one text.
    for (const part of parts) text += `${part.length}:${part}`;
    return hash('sha256', text, 'base64');
  };
}

/** What an entry of a map by such digests takes, bytes: the digest, the entry, and a small value. */
export const DIGEST_ENTRY_BYTES = 256;
