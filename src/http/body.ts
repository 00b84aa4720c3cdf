import type { IncomingMessage } from 'node:http';
import { Fault } from '../faults/faults.ts';

/** Largest request body Sluice takes in, bytes. */
export const MAX_BODY_BYTES = 1024 * 1024;

/**
 * Reads a whole request body.
 *
 * @throws {Fault} overLimit 413 for more than `MAX_BODY_BYTES`, badRequest for one cut short
 */
export function readBody(req: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (Number(req.headers['content-length'] ?? 0) > MAX_BODY_BYTES) {
      reject(tooLarge());
      return;
    }
    const chunks: Buffer[] = [];
    let size = 0;
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_BODY_BYTES) {
        chunks.push(chunk);
        return;
      }
      req.off('data', onData);
      req.pause();
      reject(tooLarge());
    };
    req.on('data', onData);
    req.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    req.once('error', (error) => reject(cutShort(error)));
    req.once('aborted', () => reject(cutShort(undefined)));
  });
}

/** Whether the request announces a body at all. */
export function hasBody(req: IncomingMessage): boolean {
  return req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
}

const tooLarge = () =>
  new Fault(
    'overLimit',
    `The request body is larger than ${MAX_BODY_BYTES} bytes, which is the most this gateway takes.`,
  );

const cutShort = (cause: unknown) =>
  new Fault('badRequest', 'The request body ended before its announced length.', { cause });
