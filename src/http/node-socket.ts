import { ServerResponse } from 'node:http';
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
  /** Node's answer that is under way. */
  _httpMessage?: unknown;
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

/**
 * Node ends its side as soon as its caller has closed its own, unless an answer of Node's is under way: then, once that is out.
 * To be called when `end` is being told, for the sake of an answer that is not Node's.
 */
export function holdOpen(socket: Socket): void {
  const internals = socket as Internals;
  if (internals._httpMessage) return;
  internals._httpMessage = {};
  process.nextTick(() => {
    internals._httpMessage = null;
  });
}

/**
 * Does for a connection what Node does no more once it has read a CONNECT: an error of it ends nothing but the connection, and an
 * answer that is under way hears when there is room for more of it.
 */
export function keepAfterConnect(socket: Socket): void {
  socket.on('error', () => {});
  socket.on('drain', () => {
    const answer = (socket as Internals)._httpMessage;
    if (answer instanceof ServerResponse) answer.emit('drain');
  });
}

/** How many bytes the system has taken for a connection; coarse, a whole write at a time, where Node does not tell. */
export function bytesSent(socket: Socket): number {
  const handle = (socket as Internals)._handle;
  const { bytesWritten, writeQueueSize } = handle ?? {};
  if (typeof bytesWritten === 'number' && typeof writeQueueSize === 'number')
    return bytesWritten - writeQueueSize;
  return socket.bytesWritten - socket.writableLength;
}

/**
 * Gives all that comes in from now on to one listener alone, neither to Node's parser nor to the fast path, and sees to
 * it that it is read.
 */
export function divert(socket: Socket, listener: (bytes: Buffer) => void): void {
  const listen = () => {
    socket.removeAllListeners('data');
    socket.on('data', listener);
  };
  // As long as Node's parser reads for itself, only it can start to read again; it stops with the first listener.
  if (socket.isPaused()) socket.once('resume', listen).resume();
  else listen();
}
