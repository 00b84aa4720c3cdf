/** What is posted to Identity v3 to log in (OpenStack Identity API v3, `POST /v3/auth/tokens`). Pure. */
import type { JsonObject } from '../json.ts';
import { type Credentials, DEFAULT_DOMAIN, type DomainRef, type ProjectRef } from './settings.ts';

/**
 * The `auth` of a login.
 *
 * @throws Error for credentials without a secret
 */
export function authOf(credentials: Credentials): JsonObject {
  const { applicationCredential: application, project, userDomain } = credentials;
  if (application !== undefined) {
    const { id, name, secret } = application;
    if (!secret) throw new Error('An application credential needs a secret.');
    // A scope beside it is refused: it has the project that it was made for.
    const named: JsonObject = id === undefined ? { name: name ?? '', user: userOf(credentials) } : { id };
    const credential = { ...named, secret };
    return { identity: { methods: ['application_credential'], application_credential: credential } };
  }
  const password = credentials.apiKey || credentials.password;
  if (!password) throw new Error('A login needs a password or an apiKey beside the user.');
  const user = { ...userOf(credentials), password };
  return { identity: { methods: ['password'], password: { user } }, ...scopeOf(project, userDomain) };
}

/** The `auth` of a login with a token that is there already. */
export function authOfToken(
  id: string,
  project: ProjectRef | undefined,
  userDomain: DomainRef | undefined,
): JsonObject {
  return { identity: { methods: ['token'], token: { id } }, ...scopeOf(project, userDomain) };
}

/** The `scope` of a login; nothing for the user's default project. A project by its name is in a domain: its own, or the user's. */
export function scopeOf(project: ProjectRef | undefined, userDomain: DomainRef | undefined): JsonObject {
  if (project === undefined) return {};
  const { id, name = '', domain = userDomain } = project;
  return { scope: { project: id === undefined ? { name, domain: domainOf(domain) } : { id } } };
}

function userOf({ userId, username = '', userDomain }: Credentials): JsonObject {
  return userId === undefined ? { name: username, domain: domainOf(userDomain) } : { id: userId };
}

function domainOf({ id, name = '' }: DomainRef = DEFAULT_DOMAIN): JsonObject {
  return id === undefined ? { name } : { id };
}
