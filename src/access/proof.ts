/**
 * Upstream tokens that callers bring (`access.passThrough`), and what has been proven about them. Whether such a token is
 * good only its issuer knows. So the first request of a token for a tenant goes upstream; when that is answered, what is
 * cached for the tenant may be served to it for a while, and a 401 ends that at once. Tokens are remembered by a digest
 * under a key of this process.
 */
import { LRUCache } from 'lru-cache';
import { owned } from '../owned-text.ts';
import { createKeyedDigest, DIGEST_ENTRY_BYTES } from './keyed-digest.ts';

/** What a token was proven to be. */
export interface TokenProof {
  readonly account: string;
  readonly tenantId: string;
  /** Who has it, for limits that the upstream counts by user; undefined: nobody said. */
  readonly userId: string | undefined;
  /** Wall ms; from then on it has to be proven again. */
  readonly endsAtMs: number;
}

const CACHE_BYTES = 4 * 1024 * 1024;

export class TokenProofs {
  readonly #digest = createKeyedDigest();
  readonly #proven = new LRUCache<string, TokenProof>({
    maxSize: CACHE_BYTES,
    sizeCalculation: ({ account, tenantId, userId = '' }) =>
      DIGEST_ENTRY_BYTES + 2 * (account.length + tenantId.length + userId.length),
  });

  /**
   * An answer has shown that the token is good for the tenant: a 2xx of a region, a login, or a validation. A token is for
   * one tenant, so another one takes the place of what was known.
   *
   * @param proof `expiresAtMs`: when the token itself ends, if that is known; `ttlMs`: `passThrough.proofTtl`
   */
  prove(
    token: string,
    proof: Omit<TokenProof, 'endsAtMs' | 'userId'> & {
      readonly userId?: string | undefined;
      readonly expiresAtMs?: number | undefined;
      readonly ttlMs: number;
    },
    nowMs: number,
  ): void {
    const { account, tenantId, userId, expiresAtMs = Number.POSITIVE_INFINITY, ttlMs } = proof;
    const endsAtMs = Math.min(nowMs + ttlMs, expiresAtMs);
    if (endsAtMs <= nowMs) return;
    const digest = this.#digest(token);
    const before = this.#proven.get(digest);
    // A region's answer does not tell the user; a login before it did.
    const isSame = before?.tenantId === tenantId && before.account === account;
    const user = userId ?? (isSame ? before.userId : undefined);
    // Cut out of an answer they would keep all of it.
    const kept = { tenantId: owned(tenantId), userId: user && owned(user) };
    this.#proven.set(digest, { account, ...kept, endsAtMs });
  }

  /** What is known of a token now. */
  find(token: string, nowMs: number): TokenProof | undefined {
    const proof = this.#proven.get(this.#digest(token));
    return proof !== undefined && nowMs < proof.endsAtMs ? proof : undefined;
  }

  /** Whether what is cached for the tenant may be served to whoever has the token. */
  isProven(token: string, account: string, tenantId: string, nowMs: number): boolean {
    const proof = this.find(token, nowMs);
    return proof !== undefined && proof.account === account && proof.tenantId === tenantId;
  }

  /** A region or the identity service has refused the token. */
  forget(token: string): void {
    this.#proven.delete(this.#digest(token));
  }

  /** What is remembered, bytes. */
  get bytes(): number {
    return this.#proven.calculatedSize;
  }
}
