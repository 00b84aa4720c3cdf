import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Exchange, StubRequest } from './stub-answers.ts';

/** A port of the scripted upstream. */
export interface Listener {
  readonly origin: string;
  readonly port: number;
  /** Connections that were ever accepted. */
  readonly connections: number;
  /** From now on connections are refused; open ones are destroyed. */
  refuse(): Promise<void>;
  /** Listens again, on the same port. */
  accept(): Promise<void>;
  close(): Promise<void>;
}

/** One that answers on a port. */
export interface Party {
  /** The path as its scripts speak of it, undefined when the path is another party's. */
  nameOf(path: string): string | undefined;
  handle(exchange: Exchange): Promise<void>;
}

/**
 * Opens a port on the loopback interface; the first of `parties` (which may still grow) that knows a path answers.
 *
 * @param tls certificate, key and terms of one that speaks TLS
 */
export async function listen(parties: readonly Party[], tls?: ServerOptions): Promise<Listener> {
  let connections = 0;
  const serve = (incoming: IncomingMessage, response: ServerResponse) => {
    // It fails when the caller leaves while it is still sending: nobody is there to be told.
    answer(parties, incoming, response).catch(() => incoming.socket.destroy());
  };
  const times = { keepAliveTimeout: 60_000 };
  const server = tls ? createTlsServer({ ...tls, ...times }, serve) : createServer(times, serve);
  server.on('connection', () => connections++);

  const open = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject);
        resolve();
      });
    });
  const shut = (): Promise<void> =>
    new Promise((resolve) => {
      if (!server.listening) return resolve();
      server.close(() => resolve());
      server.closeAllConnections();
    });
  await open(0);
  const { port } = server.address() as AddressInfo;
  return {
    origin: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    port,
    get connections() {
      return connections;
    },
    refuse: shut,
    accept: () => open(port),
    close: shut,
  };
}

async function answer(
  parties: readonly Party[],
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (incoming.url ?? '/').replace(/\?.*$/s, '');
  for (const party of parties) {
    const name = party.nameOf(path);
    if (name !== undefined) return party.handle(await exchangeOf(name, incoming, response));
  }
  response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>404 Not Found</h1>');
}

async function exchangeOf(
  path: string,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<Exchange> {
  const { socket, url = '/' } = incoming;
  const mark = url.indexOf('?');
  let isTakenOver = false;
  let isAborted = false;
  const closed = new Promise<void>((resolve) => {
    response.once('close', () => {
      isAborted = !response.writableFinished && !isTakenOver;
      resolve();
    });
  });
  const request: StubRequest = {
    method: incoming.method ?? 'GET',
    path,
    query: mark === -1 ? '' : url.slice(mark + 1),
    url,
    headers: incoming.headers,
    body: await bodyOf(incoming),
    origin: `${'encrypted' in socket ? 'https' : 'http'}://${incoming.headers.host}`,
    closed,
    get aborted() {
      return isAborted;
    },
  };
  const takeOver = () => {
    isTakenOver = true;
    return socket;
  };
  return { request, response, takeOver };
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
