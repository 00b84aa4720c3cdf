import { createHash } from 'node:crypto';

/** More are not remembered: the oldest then lapse by themselves, as all tokens do. */
const MOST = 10_000;

/**
 * Tokens of Sluice's own that were given back before they expired. Tokens are stateless, so only the process that was
 * told knows, and forgets it when it ends.
 */
export class Revocations {
  /** When the token expires, wall ms, by a digest of its id. */
  readonly #until = new Map<string, number>();

  /** @param expiresAtMs wall ms; from then on nothing need be remembered */
  add(tokenId: string, expiresAtMs: number, nowMs: number): void {
    for (const [known, until] of this.#until) if (until <= nowMs) this.#until.delete(known);
    this.#until.set(digest(tokenId), expiresAtMs);
    if (this.#until.size <= MOST) return;
    for (const oldest of this.#until.keys()) {
      this.#until.delete(oldest);
      return;
    }
  }

  has(tokenId: string): boolean {
    return this.#until.size > 0 && this.#until.has(digest(tokenId));
  }
}

/** The ids themselves are secrets and long. */
const digest = (tokenId: string): string => createHash('sha256').update(tokenId).digest('base64url');
