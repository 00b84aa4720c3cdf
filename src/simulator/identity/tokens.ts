import { randomBytes, randomUUID } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { Fault } from '../../faults/faults.ts';
import type { SimulatorSettings } from '../config.ts';
import type { ApplicationCredential, Tenant, User, Users } from './users.ts';

/** A token the identity service gave out. */
export interface Token {
  readonly id: string;
  readonly user: User;
  /** Identity v3's methods: how it was earned. */
  readonly methods: readonly string[];
  /** What it is good for; null: Identity v3's `unscoped`, so no region takes it. */
  readonly project: Tenant | null;
  /** Region whose own identity service gave it, upper case; null: the one of all regions. */
  readonly home: string | null;
  readonly credential: ApplicationCredential | null;
  readonly issuedMs: number;
  readonly expiresMs: number;
}

/** A token as the state file keeps it. */
export interface StoredToken {
  id: string;
  username: string;
  methods: string[];
  /** Absent in files of before: then `scoped` says whether it is for the user's tenant (absent: it is). */
  projectId?: string | null;
  scoped?: boolean;
  home?: string | null;
  credential?: ApplicationCredential | null;
  issuedMs: number;
  expiresMs: number;
}

/** The services of a region that tokens are shown to. */
export type TokenService = 'compute' | 'image' | 'network' | 'volume';

/** What a login wants. */
export interface TokenRequest {
  readonly user: User;
  readonly methods: readonly string[];
  readonly project: Tenant | null;
  readonly home?: string | null;
  readonly credential?: ApplicationCredential | null;
}

interface Seen {
  token: Token;
  untilMs: number;
}

/** How many tokens may be held before the dead ones are swept out. */
const SWEEP_AT = 1000;

/** Tokens in force. Times are wall time in ms. */
export class Tokens {
  /** Whether every identity service is down: regions then know only what they have seen. */
  isDown = false;
  /** Regions whose own identity service is down. */
  readonly homesDown = new Set<string>();
  readonly #settings: SimulatorSettings['tokens'];
  readonly #clock: Clock;
  readonly #dialect: SimulatorSettings['dialect'];
  readonly #tokens = new Map<string, Token>();
  /** What each service has seen, by `service region id`. */
  readonly #seen = new Map<string, Seen>();
  #issued = 0;
  #sweepAt = SWEEP_AT;

  constructor(
    settings: SimulatorSettings['tokens'],
    clock: Clock,
    dialect: SimulatorSettings['dialect'] = 'guide',
  ) {
    this.#settings = settings;
    this.#clock = clock;
    this.#dialect = dialect;
  }

  /** How many logins gave a token. */
  get issued(): number {
    return this.#issued;
  }

  /** Whether the identity service there does not answer. */
  isDownAt(home: string | null): boolean {
    return this.isDown || (home !== null && this.homesDown.has(home));
  }

  /** The token of a login; an earlier one where the settings say that it is reused. */
  issue({ user, methods, project, home = null, credential = null }: TokenRequest): Token {
    this.#issued += 1;
    this.#sweep();
    const same = this.#settings.reuse === 'same' ? this.#known(user, project, home) : undefined;
    if (same) return same;
    const issuedMs = this.#clock.now();
    const token: Token = {
      id: this.#newId(),
      user,
      methods,
      project,
      home,
      credential,
      issuedMs,
      expiresMs: issuedMs + this.#settings.lifetimeSeconds * 1000,
    };
    this.#tokens.set(token.id, token);
    return token;
  }

  /** What an identity service knows: fresh tokens at once, revoked and expired ones no longer, another's never. */
  find(id: string, home: string | null = null): Token | undefined {
    const token = this.#tokens.get(id);
    return token !== undefined && token.home === home && this.#isAlive(token) ? token : undefined;
  }

  /**
   * What a service of a region knows: a fresh token only after the replication delay, a revoked one as long as the service's own cache of
   * seen tokens lasts, an expired one never.
   *
   * @throws Fault serviceUnavailable for a token it has not seen while the identity service is down
   */
  findInRegion(id: string, region: string, service: TokenService = 'compute'): Token | undefined {
    const now = this.#clock.now();
    const token = this.find(id) ?? this.find(id, region);
    const key = `${service} ${region} ${id}`;
    const isDown = this.isDown || this.homesDown.has(region);
    if (!token || isDown) {
      const entry = this.#seen.get(key);
      if (entry && now < entry.untilMs && this.#isAlive(entry.token)) return entry.token;
      if (!isDown) return undefined;
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
    const token = this.#tokens.get(id);
    return token !== undefined && this.#isAlive(token) && this.#tokens.delete(id);
  }

  /** Revokes every token there is. @returns how many */
  revokeAll(): number {
    const count = this.#alive().length;
    this.#tokens.clear();
    return count;
  }

  snapshot(): StoredToken[] {
    return this.#alive().map(({ user, methods, project, ...rest }) => ({
      ...rest,
      projectId: project?.id ?? null,
      username: user.name,
      methods: [...methods],
    }));
  }

  /** Takes up a snapshot; tokens of users that are gone are left out. */
  restore(stored: readonly StoredToken[], users: Users): void {
    for (const { username, projectId, scoped = true, home = null, credential = null, ...rest } of stored) {
      const user = users.named(username);
      if (!user) continue;
      const wanted = projectId === undefined && scoped ? user.tenant.id : projectId;
      const project = user.projects.find(({ id }) => id === wanted) ?? null;
      if (project !== null || wanted === null || wanted === undefined)
        this.#tokens.set(rest.id, { ...rest, user, project, home, credential });
    }
  }

  #isAlive(token: Token): boolean {
    return this.#clock.now() < token.expiresMs;
  }

  #alive(): Token[] {
    return [...this.#tokens.values()].filter((token) => this.#isAlive(token));
  }

  #known(user: User, project: Tenant | null, home: string | null): Token | undefined {
    return this.#alive().find(
      (token) => token.user === user && token.project === project && token.home === home,
    );
  }

  #newId(): string {
    const uuid = () => randomUUID().replaceAll('-', '');
    if (this.#dialect === 'guide') return uuid();
    // As long as a Fernet token of Keystone, and as opaque.
    return `gAAAAAB${randomBytes(132).toString('base64url')}`;
  }

  #sweep(): void {
    if (this.#tokens.size < this.#sweepAt) return;
    for (const [id, token] of this.#tokens) if (!this.#isAlive(token)) this.#tokens.delete(id);
    for (const [key, entry] of this.#seen) if (entry.untilMs <= this.#clock.now()) this.#seen.delete(key);
    this.#sweepAt = Math.max(SWEEP_AT, this.#tokens.size * 2);
  }
}
