import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { attachFastPath, type FastPath } from '../../../src/http/fast-path.ts';

const GET = 'GET / HTTP/1.1\r\nHost: gw\r\n\r\n';
/** Below a socket's high-water mark, so that no `drain` follows when it could not be sent at once. */
const BODY = 'x'.repeat(12_000);
const HEAD = `HTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}\r\n\r\n`;

let answered = 0;
let fastPath: FastPath;
const server = createServer((request, response) => {
  fastPath.begun(request, response);
  response.end('from Node');
});
let caller: Socket;
let served: Socket;

beforeEach(async () => {
  answered = 0;
  fastPath = attachFastPath(server, () => {
    answered++;
    return { head: HEAD, body: BODY };
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const connected = once(server, 'connection');
  caller = connect((server.address() as AddressInfo).port, '127.0.0.1');
  [served] = (await connected) as [Socket];
  caller.write(GET);
  await once(caller, 'data');
});

afterEach(() => {
  caller.destroy();
  server.close();
});

describe('a caller that reads slowly', () => {
  it('keeps its connection until it has read all, and no longer, however little was left to send', async () => {
    caller.pause();
    while (served.writableLength === 0) {
      const before = answered;
      caller.write(GET);
      await expect.poll(() => answered, { interval: 1 }).toBe(before + 1);
      await new Promise(setImmediate);
    }
    server.closeIdleConnections();
    expect(served.destroyed).toBe(false);

    let read = 0;
    caller.on('data', (bytes) => {
      read += bytes.length;
    });
    caller.resume();
    await expect.poll(() => read, { interval: 1 }).toBe(answered * (HEAD.length + BODY.length));
    const ended = () => {
      server.closeIdleConnections();
      return served.destroyed;
    };
    await expect.poll(ended, { interval: 1 }).toBe(true);
  });
});
