/** Whether an account can log in. */
import { LoginError, type LoginFailure } from '../identity/login-error.ts';
import type { Token } from '../identity/token.ts';
import { about, type Finding } from './finding.ts';

/** A token, or why there is none. */
export type LoggedIn = { readonly token: Token; readonly tookMs: number } | { readonly error: LoginError };

/** Logs in once. @throws what is no failed login */
export async function tryLogin(
  login: (signal: AbortSignal) => Promise<Token>,
  timeoutMs: number,
): Promise<LoggedIn> {
  const start = performance.now();
  try {
    const token = await login(AbortSignal.timeout(timeoutMs));
    return { token, tookMs: performance.now() - start };
  } catch (error) {
    if (error instanceof LoginError) return { error };
    const isTimeout = error instanceof Error && error.name === 'TimeoutError';
    if (!isTimeout) throw error;
    const message = `The identity service did not answer within ${timeoutMs} ms.`;
    return { error: new LoginError('unreachable', message) };
  }
}

const ADVICE: Readonly<Record<LoginFailure, string>> = {
  refused:
    'correct user and secret (with Identity v3 the domain and the project, too): the provider’s control panel shows them',
  limited: 'wait: too many logins were tried with this user, by this or another program',
  unavailable: 'wait, or ask the provider: the service answers with errors of its own',
  unreachable: 'see the lines of dns, tcp and tls above',
  untrusted: 'see the line of tls above',
  rejected: 'correct identity.url: this is no identity service of that version',
  malformed: 'correct identity.url: what answers there gives no token that can be used',
};

/** What that means. Pure. */
export function judgeLogin(who: string, outcome: LoggedIn, nowMs: number): Finding {
  const at = about('login', who);
  if ('error' in outcome) {
    const { message, reason } = outcome.error;
    return at.fault(message.replace(/\.$/, ''), ADVICE[reason]);
  }
  const { token, tookMs } = outcome;
  const hours = (token.expiresAtMs - nowMs) / 3_600_000;
  const what = `tenant ${token.tenant.id}, a token for ${hours.toFixed(1)} hours, in ${Math.round(tookMs)} ms`;
  if (hours * 60 < 10)
    return at.warning(
      what,
      'a token this short is renewed all the time: see the life of tokens at the provider',
    );
  return at.ok(what);
}
