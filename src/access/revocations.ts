import { createHash } from 'node:crypto';

/** Memory that the digests of returned tokens may take: some 200,000 of them, and a token lives a day. */
const MOST_BYTES = 32 * 1024 * 1024;
/** What one of them takes about: digest, proof and their places in a map. */
const ENTRY_BYTES = 160;
/** What those of one second have in common. */
const SECOND_BYTES = 256;

/** A returned token, without the token. */
export interface Revocation {
  /** Of the token's id: that itself is a secret. */
  readonly digest: string;
  /** When the token expires, wall time in whole seconds. */
  readonly expiresAt: number;
  /** What makes other instances believe it; empty where nobody else is told. */
  readonly proof: string;
}

/**
 * Tokens of Sluice's own that were given back before they expired. Tokens are stateless, so whoever was told has to
 * remember, until the token would have expired. Where there is no room for more, those that expire first are no longer
 * remembered one by one: then every token that expires as early counts as returned, since a returned one must never come
 * back to life, while a good one costs its bearer another login.
 */
export class Revocations {
  /** Proofs by digest, by the second in which the tokens expire. */
  readonly #seconds = new Map<number, Map<string, string>>();
  readonly #mostBytes: number;
  /** Another number whenever one was added: what was found out before may be untrue now. */
  version = 0;
  #bytes = 0;
  /** No second before this one is in the map. */
  #first = 0;
  /** Every token that expires in this second or before it counts as returned. */
  #floor = 0;

  constructor(mostBytes = MOST_BYTES) {
    this.#mostBytes = mostBytes;
  }

  /** False when it was known already, or the token has expired. */
  add({ digest, expiresAt, proof }: Revocation, nowMs: number): boolean {
    this.#forget(nowMs);
    if (expiresAt * 1000 <= nowMs || this.#seconds.get(expiresAt)?.has(digest)) return false;
    let second = this.#seconds.get(expiresAt);
    if (second === undefined) {
      second = new Map();
      if (this.#seconds.size === 0 || expiresAt < this.#first) this.#first = expiresAt;
      this.#seconds.set(expiresAt, second);
      this.#bytes += SECOND_BYTES;
    }
    second.set(digest, proof);
    this.version++;
    this.#bytes += ENTRY_BYTES;
    while (this.#bytes > this.#mostBytes && this.#seconds.size > 0)
      this.#floor = Math.max(this.#floor, this.#dropFirst());
    return true;
  }

  /** @param expiresAtMs when the token says that it expires, wall ms */
  has(tokenId: string, expiresAtMs: number): boolean {
    const expiresAt = Math.floor(expiresAtMs / 1000);
    if (expiresAt <= this.#floor) return true;
    const second = this.#seconds.get(expiresAt);
    return second?.has(digestOf(tokenId)) === true;
  }

  /** All that are remembered one by one. */
  *all(): Generator<Revocation> {
    for (const [expiresAt, second] of this.#seconds)
      for (const [digest, proof] of second) yield { digest, expiresAt, proof };
  }

  #forget(nowMs: number): void {
    while (this.#seconds.size > 0 && this.#first * 1000 <= nowMs) {
      if (this.#seconds.has(this.#first)) this.#dropFirst();
      else this.#first++;
    }
  }

  /** Lets the first second go that holds anything, or moves on to where it may be. */
  #dropFirst(): number {
    while (!this.#seconds.has(this.#first)) this.#first++;
    const second = this.#seconds.get(this.#first)!;
    this.#seconds.delete(this.#first);
    this.#bytes -= SECOND_BYTES + second.size * ENTRY_BYTES;
    return this.#first++;
  }
}

/** 128 bits: nobody finds another token of the same digest that Sluice has signed. */
export const digestOf = (tokenId: string): string =>
  createHash('sha256').update(tokenId).digest('base64url').slice(0, 22);
