import type { Socket } from 'node:net';

/**
 * What is known here of how Node's HTTP server holds a connection, and nowhere else. Node promises none of it: every
 * look is guarded, and says so where a Node is built otherwise.
 */

/** Node's own reader of a connection's bytes. */
export interface NodeReader {
  /** Hands bytes to Node's parser. Not to be called while `isPaused`. */
  parse(bytes: Buffer): void;
  /** True while Node wants to read no more, since answers pile up: its parser would take bytes for a mistake. */
  isPaused(): boolean;
}

interface Internals {
  /** Kept by Node's HTTP server, on every connection of its own. */
  _paused?: unknown;
  _handle?: { bytesWritten?: unknown; writeQueueSize?: unknown } | null;
}

/**
 * Takes Node's reader off a connection that Node has just set up; whoever calls must listen to `data` then.
 *
 * @returns undefined, and nothing is changed, when this Node is not built as those that are known
 */
export function takeReader(socket: Socket): NodeReader | undefined {
  const internals = socket as Internals;
  const listeners = socket.listeners('data') as ((bytes: Buffer) => void)[];
  const [read] = listeners;
  if (listeners.length !== 1 || read === undefined || typeof internals._paused !== 'boolean')
    return undefined;
  socket.removeListener('data', read);
  return {
    parse: (bytes) => read.call(socket, bytes),
    isPaused: () => internals._paused === true,
  };
}

/** True while Node itself keeps a connection from being read. */
export function isPausedByNode(socket: Socket): boolean {
  return (socket as Internals)._paused === true;
}

/** How many bytes the system has taken for a connection; coarse, a whole write at a time, where Node does not tell. */
export function bytesSent(socket: Socket): number {
  const handle = (socket as Internals)._handle;
  const { bytesWritten, writeQueueSize } = handle ?? {};
  if (typeof bytesWritten === 'number' && typeof writeQueueSize === 'number')
    return bytesWritten - writeQueueSize;
  return socket.bytesWritten - socket.writableLength;
}
