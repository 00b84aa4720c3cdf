import { STATUS_CODES } from 'node:http';
import { contentTypeOf, type Format } from '../translation/format.ts';
import type { Call } from './call.ts';
import { commonHead } from './common-head.ts';
import type { Head } from './head.ts';

/** An answer ready to go out. */
export interface Reply {
  status: number;
  /** undefined: no body. */
  body: Buffer | string | undefined;
  /** Format of the body, for Content-Type. */
  format: Format;
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

/** Statuses that have neither a body nor a Content-Length (RFC 9110, section 8.6). */
const BODILESS = new Set([204, 304]);

/**
 * Writes an answer straight to the socket: one head, one body. Fastify's own reply machinery is left out, since a cache
 * hit would spend more time in it than in the cache.
 */
export function writeReply(call: Call, reply: Reply): void {
  const { res } = call;
  if (res.headersSent || res.destroyed) return;
  const head = ['X-Compute-Request-Id', call.requestId, ...commonHead(call), ...reply.headers];
  if (!BODILESS.has(reply.status)) describeBody(head, reply);
  if (mustClose(call)) head.push('Connection', 'close');
  res.writeHead(reply.status, STATUS_CODES[reply.status] ?? 'Unknown', head);
  res.end(call.method === 'HEAD' || BODILESS.has(reply.status) ? undefined : reply.body);
}

function describeBody(head: string[], reply: Reply): void {
  const length = reply.body === undefined ? 0 : Buffer.byteLength(reply.body);
  head.push('Content-Type', contentTypeOf(reply.format), 'Content-Length', String(length));
}

/** Writes an answer whose head is ready but for what differs from request to request. */
export function writeResponse(call: Call, { status, head, body }: Response): void {
  const { res } = call;
  if (res.headersSent || res.destroyed) return;
  const own = ['X-Compute-Request-Id', call.requestId, ...head.lines];
  if (mustClose(call)) own.push('Connection', 'close');
  res.writeHead(status, STATUS_CODES[status] ?? 'Unknown', own);
  res.end(call.method === 'HEAD' ? undefined : body);
}

/** A request body that was not read to its end would be taken for the next request: the connection ends instead. */
function mustClose(call: Call): boolean {
  const { req } = call;
  if (req.complete || req.readableEnded) return false;
  return req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
}
