import { systemClock } from '../clock.ts';
import { parseV3Token } from './access-answer.ts';
import { askIdentity, isYes, readAnswer, refusedBy } from './identity-request.ts';
import { secretsOf, v3TokensUrl } from './settings.ts';
import type { LogIn, LoginOptions } from './v2-client.ts';
import { authOf } from './v3-login-document.ts';

/**
 * Logins at an Identity v3 service (Keystone), with a password or an application credential. The token is in a header of
 * the answer, what it is good for in the body.
 *
 * @throws Error at once for a URL that is no v3 endpoint or for credentials without a secret
 */
export function createV3Login(options: LoginOptions): LogIn {
  const url = v3TokensUrl(options.url);
  const body = JSON.stringify({ auth: authOf(options.credentials) });
  const clock = options.clock ?? systemClock;
  return async (signal) => {
    const answer = await askIdentity({ method: 'POST', url, body }, options, signal);
    if (!isYes(answer)) throw refusedBy(answer, secretsOf(options.credentials), clock.now());
    return parseV3Token(answer.subjectToken, readAnswer(answer), clock.now(), answer.date);
  };
}
