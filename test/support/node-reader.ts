import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll } from 'vitest';

/** A request as Node has read it. */
export interface NodeRequest {
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  /** Each character a byte. */
  readonly body: string;
}

/** What Node makes of bytes on a connection of their own, for the tests of a file: all the requests that it reads. */
export function nodeReader(): (bytes: Buffer) => Promise<readonly NodeRequest[]> {
  const seen: NodeRequest[] = [];
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    seen.push({ url: req.url, headers: req.headers, body: Buffer.concat(chunks).toString('latin1') });
    res.end();
  });
  beforeAll(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  return async (bytes) => {
    seen.length = 0;
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.on('error', () => {});
    socket.end(bytes);
    socket.resume();
    await once(socket, 'close');
    return seen;
  };
}

const token = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,12}$/);
const value = fc.stringMatching(/^[\t -~]{0,20}$/);

/** Targets that are URLs, or nearly. */
export const targets = fc.stringMatching(/^\/[!-~]{0,30}$/);

/** Lines of fields, those that mean something among them. */
export const fieldLines = (...meant: string[]) =>
  fc.oneof(
    fc.tuple(token, value).map(([name, text]) => `${name}:${text}`),
    fc.constantFrom(...meant),
  );
