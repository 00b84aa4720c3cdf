import type { Socket } from 'node:net';
import { divert } from './node-socket.ts';

/** How long and how much a connection that is being closed is still read. */
export interface LingerBounds {
  readonly bytes: number;
  /** Longest time between two bytes. */
  readonly silenceMs: number;
  /** Longest time from the end of the answer. */
  readonly totalMs: number;
}

/**
 * As long in all as nginx's lingering_time. Whoever has said everything and does not close its side, as after a body in chunks,
 * of which nobody here sees the end any more, is not waited for.
 */
export const LINGER_BOUNDS: LingerBounds = { bytes: 256 * 1024 * 1024, silenceMs: 2_000, totalMs: 30_000 };

/**
 * Closes a connection whose caller may still be sending (RFC 9112, section 9.6). Closed at once, with bytes unread, the
 * system would reset it, and a caller that sends its whole body before it reads would lose the answer that says why it
 * was refused. So the answer is ended, and what comes in is thrown away until the caller closes its side, within bounds.
 */
export function linger(socket: Socket, bounds: LingerBounds = LINGER_BOUNDS): void {
  let left = bounds.bytes;
  const cut = () => socket.destroy();
  divert(socket, (bytes) => {
    left -= bytes.length;
    if (left < 0) cut();
  });
  const onSent = () => {
    if (socket.readableEnded) cut();
    const timer = setTimeout(cut, bounds.totalMs);
    timer.unref();
    socket.once('close', () => clearTimeout(timer));
    socket.setTimeout(bounds.silenceMs, cut);
  };
  socket.once('end', () => {
    if (socket.writableFinished) cut();
  });
  if (socket.writableFinished) onSent();
  else socket.once('finish', onSent);
  socket.end();
}
