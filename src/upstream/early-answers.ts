import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';

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
