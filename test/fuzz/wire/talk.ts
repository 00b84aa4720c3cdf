import { connect } from 'node:net';

/** Longer than any time a gateway under attack has; what takes longer hangs. */
const HANG_MS = 15_000;

/**
 * Sends bytes on a connection of their own and reads until the other side ends it.
 *
 * @param end whether this side is closed as well, once all is sent
 * @throws Error when nothing ends it
 */
export function talk(url: string, bytes: Buffer, end: 'end' | undefined = undefined): Promise<Buffer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(Number(port), hostname);
    const timer = setTimeout(() => {
      reject(
        new Error(`nothing ended the connection: ${Buffer.concat(chunks).toString('latin1').slice(-500)}`),
      );
      socket.destroy();
    }, HANG_MS);
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks));
    });
    socket.on('data', (chunk) => void chunks.push(chunk));
    if (end) socket.end(bytes);
    else socket.write(bytes);
  });
}
