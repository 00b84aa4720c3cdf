import { randomUUID } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { Fault } from '../../faults/faults.ts';
import type { SimulatorSettings } from '../config.ts';
import type { User, Users } from './users.ts';

/** A token the identity service gave out. */
export interface Token {
  readonly id: string;
  readonly user: User;
  /** Identity v3's methods: how it was earned. */
  readonly methods: readonly string[];
  /** False: of no project (Identity v3's `unscoped`), so no region takes it. */
  readonly scoped: boolean;
  readonly issuedMs: number;
  readonly expiresMs: number;
}

/** A token as the state file keeps it. */
export interface StoredToken {
  id: string;
  username: string;
  methods: string[];
  /** Absent: true, as in files of before. */
  scoped?: boolean;
  issuedMs: number;
  expiresMs: number;
}

/** Tokens in force. Times are wall time in ms. */
export interface Tokens {
  /** @param scoped default true */
  issue(user: User, methods: readonly string[], scoped?: boolean): Token;
  /** What the identity service knows: fresh tokens at once, revoked and expired ones no longer. */
  find(id: string): Token | undefined;
  /**
   * What a region knows: a fresh token only after the replication delay, a revoked one as long as the region's own cache of
   * seen tokens lasts, an expired one never.
   *
   * @throws Fault serviceUnavailable for a token it has not seen while the identity service is down
   */
  findInRegion(id: string, region: string): Token | undefined;
  /** @returns false when there is no such token */
  revoke(id: string): boolean;
  /** Revokes every token there is. @returns how many */
  revokeAll(): number;
  /** Whether the identity service is down: regions then know only what they have seen. */
  isDown: boolean;
  /** How many logins gave a token. */
  readonly issued: number;
  snapshot(): StoredToken[];
  restore(stored: readonly StoredToken[], users: Users): void;
}

interface Seen {
  token: Token;
  untilMs: number;
}

/** How many tokens may be held before the dead ones are swept out. */
const SWEEP_AT = 1000;

export function createTokens(settings: SimulatorSettings['tokens'], clock: Clock): Tokens {
  const tokens = new Map<string, Token>();
  const seen = new Map<string, Seen>();
  let issued = 0;
  let sweepAt = SWEEP_AT;
  let isDown = false;

  const isAlive = (token: Token | undefined): token is Token =>
    token !== undefined && clock.now() < token.expiresMs;
  const sweep = () => {
    if (tokens.size < sweepAt) return;
    for (const [id, token] of tokens) if (!isAlive(token)) tokens.delete(id);
    for (const [key, entry] of seen) if (entry.untilMs <= clock.now()) seen.delete(key);
    sweepAt = Math.max(SWEEP_AT, tokens.size * 2);
  };
  const known = (user: User, scoped: boolean): Token | undefined =>
    [...tokens.values()].find((token) => token.user === user && token.scoped === scoped && isAlive(token));

  const find = (id: string): Token | undefined => {
    const token = tokens.get(id);
    return isAlive(token) ? token : undefined;
  };

  return {
    get isDown() {
      return isDown;
    },
    set isDown(value) {
      isDown = value;
    },
    issue(user, methods, scoped = true) {
      issued += 1;
      sweep();
      const same = settings.reuse === 'same' ? known(user, scoped) : undefined;
      if (same) return same;
      const issuedMs = clock.now();
      const token: Token = {
        id: randomUUID().replaceAll('-', ''),
        user,
        methods,
        scoped,
        issuedMs,
        expiresMs: issuedMs + settings.lifetimeSeconds * 1000,
      };
      tokens.set(token.id, token);
      return token;
    },
    find,
    findInRegion(id, region) {
      const now = clock.now();
      const token = find(id);
      const key = `${region} ${id}`;
      if (!token || isDown) {
        const entry = seen.get(key);
        if (entry && now < entry.untilMs && isAlive(entry.token)) return entry.token;
        if (!isDown) return undefined;
        throw new Fault('serviceUnavailable', 'The identity service cannot be reached; try again later.');
      }
      if (now < token.issuedMs + settings.replicationDelayMs) return undefined;
      if (settings.regionCacheSeconds > 0 && (seen.get(key)?.untilMs ?? 0) <= now)
        seen.set(key, { token, untilMs: now + settings.regionCacheSeconds * 1000 });
      return token;
    },
    revoke: (id) => find(id) !== undefined && tokens.delete(id),
    revokeAll() {
      const count = [...tokens.values()].filter(isAlive).length;
      tokens.clear();
      return count;
    },
    get issued() {
      return issued;
    },
    snapshot: () =>
      [...tokens.values()].filter(isAlive).map(({ id, user, methods, scoped, issuedMs, expiresMs }) => ({
        id,
        username: user.name,
        methods: [...methods],
        scoped,
        issuedMs,
        expiresMs,
      })),
    restore(stored, users) {
      for (const { username, ...rest } of stored) {
        const user = users.named(username);
        if (user) tokens.set(rest.id, { scoped: true, ...rest, user });
      }
    },
  };
}
