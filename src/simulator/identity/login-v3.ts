import { Fault } from '../../faults/faults.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../json.ts';
import { schemaFault } from './login-schema.ts';
import type { Credentials } from './users.ts';

/** What a v3 login asks for. */
export interface LoginV3 {
  method: 'password' | 'application_credential' | 'token';
  proof: Credentials | { kind: 'token'; id: string };
  /** `default`: the user's own project. */
  scope: 'default' | 'unscoped' | { id?: string | undefined; name?: string | undefined; domain: DomainRef };
}

/** A domain as a login names it: by id, by name, or not at all. */
type DomainRef = { id?: string | undefined; name?: string | undefined } | undefined;

/**
 * Reads the body of `POST /v3/auth/tokens`.
 *
 * @throws Fault badRequest when it does not follow the form
 */
export function readLoginV3(body: JsonValue | undefined): LoginV3 {
  const auth = loginIn(body);
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
      throw schemaFault(
        'identity/methods',
        'methods must be [password], [application_credential] or [token]',
        identity,
      );
  }
}

/** Whose login it is, for who counts them: a name, or the id of a user or a credential. */
export function chargedTo(proof: Exclude<LoginV3['proof'], { kind: 'token' }>): string {
  if ('username' in proof) return proof.username;
  if (proof.kind === 'namedCredential') return 'id' in proof.user ? proof.user.id : proof.user.username;
  return 'userId' in proof ? proof.userId : proof.id;
}

function readPassword(user: JsonObject): Credentials {
  const password = text(user, 'password');
  if (typeof user['id'] === 'string') return { kind: 'passwordOfId', userId: user['id'], password };
  return { kind: 'password', username: text(user, 'name'), domain: readDomain(user), password };
}

function readApplicationCredential(credential: JsonObject): Credentials {
  const secret = text(credential, 'secret');
  if (typeof credential['id'] === 'string')
    return { kind: 'applicationCredential', id: credential['id'], secret };
  const user = child(credential, 'user');
  const { id } = user;
  return {
    kind: 'namedCredential',
    user: typeof id === 'string' ? { id } : { username: text(user, 'name'), domain: readDomain(user) },
    name: text(credential, 'name'),
    secret,
  };
}

function readScope(scope: JsonValue | undefined): LoginV3['scope'] {
  if (scope === undefined) return 'default';
  if (scope === 'unscoped' || (isJsonObject(scope) && scope['unscoped'] !== undefined)) return 'unscoped';
  const project = isJsonObject(scope) ? scope['project'] : undefined;
  if (!isJsonObject(project)) throw schemaFault('scope', `'project' is a required property`, scope);
  return {
    domain: readDomain(project),
    id: typeof project['id'] === 'string' ? project['id'] : undefined,
    name: typeof project['name'] === 'string' ? project['name'] : undefined,
  };
}

/** Names are names in a domain. Keystone wants one; here it may be left out, and then any will do. */
function readDomain({ domain }: JsonObject): DomainRef {
  if (!isJsonObject(domain)) return undefined;
  const { id, name } = domain;
  return {
    id: typeof id === 'string' ? id : undefined,
    name: typeof name === 'string' ? name : undefined,
  };
}

/** Without a login there is nothing to hold against the schema. */
function loginIn(body: JsonValue | undefined): JsonObject {
  const auth = isJsonObject(body) ? body['auth'] : undefined;
  if (isJsonObject(auth)) return auth;
  throw new Fault(
    'badRequest',
    'Expecting to find auth in request body. The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.',
  );
}

function child(parent: JsonObject, key: string): JsonObject {
  const value = parent[key];
  if (!isJsonObject(value)) throw schemaFault(key, `'${key}' is a required property`, parent);
  return value;
}

function text(parent: JsonObject, key: string): string {
  const value = parent[key];
  if (typeof value !== 'string' || value === '')
    throw schemaFault(key, `'${key}' is a required property`, parent);
  return value;
}
