import { createHash, createHmac } from 'node:crypto';
import { Fault } from '../faults/faults.ts';
import { isJsonObject, type JsonValue, RawNumber } from '../json.ts';

/** What tells one keyed request from all others. */
export interface KeyScope {
  /** Whose key it is: keys of two clients never meet. */
  readonly client: string;
  readonly account: string;
  readonly tenant: string;
  readonly key: string;
}

/** Longest key, characters. */
const LONGEST_KEY = 255;

/** A string, and parameters, which say nothing here (RFC 8941, section 3.1.2). */
const QUOTED = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"(?:;[\x20-\x7e]*)?$/;
const BARE = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x7e]+$/;

/**
 * The key of an `Idempotency-Key` field: a string of RFC 8941 (`"8e03978e"`), as draft-ietf-httpapi-idempotency-key-header has
 * it, or the same without quotes, as many clients send it.
 *
 * @returns undefined when there is none
 * @throws {Fault} 400: it is empty, longer than 255 characters, given twice, or no such string
 */
export function readKey(field: string | undefined): string | undefined {
  if (field === undefined) return undefined;
  const text = field.trim();
  const key = QUOTED.exec(text)?.[1]?.replace(/\\(["\\])/g, '$1') ?? (BARE.test(text) ? text : '');
  if (key === '' || key.length > LONGEST_KEY)
    throw new Fault(
      'badRequest',
      `Idempotency-Key holds one string of 1 to ${LONGEST_KEY} printable ASCII characters, such as "8e03978e-40d5-43dd-bc93-6894a57f9324".`,
    );
  return key;
}

/** What a keyed request is remembered by: 43 characters from which nobody learns the key. */
export function nameOf({ client, account, tenant, key }: KeyScope): string {
  const hash = createHash('sha256');
  for (const part of [client, account, tenant, key]) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest('base64url');
}

/** What is asked, as far as two requests under one key have to agree in it. */
export interface Asked {
  readonly region: string;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: JsonValue | undefined;
}

/**
 * Tells whether two requests are the same: of bodies it counts what they say, not how they are written. Bodies hold
 * passwords, so it is an HMAC under the caller's key.
 */
export function fingerprintOf({ region, method, path, query, body }: Asked, { key }: KeyScope): string {
  const hmac = createHmac('sha256', key);
  const document = body === undefined ? '' : canonical(body);
  for (const part of [region, method, path, query, document])
    hmac.update(`${Buffer.byteLength(part)}:`).update(part);
  return hmac.digest('base64url');
}

/** JSON with the members of each object in one order. */
function canonical(value: JsonValue): string {
  if (value instanceof RawNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name]!)}`).join()}}`;
}
