/**
 * The clients of one configuration, and whose a key is. A registry never changes: a reload makes another one and puts it
 * in the place of this, so that whatever was removed is gone for the very next request.
 */
import { hash } from 'node:crypto';
import { digestClientKey } from './client-key.ts';
import { compileGrant, type Grant } from './grants.ts';
import { parseKeyHash, type ScryptHash } from './key-hash.ts';
import { parseNotAfter } from './not-after.ts';
import type { ClientLimitSettings, ClientSettings } from './settings.ts';

/** One key or password of a client. */
export interface ClientKey {
  readonly client: KnownClient;
  /** For the audit log. */
  readonly name: string;
  /** Stands in the tokens that this key was exchanged for; a digest, from which nothing can be learned. */
  readonly generation: string;
  /** Wall ms from which on it is good for nothing; Infinity: never. */
  readonly endsAtMs: number;
  /** The hash of a password; undefined for a key, which is found by its SHA-256. */
  readonly password: ScryptHash | undefined;
}

/** A client of the configuration. */
export interface KnownClient {
  readonly name: string;
  readonly grant: Grant;
  readonly share: number;
  /** ms; null: the global bound. */
  readonly maxWaitMs: number | null;
  readonly limits: readonly ClientLimitSettings[];
  readonly keys: readonly ClientKey[];
  /** Rules for certificates, see tls-clients.ts. */
  readonly certificates: readonly string[];
}

/** Finds clients by their keys, names and tokens' generations. */
export class ClientRegistry {
  readonly #byName = new Map<string, KnownClient>();
  /**
   * By SHA-256. Looking a digest up takes a time that depends on it, from which nothing follows: who can choose texts whose
   * digests come near a wanted one has found the text itself.
   */
  readonly #byDigest = new Map<string, ClientKey>();
  /** One of the passwords' hashes, for what they cost; undefined: there is none, and no login is worth a slow answer. */
  readonly passwordModel: ScryptHash | undefined;

  /** @param settings checked: every hash has a known form, no name occurs twice */
  constructor(settings: readonly ClientSettings[]) {
    for (const client of settings) this.#add(client);
    this.passwordModel = this.all.flatMap(({ keys }) => keys.flatMap(({ password }) => password ?? []))[0];
  }

  get all(): readonly KnownClient[] {
    return [...this.#byName.values()];
  }

  /** The client of that name. */
  byName(name: string): KnownClient | undefined {
    return this.#byName.get(name);
  }

  /** Whose key this is, in its time or past it; undefined: nobody's. Never a password, which needs a name and time. */
  findKey(secret: string): ClientKey | undefined {
    return this.#byDigest.get(digestClientKey(secret));
  }

  /** The key that a token of this client was given out for; undefined when the client or the key is gone. */
  keyOfToken(client: string, generation: string): ClientKey | undefined {
    return this.#byName.get(client)?.keys.find((key) => key.generation === generation);
  }

  #add(settings: ClientSettings): void {
    const keys: ClientKey[] = [];
    const { name, share, maxWaitMs, limits, certificates } = settings;
    const client: KnownClient = {
      name,
      grant: compileGrant(settings),
      share,
      maxWaitMs,
      limits,
      keys,
      certificates,
    };
    for (const [index, { hash: text, name: keyName, notAfter }] of keysOf(settings).entries()) {
      const parsed = parseKeyHash(text);
      if (parsed.kind === 'problem')
        throw new Error(`The hash of key ${index} of client ${name} ${parsed.text}.`);
      const key: ClientKey = {
        client,
        name: keyName ?? `${name}-${index}`,
        generation: generationOf(text),
        endsAtMs: notAfter === null ? Number.POSITIVE_INFINITY : (parseNotAfter(notAfter) ?? 0),
        password: parsed.kind === 'scrypt' ? parsed : undefined,
      };
      keys.push(key);
      if (parsed.kind === 'sha256') this.#byDigest.set(parsed.digest, key);
    }
    this.#byName.set(name, client);
  }
}

/** All keys of a client's settings: the only one, or the list. */
export function keysOf({ keyHash, keys }: Pick<ClientSettings, 'keyHash' | 'keys'>): readonly {
  hash: string;
  name?: string | undefined;
  notAfter: string | null;
}[] {
  return keyHash === null ? keys : [{ hash: keyHash, notAfter: null }, ...keys];
}

/** 96 bits: enough to tell the keys of one client apart for ever. */
function generationOf(text: string): string {
  return hash(
    'sha256',
    `generation of ${text.toLowerCase().startsWith('sha256:') ? text.toLowerCase() : text}`,
    'base64url',
  ).slice(0, 16);
}
