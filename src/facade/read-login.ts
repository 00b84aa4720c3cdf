/** The body of a login, in either version of Identity. */
import { withoutByteOrderMark } from '../content-coding.ts';
import { Fault } from '../faults/faults.ts';
import type { JsonValue } from '../json.ts';
import { JsonError, parseJson } from '../translation/json.ts';
import { requestFormat } from '../translation/negotiate.ts';
import { readIdentityXml } from '../translation/read-xml.ts';
import { XmlError } from '../translation/xml-error.ts';
import { type LoginRequest, parseLogin } from './v2-login.ts';
import { parseV3Login, type V3Login } from './v3-login.ts';

/**
 * A login at `/v2.0`.
 *
 * @param body undefined when there was none
 * @throws {Fault} badRequest, badMediaType
 */
export function readV2Login(body: Buffer | undefined, contentType: string | undefined): LoginRequest {
  return parseLogin(body && readDocument(withoutByteOrderMark(body).toString(), contentType));
}

function readDocument(text: string, contentType: string | undefined): JsonValue {
  const format = requestFormat(contentType);
  if (format === undefined)
    throw new Fault('badMediaType', 'A login is application/json or application/xml.');
  try {
    return format === 'xml' ? readIdentityXml(text).value : parseJson(text);
  } catch (error) {
    if (error instanceof JsonError || error instanceof XmlError)
      throw new Fault('badRequest', `The login cannot be read: ${error.message}`);
    throw error;
  }
}

/**
 * A login at `/v3`, which speaks JSON alone.
 *
 * @param body undefined when there was none
 * @throws {Fault} badRequest, unauthorized for a scope that is no project
 */
export function readV3Login(body: Buffer | undefined): V3Login {
  try {
    return parseV3Login(body && parseJson(withoutByteOrderMark(body).toString()));
  } catch (error) {
    if (error instanceof JsonError) throw new Fault('badRequest', `The body is no JSON: ${error.message}`);
    throw error;
  }
}
