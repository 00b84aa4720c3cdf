import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/schema.ts';
import { proofOf, type RevocationSharing, shareRevocations } from '../facade/redis-revocations.ts';
import { digestOf, Revocations } from '../facade/revocations.ts';
import { keyOfToken } from '../facade/sluice-token.ts';
import { createTokenKeys, randomTokenKey, type TokenKeys } from '../facade/token-keys.ts';
import { createRedis, createSubscriber, type RedisLog } from '../redis/connection.ts';
import type { Services } from '../serving/services.ts';

/** What Sluice's own tokens are signed with, and which of them were given back: it outlives a reload. */
export class TokenKeeper {
  readonly revocations = new Revocations();
  readonly #ownKey = randomTokenKey();
  readonly #clock: Clock;
  readonly #log: Logger;
  #keys: TokenKeys = [this.#ownKey];
  #sharing: RevocationSharing | undefined;
  #shared = '';

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Puts the keys of a configuration in force. */
  use({ access, redis }: Config): TokenKeys {
    this.#keys = createTokenKeys(access.tokenKeys, this.#ownKey);
    if (access.tokenKeys.length === 0)
      this.#log.warn(
        'access.tokenKeys is empty: the tokens that callers get here are signed with a key of this process, so that no other instance takes them, nor this one after a restart',
      );
    const isShared = access.tokenKeys.length > 0;
    const shared = isShared ? JSON.stringify([access.tokenKeys, redis]) : '';
    if (shared === this.#shared) return this.#keys;
    this.#sharing?.close();
    this.#sharing = isShared ? this.#share(redis) : undefined;
    this.#shared = shared;
    return this.#keys;
  }

  /** Takes a token back, here at once and at the other instances as soon as Redis tells them. */
  revoke({ id, claims }: Parameters<Services['revoke']>[0]): void {
    const signer = keyOfToken(this.#keys, id);
    const returned = { digest: digestOf(id), expiresAt: Math.floor(claims.expiresAtMs / 1000) };
    const revocation = { ...returned, proof: signer === undefined ? '' : proofOf(signer, returned) };
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

  #share(settings: Config['redis']): RevocationSharing | undefined {
    const redis = createRedis(settings, SILENT, { purpose: 'returned tokens', commandTimeoutMs: 1_000 });
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
