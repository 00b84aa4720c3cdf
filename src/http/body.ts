import type { IncomingMessage, ServerResponse } from 'node:http';
import { Fault } from '../faults/faults.ts';
import { plainFault } from './refusal.ts';

/** Largest request body Sluice takes in, bytes. */
export const MAX_BODY_BYTES = 1024 * 1024;

/** Largest login, bytes: anybody may send one. As much as Keystone takes (`max_request_body_size`). */
export const MAX_LOGIN_BYTES = 112 * 1024;

/**
 * Emitted on a request whose body will not come in whole, because it is too slow or no HTTP, with the fault to answer.
 * Whoever reads a body listens; where nobody does, the connection answers itself.
 */
export const BODY_FAILED = Symbol('the body will not come in whole');

/** A request that Node has read, and what answers it. */
export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/**
 * Reads a whole request body.
 *
 * @param most bytes
 * @throws {Fault} overLimit 413 for more than `most`, badRequest for one cut short, 408 for one too slow
 */
export function readBody(req: IncomingMessage, most = MAX_BODY_BYTES): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (Number(req.headers['content-length'] ?? 0) > most) {
      reject(tooLarge(most));
      return;
    }
    const chunks: Buffer[] = [];
    let size = 0;
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size <= most) {
        chunks.push(chunk);
        return;
      }
      chunks.length = 0;
      req.off('data', onData);
      req.pause();
      reject(tooLarge(most));
    };
    req.on('data', onData);
    req.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    req.once('error', (error) => reject(cutShort(error)));
    req.once('aborted', () => reject(cutShort(undefined)));
    req.once(BODY_FAILED, reject);
  });
}

/** Whether the request announces a body at all. @param req undefined: Node has not read it, since it has none */
export function hasBody(req: IncomingMessage | undefined): req is IncomingMessage {
  if (req === undefined) return false;
  return req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
}

/**
 * A request that was answered before its body was in ends its connection: the rest would be taken for the next request,
 * or be read to its end for nothing, however long it is.
 */
export function closeIfUnread(req: IncomingMessage, res: ServerResponse): void {
  const writeHead = res.writeHead;
  res.writeHead = ((...head: Parameters<typeof writeHead>) => {
    if (!req.complete) res.shouldKeepAlive = false;
    return writeHead.apply(res, head);
  }) as typeof writeHead;
}

/** Requests whose callers ask whether to send their bodies at all, and were not told yet. */
const asking = new WeakSet<IncomingMessage>();

/** Says `100 Continue` when the body is first read, and so never for a request that is refused by its head. */
export function continueOnRead(req: IncomingMessage, res: ServerResponse): void {
  const read = req._read;
  asking.add(req);
  req._read = function (size) {
    req._read = read;
    asking.delete(req);
    if (!res.headersSent) res.writeContinue();
    read.call(this, size);
  };
}

/** True while a caller has not been told to send the body that it asked about. */
export const awaitsContinue = (req: IncomingMessage): boolean => asking.has(req);

/** Answers a request whose body will not come in whole: by whoever reads the body, or else here. */
export function failBody({ req, res }: Exchange, fault: Fault): void {
  if (req.emit(BODY_FAILED, fault)) return;
  if (res.headersSent) {
    res.destroy();
    return;
  }
  const { head, body } = plainFault(fault);
  res.writeHead(fault.code, head);
  res.end(body);
  // Whoever passes the body on ends what it has begun there.
  if (req.listenerCount('error') > 0) req.emit('error', new Error(fault.message));
}

const tooLarge = (most: number) =>
  new Fault(
    'overLimit',
    `The request body is larger than ${most} bytes, which is the most this gateway takes.`,
  );

/** The fault for a body that ended before all of it was here. */
export const cutShort = (cause: unknown) =>
  new Fault('badRequest', 'The request body ended before its announced length.', { cause });
