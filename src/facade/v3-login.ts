import { LONGEST_USERNAME } from '../access/token.ts';
import { Fault } from '../faults/faults.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';
import type { Proof } from './proof.ts';

/** What a caller shows to Identity v3. */
export interface V3Login {
  readonly method: V3Method;
  /** The token shown (method `token`), or who logs in: a user's name or id, or what an application credential is called. */
  readonly proof: Proof;
  /** As it was written; for an identity service that a login is handed on to. */
  readonly auth: JsonObject;
  /** The project asked for; `default`: none was named, `unscoped`: a token without one is wanted. */
  readonly scope: 'default' | 'unscoped' | { tenantId?: string; tenantName?: string };
}

export type V3Method = 'password' | 'token' | 'application_credential';

const METHODS: readonly V3Method[] = ['password', 'token', 'application_credential'];

/**
 * Reads the body of `POST /v3/auth/tokens`. Domains are not looked at: there is one.
 *
 * @param body the parsed body; undefined when there was none
 * @throws Fault badRequest, which never repeats a secret; unauthorized for a scope that is no project
 */
export function parseV3Login(body: JsonValue | undefined): V3Login {
  const auth = child(body, 'auth', 'the body');
  const identity = child(auth, 'identity', '"auth"');
  const methods = Array.isArray(identity['methods']) ? identity['methods'] : [];
  const method = METHODS.find((known) => methods.includes(known));
  if (method === undefined) throw malformed(`"identity.methods" holds none of ${METHODS.join(', ')}`);
  const proof = child(identity, method, '"identity"');
  return { method, proof: readProof(method, proof), auth, scope: readScope(auth['scope']) };
}

function readProof(method: V3Method, proof: JsonObject): Proof {
  if (method === 'token') return { tokenId: text(proof, 'id', '"token"') };
  if (method === 'password') {
    const user = child(proof, 'user', '"password"');
    const secret = text(user, 'password', '"user"');
    return { secret, username: named(user, '"user"') };
  }
  const secret = text(proof, 'secret', '"application_credential"');
  const { user } = proof;
  const username = isJsonObject(user) ? named(user, '"user"') : named(proof, '"application_credential"');
  return { secret, username, kind: 'applicationCredential' };
}

function readScope(scope: JsonValue | undefined): V3Login['scope'] {
  if (scope === undefined || scope === null) return 'default';
  if (scope === 'unscoped') return 'unscoped';
  if (!isJsonObject(scope)) throw malformed('"scope" is no object');
  if (scope['unscoped'] !== undefined) return 'unscoped';
  const { project } = scope;
  if (project === undefined)
    throw new Fault(
      'unauthorized',
      'Tokens are given out for a project; log in with "scope": {"project": {"id"}} or without a scope.',
    );
  if (!isJsonObject(project)) throw malformed('"scope.project" is no object');
  if (project['id'] !== undefined) return { tenantId: text(project, 'id', '"project"') };
  return { tenantName: text(project, 'name', '"project"') };
}

/** A name, else an id. */
function named(object: JsonObject, where: string): string {
  const member = object['name'] === undefined ? 'id' : 'name';
  const value = text(object, member, where);
  if (value.length > LONGEST_USERNAME)
    throw malformed(`"${member}" of ${where} is longer than ${LONGEST_USERNAME} characters`);
  return value;
}

function child(value: JsonValue | undefined, name: string, where: string): JsonObject {
  const member = isJsonObject(value) ? value[name] : undefined;
  if (!isJsonObject(member)) throw malformed(`${where} has no "${name}" object`);
  return member;
}

function text(object: JsonObject, name: string, where: string): string {
  const value = object[name];
  if (typeof value !== 'string' || value === '') throw malformed(`${where} has no "${name}" string`);
  return value;
}

function malformed(what: string): Fault {
  return new Fault(
    'badRequest',
    `The login cannot be read: ${what}. Accepted: {"auth": {"identity": {"methods": ["password"], "password": {"user": {"name", "domain", "password"}}}, "scope": {"project": {"id"}}}}, the same with "token" or "application_credential".`,
  );
}
