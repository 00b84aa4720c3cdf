import { systemClock } from '../clock.ts';
import { parseV3Token } from './access-answer.ts';
import { askIdentity, failureOf, parseAnswer } from './identity-exchange.ts';
import {
  type Credentials,
  DEFAULT_DOMAIN,
  type DomainRef,
  type ProjectRef,
  secretsOf,
  v3TokensUrl,
} from './settings.ts';
import type { LogIn, LoginOptions } from './v2-client.ts';

/**
 * Logins at an Identity v3 service (Keystone): with a password or an application credential. The token is in a header of
 * the answer, and what it is good for in the body.
 *
 * @throws Error at once for a URL that is no v3 endpoint or for credentials without a secret
 */
export function createV3Login(options: LoginOptions): LogIn {
  const url = v3TokensUrl(options.url);
  const body = JSON.stringify(loginDocument(options.credentials));
  const clock = options.clock ?? systemClock;
  return async (signal) => {
    const answer = await askIdentity(url, body, options, signal);
    if (answer.status < 200 || answer.status > 299)
      throw failureOf(answer, secretsOf(options.credentials), clock.now());
    const id = answer.header('x-subject-token');
    return parseV3Token(id, parseAnswer(answer), clock.now(), answer.header('date'));
  };
}

function loginDocument(credentials: Credentials): object {
  const { applicationCredential: application, project, userDomain } = credentials;
  if (application !== undefined) {
    const { id, name, secret } = application;
    if (!secret) throw new Error('An application credential needs a secret.');
    // A scope beside it is refused: it has the project that it was made for.
    const credential = id === undefined ? { name, user: userOf(credentials), secret } : { id, secret };
    const identity = { methods: ['application_credential'], application_credential: credential };
    return { auth: { identity } };
  }
  const password = credentials.apiKey || credentials.password;
  if (!password) throw new Error('A login needs a password or an apiKey beside the user.');
  const user = { ...userOf(credentials), password };
  const identity = { methods: ['password'], password: { user } };
  return { auth: { identity, ...(project === undefined ? {} : { scope: scopeOf(project, userDomain) }) } };
}

function userOf({ userId, username, userDomain }: Credentials): object {
  return userId === undefined ? { name: username, domain: domainOf(userDomain) } : { id: userId };
}

function scopeOf({ id, name, domain }: ProjectRef, userDomain: DomainRef | undefined): object {
  return { project: id === undefined ? { name, domain: domainOf(domain ?? userDomain) } : { id } };
}

const domainOf = ({ id, name }: DomainRef = DEFAULT_DOMAIN): DomainRef =>
  id === undefined ? { name } : { id };
