import { Fault } from '../faults/faults.ts';
import type { JsonValue } from '../json.ts';
import type { Match } from '../operations/match.ts';
import type { DocumentName } from '../operations/operation.ts';
import { type Answer, headerOf, type Incoming } from './exchange.ts';

/** Request bodies in, answers out: the only file of the simulator that knows formats. */

/** How a body is written. */
export type BodyFormat = 'json' | 'xml';

/** What to write. */
export interface Rendering {
  status: number;
  headers?: Record<string, string> | undefined;
  /** undefined: no body. */
  document?: JsonValue | undefined;
  /** What the document is: its name, or the operation of the table it answers. */
  name?: DocumentName | undefined;
  operation?: string | undefined;
}

/** Cuts `.json` or `.xml` off a path. `/v2/.xml` keeps its slash. */
export function splitSuffix(path: string): { path: string; format: BodyFormat | undefined } {
  const found = /\.(json|xml)$/.exec(path);
  if (!found) return { path, format: undefined };
  return { path: path.slice(0, -found[0].length), format: found[1] as BodyFormat };
}

/** The format of the answer: the suffix of the path, else JSON. */
export function wantedFormat(_incoming: Incoming, suffix: BodyFormat | undefined): BodyFormat {
  return suffix ?? 'json';
}

/**
 * The body of a compute request as a value; undefined when there is none.
 *
 * @throws Fault badRequest (malformed, or sent chunked), badMediaType, overLimit (too large)
 */
export function readDocument(incoming: Incoming, _match: Match): JsonValue | undefined {
  return readJsonBody(incoming);
}

/**
 * A body that can only be JSON; undefined when there is none.
 *
 * @throws Fault badRequest (malformed, or sent chunked), badMediaType, overLimit (too large)
 */
export function readJsonBody(incoming: Incoming): JsonValue | undefined {
  const bytes = bodyBytes(incoming);
  if (bytes === undefined) return undefined;
  const type = mediaType(incoming);
  if (type !== undefined && !/^application\/(json|vnd\.openstack\.[a-z]+\+json)$/.test(type))
    throw new Fault('badMediaType', `A body of type ${type} is not understood: send application/json.`);
  try {
    return JSON.parse(bytes.toString('utf8')) as JsonValue;
  } catch (error) {
    throw new Fault('badRequest', `The body is not well-formed JSON: ${(error as Error).message}`);
  }
}

/**
 * The bytes of a body; undefined when it is empty.
 *
 * @throws Fault badRequest when it was sent chunked, overLimit when it is too large (without `Retry-After`: waiting is no help)
 */
export function bodyBytes({ body }: Incoming): Buffer | undefined {
  switch (body.kind) {
    case 'none':
      return undefined;
    case 'chunked':
      throw new Fault('badRequest', 'The body was sent chunked and not read: send it with a Content-Length.');
    case 'tooLarge':
      throw new Fault('overLimit', `The body is too large: at most ${body.limitBytes} bytes are read.`);
    case 'bytes':
      return body.bytes.length === 0 ? undefined : body.bytes;
  }
}

/** The media type of the body, lower case, without parameters; undefined when none is given. */
export function mediaType(incoming: Incoming): string | undefined {
  return headerOf(incoming, 'content-type')?.split(';', 1)[0]?.trim().toLowerCase() || undefined;
}

/** Writes an answer. Nova gives its empty 202s a JSON content type as well. */
export function render({ status, headers = {}, document }: Rendering, _format: BodyFormat): Answer {
  if (document === undefined) {
    const type: Record<string, string> = status === 202 ? { 'content-type': 'application/json' } : {};
    return { status, headers: { ...type, ...headers }, body: Buffer.alloc(0) };
  }
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: Buffer.from(JSON.stringify(document), 'utf8'),
  };
}

/** Writes a fault (guide section 1.11.1). */
export function renderFault(fault: Fault, format: BodyFormat): Answer {
  return render({ status: fault.code, headers: fault.headers, document: fault.toDocument() }, format);
}
