import type { TrustedProxies } from '../access/addresses.ts';
import type { KnownClient } from '../access/clients.ts';
import type { AccessFacts, Grant } from '../access/grants.ts';
import type { AccessMode } from '../access/identify.ts';
import type { Directory } from '../routing/directory.ts';

/** Who calls, as far as serving needs it: one for each client of a configuration, shared between its requests. */
export interface Caller {
  /** Name of a configured client, or of all the others: a label of metrics, the name of a queue. */
  readonly client: string;
  /** The upstream's user, by its id there, where a caller has a token of its own; for the audit log. */
  readonly user?: string | undefined;
  /** It has shown a key: its name is no mere word of its own. */
  readonly isKnown: boolean;
  readonly grant: Grant;
  /** What the grant was last found to have: most requests ask for what the one before them asked for. */
  readonly lastGranted?: { facts: AccessFacts | undefined };
  /** The accounts that are there for it: what is beyond its grant is nowhere to be found. */
  readonly directory: Directory;
}

/** What holds at one listener under one configuration. */
export interface ListenerTerms {
  readonly access: AccessMode;
  /** How long a proof of a caller's own upstream token lasts, ms. */
  readonly proofTtlMs: number;
  /** The configured base of links, without a slash at its end; undefined: they are made from the request's Host. */
  readonly publicUrl: string | undefined;
  /** Hosts that links may be made from; null: any where `isLocal`. */
  readonly allowedHosts: readonly string[] | null;
  /** Only this machine can connect. */
  readonly isLocal: boolean;
  readonly trusted: TrustedProxies;
  /** The client that the certificate of a connection stands for; undefined: the listener asks for none. */
  readonly certified: ((connection: object) => KnownClient | undefined) | undefined;
}
