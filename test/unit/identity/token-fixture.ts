import type { LoginError, LoginResult } from '../../../src/identity/login-error.ts';
import type { IdentitySettings } from '../../../src/identity/settings.ts';
import type { Token } from '../../../src/identity/token.ts';
import { createTokenSource, type TokenSource } from '../../../src/identity/token-source.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

export const HOUR_MS = 3_600_000;
export const ACCOUNT: IdentitySettings = { url: 'us', username: 'mara', apiKey: 'key-of-mara-77aa' };

/** A token of tenant 424242 that lives `lifeMs` from the clock's now. */
export function newToken(clock: FakeClock, id: string, lifeMs = 24 * HOUR_MS): Token {
  return {
    id,
    issuedAtMs: clock.now(),
    expiresAtMs: clock.now() + lifeMs,
    tenant: { id: '424242', name: '424242' },
    user: { id: '9', name: 'mara', roles: [] },
    catalog: [],
  };
}

interface PendingLogin {
  signal: AbortSignal;
  resolve(token: Token): void;
  reject(error: unknown): void;
}

export interface Rig {
  clock: FakeClock;
  source: TokenSource;
  /** Logins that wait for an answer. */
  pending: PendingLogin[];
  /** How many logins there have been. */
  logins(): number;
  /** Answers the oldest waiting login with a token, and lets it sink in. */
  answer(id: string, lifeMs?: number): Promise<Token>;
  /** Lets the oldest waiting login fail. */
  fail(error: LoginError): Promise<void>;
  results: LoginResult[];
  lines: { level: string; fields: object; message: string }[];
}

/** A token source on a fake clock, with logins answered by hand and jitter fixed in the middle. */
export function newRig(random: () => number = () => 0.5): Rig {
  const clock = new FakeClock();
  const pending: PendingLogin[] = [];
  const results: LoginResult[] = [];
  const lines: Rig['lines'] = [];
  let logins = 0;
  const line = (level: string) => (fields: object, message: string) => {
    lines.push({ level, fields, message });
  };
  const source = createTokenSource({
    account: ACCOUNT,
    clock,
    random,
    log: { info: line('info'), warn: line('warn'), error: line('error') },
    observe: (result) => results.push(result),
    login: (_credentials, signal) => {
      logins += 1;
      return new Promise((resolve, reject) => pending.push({ signal, resolve, reject }));
    },
  });
  return {
    clock,
    source,
    pending,
    results,
    lines,
    logins: () => logins,
    async answer(id, lifeMs) {
      const token = newToken(clock, id, lifeMs);
      take(pending).resolve(token);
      await settle();
      return token;
    },
    async fail(error) {
      take(pending).reject(error);
      await settle();
    },
  };
}

/** A rig that has started and holds token `first`. */
export async function readyRig(lifeMs?: number): Promise<Rig & { token: Token }> {
  const rig = newRig();
  rig.source.start();
  await settle();
  const token = await rig.answer('first', lifeMs);
  return { ...rig, token };
}

function take(pending: PendingLogin[]): PendingLogin {
  const login = pending.shift();
  if (!login) throw new Error('no login is waiting');
  return login;
}
