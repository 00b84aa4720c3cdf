import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PlainResponse } from '../../../src/http/plain-response.ts';
import type { WireAnswer } from '../../../src/http/response-writer.ts';
import { Wire } from '../../../src/http/server.ts';
import { createLog } from '../../../src/telemetry/log.ts';

/** What a plain GET that waits has around it: what comes in behind, whoever leaves, and the times of its connection. */

const KEPT_MS = 300;
const GET = 'GET / HTTP/1.1\r\nHost: gw\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: gw\r\nContent-Length: 2\r\n\r\n{}';
const MEBIBYTE = 1024 * 1024;

let wire: Wire;
let server: Server;
let caller: Socket;
/** The same connection, seen from the other side. */
let served: Socket;
let received: string;
/** Plain GETs that wait, the newest last. */
let waiting: PlainResponse[];
let byNode: number;
let hit: WireAnswer | undefined;

beforeEach(async () => {
  waiting = [];
  byNode = 0;
  hit = undefined;
  const patient = { headersTimeoutMs: 60_000, bodyTimeoutMs: 60_000, writeTimeoutMs: 60_000 };
  wire = new Wire({
    times: { ...patient, keepAliveTimeoutMs: KEPT_MS, connectionTtlMs: 0 },
    log: createLog({ level: 'silent', requests: 'none' }),
    answer: () => hit,
    serve: (_get, response) => void waiting.push(response),
  });
  server = wire.createServer({
    serve(request, response) {
      byNode++;
      request.resume().once('end', () => response.end('from Node'));
    },
    refuse: () => {},
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  [caller, served, received] = await join();
  caller.on('data', (bytes) => {
    received += bytes;
  });
});

afterEach(() => {
  caller.destroy();
  server.close();
  wire.closeAll();
});

/** A new connection, its other side, and the answer to its first request, which is always Node's. */
async function join(): Promise<[Socket, Socket, string]> {
  const connected = once(server, 'connection');
  const port = (server.address() as AddressInfo).port;
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {});
  const [other] = (await connected) as [Socket];
  socket.write(GET);
  const [answer] = await once(socket, 'data');
  return [socket, other, String(answer)];
}

const got = (text: string) => expect.poll(() => received, { interval: 1 }).toContain(text);

const ended = () => expect.poll(() => caller.readableEnded, { interval: 1 }).toBe(true);

async function waits(): Promise<PlainResponse> {
  const before = waiting.length;
  caller.write(GET);
  await expect.poll(() => waiting.length, { interval: 1 }).toBe(before + 1);
  return waiting.at(-1)!;
}

function answer(response: PlainResponse, body: string): void {
  response.writeHead(200, 'OK', ['Content-Length', String(body.length)]);
  response.end(body);
}

/** Until an idle connection that is made now has been ended for its silence. */
async function silence(): Promise<void> {
  const [other] = await join();
  await once(other.resume(), 'end');
  other.destroy();
}

describe('what comes in behind it', () => {
  it('is read behind it, in however many pieces it comes', async () => {
    const response = await waits();
    const before = served.bytesRead;
    caller.setNoDelay(true);
    for (const [at, byte] of [...POST].entries()) {
      caller.write(byte);
      await expect.poll(() => served.bytesRead, { interval: 1 }).toBe(before + at + 1);
    }
    expect(byNode).toBe(1);
    answer(response, 'waited');
    await expect.poll(() => received.split('from Node'), { interval: 1 }).toHaveLength(3);
    expect(received.indexOf('waited')).toBeLessThan(received.lastIndexOf('from Node'));
  });

  it('is held in memory in part only, and all of it read once it is answered', async () => {
    const response = await waits();
    const body = 'x'.repeat(32 * MEBIBYTE);
    caller.write(`POST / HTTP/1.1\r\nHost: gw\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    await expect.poll(() => served.isPaused(), { interval: 1 }).toBe(true);
    // What is here of it then has come to its end when nothing more of it can be sent.
    const sent = [-1];
    await expect
      .poll(() => sent.push(caller.bytesWritten - caller.writableLength) && sent.at(-2) === sent.at(-1))
      .toBe(true);
    expect(served.bytesRead).toBeLessThan(MEBIBYTE);
    answer(response, 'waited');
    await expect.poll(() => received.split('from Node')).toHaveLength(3);
  });

  it('is let go when the connection ends with the answer, which its caller reads to the end', async () => {
    const response = await waits();
    caller.write('y'.repeat(4 * MEBIBYTE));
    await expect.poll(() => served.isPaused(), { interval: 1 }).toBe(true);
    wire.leave();
    answer(response, 'waited');
    await got('waited');
    expect(received).toContain('Connection: close');
    await ended();
    expect(byNode).toBe(1);
  });
});

describe('a caller that leaves', () => {
  it.each([[[]], [['GET / HT']], [['GET ', '/ HT']], [[GET, POST]]])(
    'is known to have left, with %j behind',
    async (behind) => {
      const response = await waits();
      let closed = 0;
      response.once('close', () => closed++);
      for (const piece of behind) {
        const before = served.bytesRead;
        caller.write(piece);
        await expect.poll(() => served.bytesRead, { interval: 1 }).toBe(before + piece.length);
      }
      caller.end();
      await once(served, 'close');
      await expect.poll(() => closed, { interval: 1 }).toBe(1);
      expect([response.destroyed, response.writableFinished]).toEqual([true, false]);
      expect(wire.load()).toMatchObject({ connections: 0, inFlight: 0 });
    },
  );

  it.each([
    ['nothing', ''],
    ['a request', POST],
  ])('has what is answered in that moment, with %s behind', async (_what, behind) => {
    const response = await waits();
    served.once('end', () => setImmediate(() => answer(response, 'waited')));
    caller.end(behind);
    await ended();
    expect(received).toContain('waited');
    expect(received.split('from Node')).toHaveLength(behind === '' ? 2 : 3);
  });

  it('has what is handed over and answered in that moment, and its connection ends', async () => {
    const response = await waits();
    served.once('end', () =>
      setImmediate(() => response.handOver((_request, node) => void node.end('handed over'))),
    );
    caller.end();
    await ended();
    expect(received).toMatch(/Connection: close[\s\S]*handed over/);
  });

  it('is told to whoever would hand its request over just then', async () => {
    const response = await waits();
    let closed = 0;
    let taken = 0;
    response.once('close', () => closed++);
    served.destroy();
    response.handOver(() => taken++);
    await expect.poll(() => closed, { interval: 1 }).toBe(1);
    expect([taken, byNode]).toEqual([0, 1]);
  });
});

it('is not handed over once it is answered', async () => {
  const response = await waits();
  answer(response, 'cut');
  response.handOver(() => expect.fail('it was handed over'));
  await waits();
  expect([byNode, received.split('HTTP/1.1').length]).toEqual([1, 3]);
});

describe('a connection is not idle', () => {
  it('while a request waits', async () => {
    const response = await waits();
    await silence();
    answer(response, 'waited');
    await got('waited');
    await ended();
  });

  it('while its caller reads a long answer, one that waited or one from memory', async () => {
    const body = 'x'.repeat(32 * MEBIBYTE);
    const response = await waits();
    const [reader, end] = await join();
    hit = { head: `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`, body };
    for (const socket of [caller, reader]) socket.pause();
    reader.write(GET);
    answer(response, body);
    await expect
      .poll(() => Math.min(served.writableLength, end.writableLength), { interval: 1 })
      .toBeGreaterThan(0);
    // Node itself forgives one silence while there is something to write.
    await silence();
    await silence();
    for (const socket of [caller, reader]) {
      let read = 0;
      socket.removeAllListeners('data').on('data', (bytes) => {
        read += bytes.length;
      });
      socket.resume();
      await once(socket, 'end');
      expect(read).toBeGreaterThan(body.length);
    }
    reader.destroy();
  });
});
