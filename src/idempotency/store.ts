import type { IdempotencyRecord } from './record.ts';

/** A record as the store has it: what replaces it says which one it means. */
export interface Held {
  readonly record: IdempotencyRecord;
  /** What the store compares; opaque to others. */
  readonly token: string;
  /** The store could not be asked: another request may have the name by now. */
  readonly isSure?: false;
  /** An instance that could not ask the store either may be at the same: nothing excludes it until both have looked. */
  readonly isContested?: true;
}

/** What came of a claim. */
export type Claimed =
  /**
   * The name is this request's now. `isSure` false: the store cannot tell whether somebody had it before, so that whoever
   * can look at the region should.
   */
  | { readonly state: 'claimed'; readonly held: Held; readonly isSure: boolean }
  /** Somebody has it. */
  | { readonly state: 'held'; readonly held: Held };

/** Where keyed requests are remembered. Nothing here throws: a store that is away leaves it to this process's memory. */
export interface IdempotencyStore {
  /** Puts a record where there is none. */
  claim(name: string, record: IdempotencyRecord): Promise<Claimed>;
  /** What there is now. */
  find(name: string): Promise<Held | undefined>;
  /**
   * Puts another record in the place of one, or nothing.
   *
   * @returns what is held now; undefined when another one stood there by now, and nothing was changed
   */
  replace(name: string, before: Held, next: IdempotencyRecord | undefined): Promise<Held | undefined>;
  close(): Promise<void>;
}
