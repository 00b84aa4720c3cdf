import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';

/** How the kernel says that the other side takes nothing any more. */
const HUNG_UP = new Set(['EPIPE', 'ECONNRESET']);

type Done = (error?: Error | null) => void;
type Write = (this: Writable, ...rest: [...unknown[], Done]) => void;

/**
 * Lets a connection be read to its end after it can be written to no more. A server that answers in the middle of a body and
 * closes resets the connection: the next write fails, and Node would throw the answer away that lies there unread.
 * What cannot be written is dropped instead; the answer, or the end that comes without one, is told by the reading side.
 */
export function hearEarlyAnswers(socket: Socket): void {
  for (const name of ['_write', '_writev'] as const) {
    const write = socket[name] as unknown as Write | undefined;
    if (write === undefined) continue;
    const quiet: Write = function (this: Writable, ...rest) {
      const done = rest.pop() as Done;
      write.call(this, ...rest, (error?: Error | null) => done(isHungUp(error) ? null : error));
    };
    Object.defineProperty(socket, name, { value: quiet });
  }
}

function isHungUp(error: (Error & { code?: string }) | null | undefined): boolean {
  return typeof error?.code === 'string' && HUNG_UP.has(error.code);
}

/** The largest request body whose connection is used again, bytes. */
const MOST_KEPT_BODY_BYTES = 64 * 1024;

/**
 * Whether a request has to be the last one on its connection. A region may answer a body that it has not read, and never read
 * it: what came behind on that connection would wait for its timeout. What is no large body lies in buffers of the system by
 * then, and a server reads it before it reads on.
 *
 * @param headers with `content-length` where the body is a stream
 */
export function isLargeBody(
  body: Buffer | string | Readable | undefined,
  headers: Readonly<Record<string, string>>,
): boolean {
  if (body === undefined) return false;
  const isWhole = typeof body === 'string' || Buffer.isBuffer(body);
  const length = isWhole ? body.length : Number(headers['content-length'] ?? Number.POSITIVE_INFINITY);
  return length > MOST_KEPT_BODY_BYTES;
}
