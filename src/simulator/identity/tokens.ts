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

interface Seen {
  token: Token;
  untilMs: number;
}

/** How many tokens may be held before the dead ones are swept out. */
const SWEEP_AT = 1000;

/** Tokens in force. Times are wall time in ms. */
export class Tokens {
  /** Whether the identity service is down: regions then know only what they have seen. */
  isDown = false;
  readonly #settings: SimulatorSettings['tokens'];
  readonly #clock: Clock;
  readonly #tokens = new Map<string, Token>();
  /** What each region has seen, by `region id`. */
  readonly #seen = new Map<string, Seen>();
  #issued = 0;
  #sweepAt = SWEEP_AT;

  constructor(settings: SimulatorSettings['tokens'], clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /** How many logins gave a token. */
  get issued(): number {
    return this.#issued;
  }

  /** The token of a login, `scoped` to the user's tenant; an earlier one where the settings say that it is reused. */
  issue(user: User, methods: readonly string[], scoped = true): Token {
    this.#issued += 1;
    this.#sweep();
    const same = this.#settings.reuse === 'same' ? this.#known(user, scoped) : undefined;
    if (same) return same;
    const issuedMs = this.#clock.now();
    const token: Token = {
      id: randomUUID().replaceAll('-', ''),
      user,
      methods,
      scoped,
      issuedMs,
      expiresMs: issuedMs + this.#settings.lifetimeSeconds * 1000,
    };
    this.#tokens.set(token.id, token);
    return token;
  }

  /** What the identity service knows: fresh tokens at once, revoked and expired ones no longer. */
  find(id: string): Token | undefined {
    const token = this.#tokens.get(id);
    return token !== undefined && this.#isAlive(token) ? token : undefined;
  }

  /**
   * What a region knows: a fresh token only after the replication delay, a revoked one as long as the region's own cache of
   * seen tokens lasts, an expired one never.
   *
   * @throws Fault serviceUnavailable for a token it has not seen while the identity service is down
   */
  findInRegion(id: string, region: string): Token | undefined {
    const now = this.#clock.now();
    const token = this.find(id);
    const key = `${region} ${id}`;
    if (!token || this.isDown) {
      const entry = this.#seen.get(key);
      if (entry && now < entry.untilMs && this.#isAlive(entry.token)) return entry.token;
      if (!this.isDown) return undefined;
      throw new Fault('serviceUnavailable', 'The identity service cannot be reached; try again later.');
    }
    const { replicationDelayMs, regionCacheSeconds } = this.#settings;
    if (now < token.issuedMs + replicationDelayMs) return undefined;
    if (regionCacheSeconds > 0 && (this.#seen.get(key)?.untilMs ?? 0) <= now)
      this.#seen.set(key, { token, untilMs: now + regionCacheSeconds * 1000 });
    return token;
  }

  /** @returns false when there is no such token */
  revoke(id: string): boolean {
    return this.find(id) !== undefined && this.#tokens.delete(id);
  }

  /** Revokes every token there is. @returns how many */
  revokeAll(): number {
    const count = this.#alive().length;
    this.#tokens.clear();
    return count;
  }

  snapshot(): StoredToken[] {
    return this.#alive().map(({ user, methods, ...rest }) => ({
      ...rest,
      username: user.name,
      methods: [...methods],
    }));
  }

  /** Takes up a snapshot; tokens of users that are gone are left out. */
  restore(stored: readonly StoredToken[], users: Users): void {
    for (const { username, ...rest } of stored) {
      const user = users.named(username);
      if (user) this.#tokens.set(rest.id, { scoped: true, ...rest, user });
    }
  }

  #isAlive(token: Token): boolean {
    return this.#clock.now() < token.expiresMs;
  }

  #alive(): Token[] {
    return [...this.#tokens.values()].filter((token) => this.#isAlive(token));
  }

  #known(user: User, scoped: boolean): Token | undefined {
    return this.#alive().find((token) => token.user === user && token.scoped === scoped);
  }

  #sweep(): void {
    if (this.#tokens.size < this.#sweepAt) return;
    for (const [id, token] of this.#tokens) if (!this.#isAlive(token)) this.#tokens.delete(id);
    for (const [key, entry] of this.#seen) if (entry.untilMs <= this.#clock.now()) this.#seen.delete(key);
    this.#sweepAt = Math.max(SWEEP_AT, this.#tokens.size * 2);
  }
}
