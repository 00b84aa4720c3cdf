/**
 * Logins at the façade: a name and a secret, whichever of Identity's forms they came in. A client key is recognised at
 * once; anything else is a password, which takes its time and is slowed after failures.
 */
import type { Clock } from '../clock.ts';
import { Fault } from '../faults/faults.ts';
import { parseClientKey } from './client-key.ts';
import type { ClientKey, ClientRegistry } from './clients.ts';
import { type RefusalReason, refusalOf } from './identify.ts';
import type { PasswordVerifier } from './password.ts';

export type LoginVerdict =
  | { readonly kind: 'client'; readonly key: ClientKey }
  | { readonly kind: 'refused'; readonly reason: RefusalReason; readonly retryAfterSeconds?: number };

/**
 * Who logs in.
 *
 * @param address of the caller, as addresses.ts has it
 */
export async function logIn(
  login: { readonly name: string; readonly secret: string; readonly address: string },
  { registry, passwords, clock }: { registry: ClientRegistry; passwords: PasswordVerifier; clock: Clock },
): Promise<LoginVerdict> {
  const { name, secret, address } = login;
  const form = parseClientKey(secret).kind;
  if (form === 'mistyped') return { kind: 'refused', reason: 'mistyped-key' };
  const key = registry.findKey(secret);
  if (key !== undefined) return keyLogin(key, name, clock.now());
  if (form === 'key') return { kind: 'refused', reason: 'unknown-key' };
  const verdict = await passwords.verify({ name, password: secret, address }, registry);
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
