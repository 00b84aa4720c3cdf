/**
 * Logins at the façade: a name and a secret, whichever of Identity's forms they came in. A client key is recognised at
 * once; anything else is a password, which takes its time and is slowed after failures.
 */
import type { Clock } from '../clock.ts';
import { Fault } from '../faults/faults.ts';
import { parseClientKey } from './client-key.ts';
import type { ClientKey, ClientRegistry } from './clients.ts';
import { type RefusalReason, refusalOf } from './identify.ts';
import type { PasswordVerdict, PasswordVerifier } from './password.ts';

export type LoginVerdict =
  | { readonly kind: 'client'; readonly key: ClientKey }
  | { readonly kind: 'refused'; readonly reason: RefusalReason; readonly retryAfterSeconds?: number };

/** A name and a secret as they came in. */
export interface NamedSecret {
  readonly name: string;
  readonly secret: string;
  /** Of the caller, as addresses.ts has it. */
  readonly address: string;
}

/** What logins are judged by. */
export interface LoginMeans {
  readonly registry: ClientRegistry;
  readonly passwords: PasswordVerifier;
  readonly clock: Clock;
}

/** Who logs in. */
export async function logIn(login: NamedSecret, means: LoginMeans): Promise<LoginVerdict> {
  const byKey = judgeKey(login, means);
  if (byKey !== undefined) return byKey;
  return verdictOf(await means.passwords.verify(passwordLogin(login), means.registry));
}

/** The same, as far as it can be said at once; undefined: a password has to be verified, and nothing was begun. */
export function logInNow(login: NamedSecret, means: LoginMeans): LoginVerdict | undefined {
  const byKey = judgeKey(login, means);
  if (byKey !== undefined) return byKey;
  const verdict = means.passwords.decideNow(passwordLogin(login), means.registry);
  return verdict && verdictOf(verdict);
}

const passwordLogin = ({ name, secret, address }: NamedSecret) => ({ name, password: secret, address });

/** @returns undefined for what is no key, nor looks like one */
function judgeKey({ name, secret }: NamedSecret, { registry, clock }: LoginMeans): LoginVerdict | undefined {
  const form = parseClientKey(secret).kind;
  if (form === 'mistyped') return { kind: 'refused', reason: 'mistyped-key' };
  const key = registry.findKey(secret);
  if (key !== undefined) return keyLogin(key, name, clock.now());
  return form === 'key' ? { kind: 'refused', reason: 'unknown-key' } : undefined;
}

function verdictOf(verdict: PasswordVerdict): LoginVerdict {
  switch (verdict.kind) {
    case 'right':
      return { kind: 'client', key: verdict.key };
    case 'wrong':
      return { kind: 'refused', reason: 'wrong-password' };
    case 'slow': {
      const { retryAfterSeconds } = verdict;
      return { kind: 'refused', reason: 'too-many-failures', retryAfterSeconds };
    }
  }
}

/** A key under another client's name is a mistake, and who makes it should hear of it. */
function keyLogin(key: ClientKey, name: string, nowWall: number): LoginVerdict {
  if (key.client.name !== name) return { kind: 'refused', reason: 'unknown-key' };
  return nowWall < key.endsAtMs ? { kind: 'client', key } : { kind: 'refused', reason: 'ended-key' };
}

/** The fault for a login that failed: 401, or 429 with `Retry-After`. It says the same whatever was wrong. */
export function loginFault({ reason, retryAfterSeconds }: LoginVerdict & { kind: 'refused' }): Fault {
  if (retryAfterSeconds !== undefined)
    return new Fault('overLimit', 'Too many logins have failed. Log in again after Retry-After.', {
      code: 429,
      headers: { 'retry-after': `${retryAfterSeconds}` },
    });
  if (reason === 'mistyped-key' || reason === 'ended-key') return refusalOf(reason);
  return new Fault('unauthorized', 'The name or the secret is wrong.', {
    headers: { 'www-authenticate': 'Bearer realm="sluice"' },
  });
}
