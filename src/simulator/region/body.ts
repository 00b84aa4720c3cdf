import { Fault } from '../../faults/faults.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../json.ts';
import type { DiskConfig } from './state.ts';

/** The object under the body's key (`{"server": {…}}`). Throws badRequest when there is none. */
export function readDocument(body: JsonValue | undefined, key: string): JsonObject {
  const document = isJsonObject(body) ? body[key] : undefined;
  if (!isJsonObject(document)) throw badRequest(`The body must be an object {"${key}": {...}}.`);
  return document;
}

/** A text that must be there and not blank. */
export function readText(document: JsonObject, key: string): string {
  const value = document[key];
  if (typeof value !== 'string' || value.trim() === '')
    throw badRequest(`${key} is missing or empty; give a string.`);
  return value;
}

/** A text that may be absent or null, and may be empty. */
export function readOptionalText(document: JsonObject, key: string): string | undefined {
  const value = document[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw badRequest(`${key} must be a string.`);
  return value;
}

const MAX_NAME_LENGTH = 255;

/** A server's or image's name. */
export function readName(document: JsonObject): string {
  const name = readText(document, 'name');
  if (name.length > MAX_NAME_LENGTH)
    throw badRequest(`name has ${name.length} characters; at most ${MAX_NAME_LENGTH} are allowed.`);
  return name;
}

/** `OS-DCF:diskConfig` (guide section 3.2); undefined: not given, so inherited. */
export function readDiskConfig(document: JsonObject): DiskConfig | undefined {
  const value = readOptionalText(document, 'OS-DCF:diskConfig');
  if (value === undefined || value === 'AUTO' || value === 'MANUAL') return value;
  throw badRequest(`OS-DCF:diskConfig is "${value}"; it must be AUTO or MANUAL.`);
}

/** A whole number from JSON or (from XML) its text; undefined when absent. */
export function readWholeNumber(document: JsonObject, key: string, least: number): number | undefined {
  const value = document[key];
  if (value === undefined || value === null) return undefined;
  const number = typeof value === 'string' && value.trim() === '' ? Number.NaN : Number(value);
  if (!Number.isSafeInteger(number) || number < least)
    throw badRequest(`${key} must be a whole number of at least ${least}.`);
  return number;
}

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;

/** `accessIPv4` / `accessIPv6`: an address, or empty to clear it; undefined when absent. */
export function readAccessAddress(
  document: JsonObject,
  key: 'accessIPv4' | 'accessIPv6',
): string | undefined {
  const value = readOptionalText(document, key);
  if (value === undefined || value === '') return value;
  if (key === 'accessIPv4' ? IPV4.test(value) : isIPv6Like(value)) return value;
  throw badRequest(`${key} is "${value}", which is no IP version ${key.at(-1)} address.`);
}

/** The guide's own examples (2.12) write `::babe:` before a dotted part: any hex groups and colons will do. */
function isIPv6Like(value: string): boolean {
  return /^[0-9a-f:]*:[0-9a-f:]*(?:\d+\.\d+\.\d+\.\d+)?$/i.test(value) && value.includes(':');
}

/** 400 badRequest. */
export function badRequest(message: string): Fault {
  return new Fault('badRequest', message);
}
