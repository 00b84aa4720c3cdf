import type { EntryFields, EntryIdentity } from './entry.ts';
import type { Change } from './invalidation.ts';

/**
 * The second level: what the instances share. It is never relied upon: every method answers within its budget, none
 * rejects, and `away` or false is an ordinary answer.
 */
export interface SharedStore {
  /**
   * Reads an answer; without one, tries to become the one instance that fetches it.
   *
   * @param identity what is asked for
   * @param options.accept what will do: a fresh answer, a stale one too, or none (the upstream shall be asked)
   * @param options.signal stops the wait for another instance's answer
   */
  begin(identity: EntryIdentity, options: { accept: Acceptable; signal: AbortSignal }): Promise<Ticket>;
  /** Only reads; undefined when there is nothing usable at all. */
  peek(identity: EntryIdentity): Promise<EntryFields | undefined>;
  /** Stores what was fetched, unless its scope has changed since `begin`, and lets waiting instances go on. */
  commit(ticket: Ticket, entry: EntryFields): Promise<void>;
  /** Lets waiting instances go on; with `remove` what is stored is known to be wrong. */
  abandon(ticket: Ticket, remove: boolean): Promise<void>;
  /** Makes older answers of the scope worthless on every instance; true when every reachable instance was told. */
  announce(scope: string, change: Change): Promise<boolean>;
  /** Scopes that any instance has ever stored something for. */
  scopes(): Promise<string[]>;
  close(): Promise<void>;
}

/** How old an answer of another instance may be. */
export type Acceptable = 'fresh' | 'stale' | 'none';

/** What `begin` found. */
export type Ticket =
  | { readonly state: 'found'; readonly entry: EntryFields }
  /** Nothing fresh: the caller asks the upstream. `previous` is an older answer, if any is still good for something. */
  | {
      readonly state: 'fetch';
      readonly key: string;
      readonly scope: string;
      readonly generation: string;
      /** Proof of the lock; empty when another instance holds it and took too long. */
      readonly lock: string;
      readonly previous: EntryFields | undefined;
    }
  /** No second level just now. */
  | { readonly state: 'away'; readonly previous?: undefined };

/** What the second level tells the first. */
export interface SharedListener {
  /** Another instance changed something, or a message about this scope may have been lost (`change.kind` is `all`). */
  onChange(scope: string, change: Change): void;
  /** Scopes of which this process holds answers, to be checked after the connection was lost. */
  heldScopes(): string[];
  /** True for a scope that this process has ever fetched anything of; of others nothing needs to be known. */
  knows(scope: string): boolean;
}
