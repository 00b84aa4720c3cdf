import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { Fault } from '../faults/faults.ts';
import { createRedisPair, SILENT_LOG } from '../redis/connection.ts';
import type { RedisSettings } from '../redis/settings.ts';
import type { Standings } from '../standing.ts';
import { LeakyCounts } from './leaky-counts.ts';
import { proofOf, type RevocationSharing, shareRevocations } from './redis-revocations.ts';
import { digestOf, Revocations } from './revocations.ts';
import type { AccessSettings } from './settings.ts';
import { keyOfToken, type SluiceToken, TokenVerifier } from './token.ts';
import { createTokenKeyRing, randomTokenKey, type TokenKeyRing } from './token-keys.ts';

/** The part of the configuration that is read here. */
export interface TokenSettings {
  readonly access: Pick<AccessSettings, 'tokenKeys'>;
  readonly redis: RedisSettings;
}

/**
 * How many tokens a client may give back at once, and a second. There is room for some 200,000, each for a day, and where it
 * is used up tokens of others end before their time.
 */
const MOST_RETURNED = 5_000;
const RETURNED_PER_SECOND = 0.25;

/** What Sluice's own tokens are signed with, and which of them were given back: it outlives a reload. */
export class TokenKeeper {
  readonly revocations = new Revocations();
  readonly #ownKey = randomTokenKey();
  /** By client; whoever has none shares one count. */
  readonly #returned = new LeakyCounts(MOST_RETURNED, RETURNED_PER_SECOND);
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #standings: Standings;
  #keys: TokenKeyRing = createTokenKeyRing([], this.#ownKey);
  #sharing: RevocationSharing | undefined;
  #shared = '';

  constructor(clock: Clock, log: Logger, standings: Standings) {
    this.#clock = clock;
    this.#log = log;
    this.#standings = standings;
  }

  /** Puts the keys of a configuration in force. */
  use({ access, redis }: TokenSettings): TokenVerifier {
    this.#keys = createTokenKeyRing(access.tokenKeys, this.#ownKey);
    if (access.tokenKeys.length === 0)
      this.#log.warn(
        'access.tokenKeys is empty: the tokens that callers get here are signed with a key of this process, so that no other instance takes them, nor this one after a restart',
      );
    const isShared = access.tokenKeys.length > 0;
    const shared = isShared ? JSON.stringify([access.tokenKeys, redis]) : '';
    const verifier = new TokenVerifier(this.#keys);
    if (shared === this.#shared) return verifier;
    this.#sharing?.close();
    this.#sharing = isShared ? this.#share(redis) : undefined;
    this.#shared = shared;
    return verifier;
  }

  /**
   * Takes a token back, here at once and at the other instances as soon as Redis tells them.
   *
   * @throws {Fault} 429 with Retry-After: its client gives back so many that it would take the room of all others
   */
  revoke({ id, claims }: Pick<SluiceToken, 'id' | 'claims'>): void {
    const now = this.#clock.monotonic();
    const pauseMs = this.#returned.pauseMs(claims.client, now);
    if (pauseMs > 0) throw tooMany(pauseMs);
    this.#returned.add(claims.client, now);
    const signer = keyOfToken(this.#keys, id);
    const returned = { digest: digestOf(id), expiresAt: Math.floor(claims.expiresAtMs / 1000) };
    const revocation = { ...returned, proof: signer === undefined ? '' : proofOf(signer.key, returned) };
    if (this.revocations.add(revocation, this.#clock.now())) this.#sharing?.tell(revocation);
  }

  /** Waits until what was returned before this process began is known here, at most `patienceMs`. */
  async ready(patienceMs: number): Promise<void> {
    if (this.#sharing === undefined) return;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patienceMs);
    });
    await Promise.race([this.#sharing.loaded, patience]);
    clearTimeout(timer);
  }

  close(): void {
    this.#sharing?.close();
  }

  #share(settings: RedisSettings): RevocationSharing | undefined {
    const pair = createRedisPair(settings, SILENT_LOG, {
      purpose: 'returned tokens',
      commandTimeoutMs: 1_000,
      standing: this.#standings.open('redis tokens'),
    });
    if (pair === null) return undefined;
    const { revocations } = this;
    return shareRevocations({
      ...pair,
      revocations,
      keys: this.#keys,
      clock: this.#clock,
      log: this.#log,
    });
  }
}

function tooMany(pauseMs: number): Fault {
  return new Fault(
    'overLimit',
    'This client gives back more tokens than can be remembered. Let tokens expire, or use one for longer.',
    { code: 429, headers: { 'retry-after': `${Math.ceil(pauseMs / 1_000)}` } },
  );
}
