import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it } from 'vitest';
import type { Answerer } from '../../../src/http/fast-path.ts';
import { Wire, type WireTimes } from '../../../src/http/server.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { connectRaw, type RawConnection } from '../../support/raw-connection.ts';

const PATIENT: WireTimes = {
  headersTimeoutMs: 60_000,
  bodyTimeoutMs: 60_000,
  writeTimeoutMs: 60_000,
  keepAliveTimeoutMs: 60_000,
  connectionTtlMs: 0,
};
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const EMPTY = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Fast: yes\r\n\r\n';

let cleanUp: (() => void)[] = [];
afterEach(() => {
  for (const step of cleanUp.reverse()) step();
  cleanUp = [];
});

interface Started {
  readonly wire: Wire;
  readonly server: Server;
  readonly url: string;
  readonly logged: string[];
}

async function start(
  serve: (req: IncomingMessage, res: ServerResponse) => void,
  { times = {}, answer }: { times?: Partial<WireTimes>; answer?: Answerer } = {},
): Promise<Started> {
  const logged: string[] = [];
  const log = createLog(
    { level: 'info', requests: 'none' },
    { write: (line: string) => void logged.push(line) },
  );
  const wire = new Wire({ times: { ...PATIENT, ...times }, log, answer });
  const server = wire.createServer({
    serve,
    refuse: (_req, res, fault) => void res.writeHead(fault.code, { 'Content-Length': 0 }).end(),
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUp.push(() => {
    server.close();
    wire.closeAll();
  });
  return { wire, server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, logged };
}

async function open(url: string): Promise<RawConnection> {
  const connection = await connectRaw(url);
  cleanUp.push(() => connection.close());
  return connection;
}

/** Until the other side has ended the connection. */
const over = ({ socket }: RawConnection) => (socket.closed ? undefined : once(socket, 'close'));

/** More than the system keeps for a connection that nobody reads. */
const LARGE = Buffer.alloc(32 * 1024 * 1024, 'x');

const hit: Answerer = ({ url }) => (url === '/' ? { head: EMPTY, body: undefined } : undefined);

describe('a connection on which nobody answers', () => {
  it.each<[string, Answerer | undefined, number]>([
    ['beside the fast path', () => undefined, 500],
    // Node reads 64 KiB at a time, and so does not stop before.
    ['with Node alone', undefined, 3_000],
  ])('is not read on for ever: %s', async (_what, answer, most) => {
    const begun: ServerResponse[] = [];
    let answers = false;
    const serve = (_req: IncomingMessage, res: ServerResponse) =>
      void (answers ? res.end() : begun.push(res));
    const { url } = await start(serve, answer ? { answer } : {});
    const connection = await open(url);
    const other = await open(url);
    connection.write(GET.repeat(20_000));
    await expect.poll(() => begun.length).toBeGreaterThan(100);
    other.write(GET);
    await expect
      .poll(() => begun.some((res) => res.req.socket.remotePort === other.socket.localPort))
      .toBe(true);
    expect(begun.length).toBeLessThan(most);

    answers = true;
    for (const res of begun) res.end();
    for (let answered = 0; answered < 20_000; answered++)
      expect((await connection.answer()).status).toBe(200);
  });
});

describe('the life of a connection', () => {
  it('ends with an answer that says so, fast or not', async () => {
    const { url } = await start((_req, res) => res.end(), { times: { connectionTtlMs: 150 }, answer: hit });
    const connection = await open(url);
    const seen: string[] = [];
    for (;;) {
      const answer = await connection.ask('/');
      seen.push(answer.field('x-fast') ?? 'slow');
      if (answer.field('connection') === 'close') break;
    }
    await over(connection);
    expect(new Set(seen.slice(1, -1))).toEqual(new Set(['yes']));
    expect(seen.at(-1)).toBe('slow');
    expect((await (await open(url)).ask('/')).field('connection')).toBe('keep-alive');
  });

  it('has no end where none is set', async () => {
    const { url } = await start((_req, res) => res.end());
    expect((await (await open(url)).ask('/')).field('connection')).toBe('keep-alive');
  });
});

describe('a Node that is built otherwise', () => {
  it('switches the fast path off, once and with a line in the log, and everything else goes on', async () => {
    const { server, url, logged } = await start((_req, res) => res.end('from Node'), { answer: hit });
    server.prependListener('connection', () => {});
    // As if somebody else listened to the bytes as well.
    const [own] = server.listeners('connection').slice(-1) as ((socket: Socket) => void)[];
    server.removeListener('connection', own!);
    server.on('connection', (socket: Socket) => void socket.on('data', () => {}));
    server.on('connection', own!);
    for (let time = 0; time < 2; time++) {
      const connection = await open(url);
      for (let again = 0; again < 3; again++) {
        const answer = await connection.ask('/');
        expect([answer.body, answer.field('x-fast')]).toEqual(['from Node', undefined]);
      }
    }
    expect(logged.filter((line) => line.includes('fast path'))).toHaveLength(1);
  });
});

describe('a drain', () => {
  it.each<[string, Answerer | undefined]>([
    ['with the fast path', hit],
    ['with Node alone', undefined],
  ])('does not wait for connections on which nothing is under way: %s', async (_what, answer) => {
    let slow: ServerResponse | undefined;
    const { wire, url } = await start(
      (req, res) => {
        if (req.url === '/slow') slow = res;
        else res.end();
      },
      answer ? { answer } : {},
    );
    const [silent, quiet, partial, later, busy] = [
      await open(url),
      await open(url),
      await open(url),
      await open(url),
      await open(url),
    ];
    for (const connection of [quiet, later, busy]) await connection.ask('/');
    partial.write('GET / HT');
    later.write('GET / HT');
    busy.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    await expect.poll(() => slow).toBeDefined();
    wire.drain();
    const closing = setInterval(() => wire.closeIdle(), 10);
    cleanUp.push(() => clearInterval(closing));
    await over(silent);
    await over(quiet);
    expect([partial, later, busy].map(({ socket }) => socket.closed)).toEqual([false, false, false]);
    await over(partial);
    await over(later);
    expect(busy.socket.closed).toBe(false);
    slow!.end();
    expect((await busy.answer()).field('connection')).toBe('close');
    await over(busy);
  });
});

describe('a connection that is kept', () => {
  it.each<[string, Answerer | undefined]>([
    ['beside the fast path', () => undefined],
    ['with Node alone', undefined],
  ])('holds no request that it was answered: %s', async (_what, answer) => {
    setFlagsFromString('--expose_gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const held: WeakRef<object>[] = [];
    const { url, wire } = await start(
      (req, res) => {
        held.push(new WeakRef(req), new WeakRef(res));
        req.resume().once('end', () => res.end('answered'));
      },
      answer ? { answer } : {},
    );
    const connection = await open(url);
    await connection.ask('/', {});
    await connection.ask('/', {}, 'POST', 'a body');
    const isHeld = () => {
      collectGarbage();
      return held.filter((one) => one.deref() !== undefined).length;
    };
    await expect.poll(isHeld).toBe(0);
    expect(held).toHaveLength(4);
    expect(wire.load()).toEqual({ connections: 1, inFlight: 0 });
    expect((await connection.ask('/', {})).body).toBe('answered');
  });
});

describe('an answer that nobody reads', () => {
  it.each<[string, Answerer | undefined]>([
    [
      'made by the fast path',
      ({ url }) =>
        url === '/'
          ? undefined
          : { head: `HTTP/1.1 200 OK\r\nContent-Length: ${LARGE.length}\r\n\r\n`, body: LARGE },
    ],
    ['made by Node', undefined],
  ])('%s ends its connection', async (_what, answer) => {
    const times = { writeTimeoutMs: 200 };
    const { server, url } = await start(
      (req, res) => void res.end(req.url === '/large' ? LARGE : ''),
      answer ? { answer, times } : { times },
    );
    const connected = once(server, 'connection');
    const { socket } = await open(url);
    const [served] = (await connected) as [Socket];
    const answered = once(socket, 'data');
    socket.write(GET);
    await answered;
    socket.pause();
    socket.write(GET.replace('/ ', '/large '));
    await once(served, 'close');
    expect(served.bytesWritten).toBeGreaterThan(LARGE.length);
  });

  it('goes on as long as it is read, however slowly the whole of it', async () => {
    const { server, url } = await start((_req, res) => void res.end(LARGE), {
      times: { writeTimeoutMs: 200 },
    });
    const connected = once(server, 'connection');
    const { socket } = await open(url);
    const [served] = (await connected) as [Socket];
    let [read, reads] = [0, 0];
    socket.removeAllListeners('data');
    socket.on('data', (bytes: string) => {
      read += bytes.length;
      if (++reads % 8 > 0) return;
      socket.pause();
      setTimeout(() => socket.resume(), 5);
    });
    socket.write(GET);
    await expect.poll(() => read).toBeGreaterThan(LARGE.length);
    expect(served.destroyed).toBe(false);
  });
});
