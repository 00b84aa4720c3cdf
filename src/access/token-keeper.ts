import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { createRedis, createSubscriber, type RedisLog } from '../redis/connection.ts';
import type { RedisSettings } from '../redis/settings.ts';
import type { Standings } from '../standing.ts';
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

/** What Sluice's own tokens are signed with, and which of them were given back: it outlives a reload. */
export class TokenKeeper {
  readonly revocations = new Revocations();
  readonly #ownKey = randomTokenKey();
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

  /** Takes a token back, here at once and at the other instances as soon as Redis tells them. */
  revoke({ id, claims }: Pick<SluiceToken, 'id' | 'claims'>): void {
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
    const redis = createRedis(settings, SILENT, {
      purpose: 'returned tokens',
      commandTimeoutMs: 1_000,
      standing: this.#standings.open('redis tokens'),
    });
    const subscriber = createSubscriber(settings, 'returned tokens news');
    if (!redis || !subscriber) return undefined;
    const { revocations } = this;
    return shareRevocations({
      redis,
      subscriber,
      revocations,
      keys: this.#keys,
      clock: this.#clock,
      log: this.#log,
    });
  }
}

/** Of outages the cache's connection speaks. */
const SILENT: RedisLog = { warn: () => {}, info: () => {} };
