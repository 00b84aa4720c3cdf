import { STATUS_CODES } from 'node:http';
import { contentTypeOf, type Format } from '../translation/format.ts';
import type { Call } from './call.ts';
import { commonHead } from './common-head.ts';
import type { Head } from './head.ts';
import type { ResponseWriter } from './response-writer.ts';

/** An answer ready to go out. */
export interface Reply {
  status: number;
  /** undefined: no body. */
  body: Buffer | string | undefined;
  /** Format of the body, for Content-Type. */
  format: Format;
  /** The Content-Type where it is none of a format's: another service's own. */
  contentType?: string | undefined;
  /** Further headers, name and value in turn. */
  headers: string[];
}

/** An answer with its head ready, but for what differs from request to request: the request id, `Connection`. */
export interface Response {
  readonly status: 200 | 304;
  readonly head: Head;
  /** ASCII text, or bytes. */
  readonly body: string | Buffer | undefined;
}

/** An answer of which all is known, as it came through: its head is whole. */
export interface Passed {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: Buffer;
}

/** Statuses that have neither a body nor a Content-Length (RFC 9110, section 8.6). */
const BODILESS = new Set([204, 304]);

/**
 * Writes an answer straight to the socket: one head, one body. Fastify's own reply machinery is left out, since a cache
 * hit would spend more time in it than in the cache.
 *
 * @returns bytes of the body that went out
 */
export function writeReply(call: Call, reply: Reply): number {
  const { res } = call;
  if (res.headersSent || res.destroyed) return 0;
  const head = ['X-Compute-Request-Id', call.requestId, ...commonHead(call), ...reply.headers];
  const bytes = reply.body === undefined ? 0 : Buffer.byteLength(reply.body);
  const isBodiless = BODILESS.has(reply.status);
  if (!isBodiless)
    head.push(
      'Content-Type',
      reply.contentType ?? contentTypeOf(reply.format),
      'Content-Length',
      String(bytes),
    );
  res.writeHead(reply.status, STATUS_CODES[reply.status] ?? 'Unknown', head);
  if (isBodiless || call.method === 'HEAD' || reply.body === undefined) {
    res.end();
    return 0;
  }
  end(res, reply.body, bytes);
  return bytes;
}

/**
 * Node writes a head and a body that is text in one piece, in the coding of the text: in UTF-8 a character of the head, which stands
 * for one byte of an upstream's field, would become two bytes.
 */
function end(res: ResponseWriter, body: Buffer | string, bytes: number): void {
  const isBytes = typeof body !== 'string' || bytes === body.length;
  res.end(isBytes ? body : Buffer.from(body), 'latin1');
}

/**
 * Writes an answer whose head is ready but for what differs from request to request.
 *
 * @returns bytes of the body that went out
 */
export function writeResponse(call: Call, { status, head, body }: Response): number {
  const { res } = call;
  if (res.headersSent || res.destroyed) return 0;
  const own = ['X-Compute-Request-Id', call.requestId, ...head.lines];
  res.writeHead(status, STATUS_CODES[status] ?? 'Unknown', own);
  if (call.method === 'HEAD' || body === undefined) {
    res.end();
    return 0;
  }
  // Text is ASCII here.
  end(res, body, body.length);
  return body.length;
}

/** Node writes a head and a text in one piece; bytes that are few are text to it, each of them a character. */
const MOST_BYTES_AS_TEXT = 12_288;

/**
 * Writes an answer as it came through.
 *
 * @returns bytes of the body that went out
 */
export function writePassed({ res }: Call, { status, headers, body }: Passed): number {
  if (res.headersSent || res.destroyed) return 0;
  res.writeHead(status, STATUS_CODES[status] ?? 'Unknown', headers);
  if (body.length <= MOST_BYTES_AS_TEXT) res.end(body.toString('latin1'), 'latin1');
  else res.end(body, 'latin1');
  return body.length;
}
