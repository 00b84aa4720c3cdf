import type { Socket } from 'node:net';

/** How long and how much a connection that is being closed is still read. */
export interface LingerBounds {
  readonly bytes: number;
  /** Longest time between two bytes. */
  readonly silenceMs: number;
  /** Longest time from the end of the answer. */
  readonly totalMs: number;
}

/** As long as nginx's lingering_timeout and lingering_time. */
const BOUNDS: LingerBounds = { bytes: 256 * 1024 * 1024, silenceMs: 5_000, totalMs: 30_000 };

/**
 * Closes a connection whose caller may still be sending (RFC 9112, section 9.6). Closed at once, with bytes unread, the
 * system would reset it, and a caller that sends its whole body before it reads would lose the answer that says why it
 * was refused. So the answer is ended, and what comes in is thrown away until the caller closes its side, within bounds.
 */
export function linger(socket: Socket, bounds: LingerBounds = BOUNDS): void {
  let left = bounds.bytes;
  const cut = () => socket.destroy();
  // Neither Node's parser nor the fast path gets to see what comes now.
  socket.removeAllListeners('data');
  socket.on('data', (bytes: Buffer) => {
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
  socket.resume();
}
