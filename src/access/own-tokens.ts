/**
 * Upstream tokens that callers bring (`access.passThrough`), and what was learned of them from a login or a validation:
 * whose they are, for how long, and since when an answer has last proven them good. Those that are nobody's are remembered
 * for a moment, too. All of it stands under a digest with a key of this process, and is bounded in bytes.
 */
import { LRUCache } from 'lru-cache';
import { createKeyedDigest, DIGEST_ENTRY_BYTES } from './keyed-digest.ts';

/** Whose a token is, shared between the tokens of one user. */
export interface Owner<V> {
  /** What tells it from other owners. */
  readonly key: string;
  readonly value: V;
  /** What it takes, bytes; counted when it is new. */
  readonly bytes: number;
}

/** What is known of a token. */
export interface KnownToken<V> {
  readonly owner: V;
  /** Until when it counts as looked at: its identity service or a region has taken it, wall ms. */
  readonly checkedUntilMs: number;
  /** Until when it counts as proven: a login gave it, or a region has taken it, wall ms. */
  readonly provenUntilMs: number;
}

interface Remembered<V> {
  /** Empty once it had to make room for others. */
  readonly holder: { value: V | undefined };
  readonly expiresAtMs: number;
  checkedUntilMs: number;
  provenUntilMs: number;
}

const TOKEN_BYTES = 4 * 1024 * 1024;
const OWNER_BYTES = 32 * 1024 * 1024;
const REFUSED_BYTES = 1024 * 1024;
/** How long a token that was nobody's is not asked about again, ms: one that was made just now may not be everywhere yet. */
const REFUSED_MS = 10_000;

export class OwnTokens<V> {
  readonly #digest = createKeyedDigest();
  readonly #tokens = new LRUCache<string, Remembered<V>>({
    maxSize: TOKEN_BYTES,
    sizeCalculation: () => DIGEST_ENTRY_BYTES,
  });
  readonly #owners = new LRUCache<string, { holder: Remembered<V>['holder']; bytes: number }>({
    maxSize: OWNER_BYTES,
    sizeCalculation: ({ bytes }) => bytes,
    dispose: ({ holder }, _key, reason) => {
      if (reason === 'evict') holder.value = undefined;
    },
  });
  /** Wall ms until which a token counts as nobody's. */
  readonly #refused = new LRUCache<string, number>({
    maxSize: REFUSED_BYTES,
    sizeCalculation: () => DIGEST_ENTRY_BYTES,
  });

  /** What a text is remembered by here, with what else tells questions about it apart. */
  digestOf(...parts: readonly string[]): string {
    return this.#digest(...parts);
  }

  /** The owner of that key, if it is known already. */
  owner(key: string): V | undefined {
    return this.#owners.get(key)?.holder.value;
  }

  /**
   * A login or a validation has told whose a token is. One that was only looked at has to be taken by a region before what
   * is cached is for it.
   *
   * @param terms `expiresAtMs`: when the token ends; `ttlMs`: `passThrough.proofTtl`
   */
  learn(
    token: string,
    { key, value, bytes }: Owner<V>,
    {
      expiresAtMs,
      ttlMs,
      isProven,
    }: { readonly expiresAtMs: number; readonly ttlMs: number; readonly isProven: boolean },
    nowMs: number,
  ): void {
    if (expiresAtMs <= nowMs) return;
    let holder = this.#owners.get(key)?.holder;
    if (holder === undefined) {
      holder = { value };
      this.#owners.set(key, { holder, bytes: bytes + DIGEST_ENTRY_BYTES });
    }
    holder.value = value;
    const checkedUntilMs = Math.min(expiresAtMs, nowMs + ttlMs);
    const digest = this.#digest(token);
    const before = this.#tokens.get(digest)?.provenUntilMs ?? 0;
    const provenUntilMs = isProven ? checkedUntilMs : before;
    this.#tokens.set(digest, { holder, expiresAtMs, checkedUntilMs, provenUntilMs });
  }

  /** What is known of a token now. */
  find(token: string, nowMs: number): KnownToken<V> | undefined {
    const known = this.#tokens.get(this.#digest(token));
    if (known === undefined || nowMs >= known.expiresAtMs) return undefined;
    const { value: owner } = known.holder;
    const { checkedUntilMs, provenUntilMs } = known;
    return owner === undefined ? undefined : { owner, checkedUntilMs, provenUntilMs };
  }

  /** Whether an answer has shown a short while ago that the token is good. */
  isProven(token: string, nowMs: number): boolean {
    return nowMs < (this.find(token, nowMs)?.provenUntilMs ?? 0);
  }

  /** A region has taken the token: it is proven anew. */
  prove(token: string, ttlMs: number, nowMs: number): void {
    const known = this.#tokens.get(this.#digest(token));
    if (known === undefined) return;
    known.provenUntilMs = Math.min(known.expiresAtMs, nowMs + ttlMs);
    known.checkedUntilMs = Math.max(known.checkedUntilMs, known.provenUntilMs);
  }

  /** A region or the identity service has refused the token. */
  forget(token: string): void {
    this.#tokens.delete(this.#digest(token));
  }

  /** The identity services know nothing of it. @param question digest of the token and what it was asked for */
  refuse(question: string, nowMs: number): void {
    this.#refused.set(question, nowMs + REFUSED_MS);
  }

  /** Whether the identity services have said a moment ago that they know nothing of it. */
  isRefused(question: string, nowMs: number): boolean {
    return nowMs < (this.#refused.get(question) ?? 0);
  }

  /** What is remembered, bytes. */
  get bytes(): number {
    return this.#tokens.calculatedSize + this.#owners.calculatedSize + this.#refused.calculatedSize;
  }
}
