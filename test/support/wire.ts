import { once } from 'node:events';
import { connect } from 'node:net';

/** What came over one connection, as it stood on the wire. */
export interface Wire {
  readonly text: string;
  /** Whether the other side has ended the connection. */
  readonly ended: boolean;
}

/**
 * Sends bytes over a connection of its own and reads until the other side ends it, or until the text fits.
 *
 * @param url base URL such as `http://127.0.0.1:8080`
 * @param until what the last of it looks like, where the connection is expected to stay
 */
export async function overWire(url: string, bytes: string, until?: RegExp): Promise<Wire> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.setEncoding('latin1').write(bytes, 'latin1');
  let text = '';
  let ended = false;
  await new Promise<void>((resolve, reject) => {
    socket.on('data', (more: string) => {
      text += more;
      if (until?.test(text)) resolve();
    });
    socket.once('error', reject);
    socket.once('end', () => {
      ended = true;
      resolve();
    });
  });
  socket.destroy();
  return { text, ended };
}
