import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Wire } from '../../../src/http/server.ts';
import { createLog } from '../../../src/telemetry/log.ts';

const GET = 'GET / HTTP/1.1\r\nHost: gw\r\n\r\n';
/** Below a socket's high-water mark, so that no `drain` follows when it could not be sent at once. */
const BODY = 'x'.repeat(12_000);
const HEAD = `HTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}\r\n\r\n`;

const TIMES = {
  headersTimeoutMs: 60_000,
  bodyTimeoutMs: 60_000,
  writeTimeoutMs: 60_000,
  keepAliveTimeoutMs: 60_000,
  connectionTtlMs: 0,
};

let answered = 0;
let server: Server;
let caller: Socket;
let served: Socket;

beforeEach(async () => {
  answered = 0;
  const wire = new Wire({
    times: TIMES,
    log: createLog({ level: 'silent', requests: 'none' }),
    answer: () => {
      answered++;
      return { head: HEAD, body: BODY };
    },
  });
  server = wire.createServer({
    serve: (_request, response) => void response.end('from Node'),
    refuse: () => {},
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
