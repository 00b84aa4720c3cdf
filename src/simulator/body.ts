import { Fault } from '../faults/faults.ts';
import type { JsonValue } from '../json.ts';
import type { Match } from '../operations/match.ts';
import type { DocumentName } from '../operations/operation.ts';
import { ACTION_NAMES } from '../operations/resources/documents.ts';
import type { IdentityDocument } from '../operations/resources/identity.ts';
import { OPERATIONS } from '../operations/table.ts';
import { contentTypeOf, type Format } from '../translation/format.ts';
import { JsonError, parseJson, stringifyJson } from '../translation/json.ts';
import { requestFormat, responseFormat, splitFormatSuffix } from '../translation/negotiate.ts';
import { readIdentityXml, readXml, XmlError } from '../translation/read-xml.ts';
import { renderFaultXml, renderIdentityXml, renderXml } from '../translation/write-xml.ts';
import { type Answer, headerOf, type Incoming } from './exchange.ts';

/** Request bodies in, answers out: the only file of the simulator that knows formats. */

export type BodyFormat = Format;

/** Writes a document as XML; see `computeXml`, `identityXml`. */
export type XmlWriter = (document: JsonValue) => string;

/** What to write. */
export interface Rendering {
  status: number;
  headers?: Record<string, string> | undefined;
  /** undefined: no body. */
  document?: JsonValue | undefined;
  /** undefined: the document exists in JSON only. */
  xml?: XmlWriter | undefined;
}

/** Cuts `.json` or `.xml` off a path. `/v2/.xml` keeps its slash. */
export const splitSuffix = splitFormatSuffix;

/**
 * The format of the answer: the suffix of the path, else `Accept`, else JSON.
 *
 * @throws Fault computeFault (406) when the caller takes neither
 */
export function wantedFormat(incoming: Incoming, suffix?: BodyFormat): BodyFormat {
  const format = responseFormat(headerOf(incoming, 'accept'), suffix);
  if (format === undefined)
    throw new Fault('computeFault', 'Answers are application/json or application/xml: accept one of them.', {
      code: 406,
    });
  return format;
}

/** The format of a refusal, given where no path was split: by `Accept`, JSON for who takes neither. */
export function faultFormat(incoming: Incoming): BodyFormat {
  return responseFormat(headerOf(incoming, 'accept'), undefined) ?? 'json';
}

/** How the document of that name is written. */
export function computeXml(name: DocumentName): XmlWriter {
  return (document) => renderXml(name, document);
}

/** How the answer to that operation is written; a name the table lacks, or none, is a route of an extension. */
export function operationXml(operation: string | undefined): XmlWriter {
  const row = OPERATIONS.find(({ name }) => name === operation);
  return computeXml(row?.response ?? 'extensionAction');
}

/** How the document of Identity v2.0 of that name is written. */
export function identityXml(name: IdentityDocument): XmlWriter {
  return (document) => renderIdentityXml(name, document);
}

/**
 * The body of a compute request as the JSON it means; undefined when there is none.
 *
 * @throws Fault badRequest (malformed, another document, or sent chunked), badMediaType, overLimit (too large)
 */
export function readComputeBody(incoming: Incoming, match: Match): JsonValue | undefined {
  return readBody(incoming, (text) => readXml(text, acceptedBy(match)).value);
}

/** The same for a login of Identity v2.0. */
export function readIdentityBody(incoming: Incoming): JsonValue | undefined {
  return readBody(incoming, (text) => readIdentityXml(text).value);
}

/** The same for Identity v3, which takes JSON only, answers anything else 400 and sees nothing of a chunked body. */
export function readJsonBody(incoming: Incoming): JsonValue | undefined {
  if (incoming.body.kind === 'chunked') return undefined;
  const bytes = bodyBytes(incoming);
  return bytes === undefined ? undefined : jsonOf(bytes.toString('utf8'));
}

function acceptedBy(match: Match): readonly DocumentName[] {
  if (match.kind === 'action') return [...ACTION_NAMES, 'extensionAction'];
  if (match.kind === 'operation' && match.operation.request !== null) return [match.operation.request];
  return ['extensionAction'];
}

function readBody(incoming: Incoming, fromXml: (text: string) => JsonValue): JsonValue | undefined {
  const bytes = bodyBytes(incoming);
  if (bytes === undefined) return undefined;
  const type = headerOf(incoming, 'content-type');
  const format = requestFormat(type);
  if (format === undefined)
    throw new Fault(
      'badMediaType',
      `A body of type ${type} is not read: send application/json or application/xml.`,
    );
  const text = bytes.toString('utf8');
  if (format === 'json') return jsonOf(text);
  try {
    return fromXml(text);
  } catch (error) {
    if (error instanceof XmlError) throw new Fault('badRequest', `The XML body is refused: ${error.message}`);
    throw error;
  }
}

/** Plain numbers: the simulator computes with them. */
function jsonOf(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    throw new Fault('badRequest', `The JSON body is malformed: ${problemOf(text)}`);
  }
}

function problemOf(text: string): string {
  try {
    parseJson(text);
    return 'it does not parse.';
  } catch (error) {
    if (error instanceof JsonError) return error.message;
    throw error;
  }
}

function bodyBytes({ body }: Incoming): Buffer | undefined {
  switch (body.kind) {
    case 'none':
    case 'file':
      return undefined;
    case 'chunked':
      throw new Fault('badRequest', 'The body was sent chunked and not read: send it with a Content-Length.');
    case 'tooLarge':
      // No Retry-After: waiting is no help.
      throw new Fault('overLimit', `The body is too large: at most ${body.limitBytes} bytes are read.`);
    case 'bytes':
      return body.bytes.length === 0 ? undefined : body.bytes;
  }
}

/** Writes an answer. Nova gives its empty 202s a JSON content type as well. */
export function render({ status, headers = {}, document, xml }: Rendering, wanted: BodyFormat): Answer {
  if (document === undefined) {
    const type: Record<string, string> = status === 202 ? { 'content-type': contentTypeOf('json') } : {};
    return { status, headers: { ...type, ...headers }, body: Buffer.alloc(0) };
  }
  const asXml = wanted === 'xml' && xml !== undefined;
  const text = asXml ? xml(document) : stringifyJson(document);
  const type = contentTypeOf(asXml ? 'xml' : 'json');
  return { status, headers: { 'content-type': type, ...headers }, body: Buffer.from(text, 'utf8') };
}

/** Writes a fault (guide section 1.11.1). */
export function renderFault(
  fault: Fault,
  format: BodyFormat,
  service: 'compute' | 'identity' = 'compute',
): Answer {
  const document = fault.toDocument();
  const xml: XmlWriter = (value) => renderFaultXml(value, service);
  return render({ status: fault.code, headers: fault.headers, document, xml }, format);
}
