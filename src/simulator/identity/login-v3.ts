import { Fault } from '../../faults/faults.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../json.ts';
import type { Credentials } from './users.ts';

/** The one domain there is. */
export const DOMAIN = { id: 'default', name: 'Default' };

/** What a v3 login asks for. */
export interface LoginV3 {
  method: 'password' | 'application_credential' | 'token';
  proof: Credentials | { kind: 'token'; id: string };
  /** `default`: the user's own project. */
  scope: 'default' | 'unscoped' | { id?: string | undefined; name?: string | undefined };
}

/**
 * Reads the body of `POST /v3/auth/tokens`.
 *
 * @throws Fault badRequest when it does not follow the form, unauthorized for another domain than the one there is
 */
export function readLoginV3(body: JsonValue | undefined): LoginV3 {
  const auth = child(body, 'auth');
  const identity = child(auth, 'identity');
  const methods = identity['methods'];
  const method = Array.isArray(methods) ? methods[0] : undefined;
  const scope = readScope(auth['scope']);
  switch (method) {
    case 'password':
      return { method, proof: readPassword(child(child(identity, 'password'), 'user')), scope };
    case 'application_credential':
      if (scope !== 'default')
        throw new Fault('unauthorized', 'Application credentials cannot request a scope.');
      return { method, proof: readApplicationCredential(child(identity, 'application_credential')), scope };
    case 'token':
      return { method, proof: { kind: 'token', id: text(child(identity, 'token'), 'id') }, scope };
    default:
      throw new Fault(
        'badRequest',
        'identity.methods must be [password], [application_credential] or [token].',
      );
  }
}

function readPassword(user: JsonObject): Credentials {
  const password = text(user, 'password');
  if (typeof user['id'] === 'string') return { kind: 'passwordOfId', userId: user['id'], password };
  checkDomain(user);
  return { kind: 'password', username: text(user, 'name'), password };
}

function readApplicationCredential(credential: JsonObject): Credentials {
  const secret = text(credential, 'secret');
  if (typeof credential['id'] === 'string')
    return { kind: 'applicationCredential', id: credential['id'], secret };
  const user = child(credential, 'user');
  checkDomain(user);
  return {
    kind: 'namedCredential',
    username: text(user, 'name'),
    name: text(credential, 'name'),
    secret,
  };
}

function readScope(scope: JsonValue | undefined): LoginV3['scope'] {
  if (scope === undefined) return 'default';
  if (scope === 'unscoped' || (isJsonObject(scope) && scope['unscoped'] !== undefined)) return 'unscoped';
  const project = isJsonObject(scope) ? scope['project'] : undefined;
  if (!isJsonObject(project)) throw new Fault('badRequest', 'scope must name a project, or be "unscoped".');
  checkDomain(project);
  return {
    id: typeof project['id'] === 'string' ? project['id'] : undefined,
    name: typeof project['name'] === 'string' ? project['name'] : undefined,
  };
}

/** Names are names in a domain. Keystone wants one; here it may be left out, for there is only one. */
function checkDomain(parent: JsonObject): void {
  const { domain } = parent;
  if (!isJsonObject(domain)) return;
  if ((domain['id'] ?? DOMAIN.id) !== DOMAIN.id || (domain['name'] ?? DOMAIN.name) !== DOMAIN.name)
    throw new Fault('unauthorized', 'The request you have made requires authentication.');
}

function child(parent: JsonValue | undefined, key: string): JsonObject {
  const value = isJsonObject(parent) ? parent[key] : undefined;
  if (!isJsonObject(value)) throw new Fault('badRequest', `Expecting to find ${key} in the request body.`);
  return value;
}

function text(parent: JsonObject, key: string): string {
  const value = parent[key];
  if (typeof value !== 'string' || value === '')
    throw new Fault('badRequest', `Expecting to find ${key} as a text in the request body.`);
  return value;
}
