import { createHmac, timingSafeEqual } from 'node:crypto';

type Parts = readonly (string | Uint8Array)[];

/**
 * Shows whether something that was read from Redis was written by an instance with the same key. Whoever else can write to
 * Redis can take away and repeat what instances wrote there, but not make up or change it.
 */
export interface Seal {
  /** False: the seals are checksums that anybody can make, and show no more than that a value is whole. */
  readonly isSecret: boolean;
  /**
   * The seal of a value: an HMAC-SHA-256 in base64url, 43 characters.
   *
   * @param purpose what the value is, so that one of another kind never passes for it
   * @param parts the value and all that it is about
   */
  of(purpose: string, ...parts: Parts): string;
  /** True when `seal` is the one of this value. */
  matches(seal: string, purpose: string, ...parts: Parts): boolean;
}

/** What a seal looks like, as part of an expression. */
export const SEAL_PATTERN = '[\\w-]{43}';

/**
 * @param keys `redis.signingKeys`, the same for all instances, newest first: the first seals, all of them are believed. None:
 *   nothing is secret, see `Seal.isSecret`
 */
export function createSeal(keys: readonly string[]): Seal {
  const ring = keys.length === 0 ? ['sluice'] : keys;
  return {
    isSecret: keys.length > 0,
    of: (purpose, ...parts) => sealOf(ring[0]!, [purpose, ...parts]),
    matches(seal, purpose, ...parts) {
      return ring.some((key) => isSame(seal, sealOf(key, [purpose, ...parts])));
    },
  };
}

function sealOf(key: string, parts: Parts): string {
  const hmac = createHmac('sha256', key);
  // With their lengths, so that what belongs to one part cannot pass for the end of the one before.
  for (const part of parts) hmac.update(`${Buffer.byteLength(part)}:`).update(part);
  return hmac.digest('base64url');
}

/** As texts: two of them can stand for the same bytes. */
function isSame(given: string, wanted: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(wanted)];
  return one.length === other.length && timingSafeEqual(one, other);
}
