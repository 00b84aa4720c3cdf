import { type Clock, systemClock } from '../clock.ts';
import { parseAccess } from './access-answer.ts';
import { askIdentity, type IdentityWay, isYes, readAnswer, refusedBy } from './identity-request.ts';
import { type Credentials, secretsOf, v2TokensUrl } from './settings.ts';
import type { Token } from './token.ts';

export interface LoginOptions extends IdentityWay {
  /** Where: see `IdentitySettings`. */
  url: string;
  credentials: Credentials;
  clock?: Clock;
}

/** One login; it rejects with LoginError, or with the signal's reason when aborted. */
export type LogIn = (signal: AbortSignal) => Promise<Token>;

/**
 * Logins at an Identity v2.0 service (guide, section 1.3.2).
 *
 * @throws Error at once for a URL that is no v2.0 endpoint or for credentials without a secret
 */
export function createV2Login(options: LoginOptions): LogIn {
  const url = v2TokensUrl(options.url);
  const body = JSON.stringify(loginDocument(options.credentials));
  const clock = options.clock ?? systemClock;
  return async (signal) => {
    const answer = await askIdentity({ method: 'POST', url, body }, options, signal);
    if (!isYes(answer)) throw refusedBy(answer, secretsOf(options.credentials), clock.now());
    return parseAccess(readAnswer(answer), clock.now(), answer.date);
  };
}

/** The login request; the guide's Example 1.3 garbles the API key form. Keystone scopes no token without a tenant. */
function loginDocument({ username, apiKey, password, project }: Credentials): object {
  const tenant = project === undefined ? {} : { tenantId: project.id, tenantName: project.name };
  if (apiKey) return { auth: { 'RAX-KSKEY:apiKeyCredentials': { username, apiKey }, ...tenant } };
  if (password) return { auth: { passwordCredentials: { username, password }, ...tenant } };
  throw new Error('A login needs an apiKey or a password beside the username.');
}
