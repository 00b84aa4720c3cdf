import { Fault } from '../../faults/faults.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../json.ts';
import type { Credentials } from './users.ts';

/** What a v2.0 login asks for. */
export interface Login {
  proof: Credentials | { kind: 'token'; id: string };
  /** Wanted tenant, by id or by name; undefined: the user's own. */
  tenantId: string | undefined;
  tenantName: string | undefined;
}

/**
 * Reads the body of `POST /v2.0/tokens`: RAX-KSKEY:apiKeyCredentials, passwordCredentials, or the renewal of a token.
 *
 * @throws Fault badRequest when it is none of these
 */
export function readLogin(body: JsonValue | undefined): Login {
  const auth = isJsonObject(body) ? body['auth'] : undefined;
  if (!isJsonObject(auth)) throw new Fault('badRequest', 'Expecting an auth object in the request body.');
  return {
    proof: readProof(auth),
    tenantId: optionalText(auth, 'tenantId'),
    tenantName: optionalText(auth, 'tenantName'),
  };
}

function readProof(auth: JsonObject): Login['proof'] {
  const apiKey = auth['RAX-KSKEY:apiKeyCredentials'];
  if (isJsonObject(apiKey))
    return { kind: 'apiKey', username: text(apiKey, 'username'), apiKey: text(apiKey, 'apiKey') };
  const password = auth['passwordCredentials'];
  if (isJsonObject(password))
    return { kind: 'password', username: text(password, 'username'), password: text(password, 'password') };
  const token = auth['token'];
  if (isJsonObject(token)) return { kind: 'token', id: text(token, 'id') };
  throw new Fault(
    'badRequest',
    'auth holds none of RAX-KSKEY:apiKeyCredentials, passwordCredentials and token: give one of them.',
  );
}

function text(object: JsonObject, key: string): string {
  const value = object[key];
  if (typeof value !== 'string' || value === '')
    throw new Fault('badRequest', `${key} is missing or no text: give it as a JSON string.`);
  return value;
}

function optionalText(object: JsonObject, key: string): string | undefined {
  const value = object[key];
  if (value === undefined || value === null || value === '') return undefined;
  return text(object, key);
}
