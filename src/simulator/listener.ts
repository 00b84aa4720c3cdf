import { createReadStream } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../clock.ts';
import type { SimulatorSettings } from './config.ts';
import type { Answer, Incoming, IncomingBody } from './exchange.ts';
import { type HttpServer, MOST_READ_BYTES, type RequestHead, spelledName } from './http-servers.ts';
import type { Spool } from './spool.ts';

/** How an answer leaves, when it is not just written. */
export type Departure =
  | { kind: 'answer'; answer: Answer }
  /** The connection is reset without a byte. */
  | { kind: 'reset' }
  /** Nothing comes, ever; the caller gives up or the simulator closes. */
  | { kind: 'hang' }
  /** The head promises the whole body, half of it comes, then a reset. */
  | { kind: 'truncate'; answer: Answer };

/** Answers requests; `place` is the region whose own port they came in at, or null. */
export type Handler = (incoming: Incoming, place: string | null) => Departure | Promise<Departure>;

/** A socket that serves. */
export interface Listener {
  /** @returns the port it got */
  listen(host: string, port: number): Promise<number>;
  /** Ends it: idle connections at once, busy and hanging ones too. */
  close(): Promise<void>;
}

type ListenerSettings = Pick<SimulatorSettings, 'chunkedBodies' | 'maxBodyBytes' | 'dialect'>;

/** How long connections stay open that nothing is asked on, in ms: eventlet's own default, or a minute. */
export const idleMs = ({ dialect }: Pick<SimulatorSettings, 'dialect'>): number =>
  dialect === 'openstack' ? 900_000 : 60_000;

/** Image data is of any length and in any framing: Glance reads what the other services do not. */
function isUpload(
  { dialect }: ListenerSettings,
  { method, url = '' }: IncomingMessage,
  place: string | null,
): boolean {
  if (dialect === 'guide' || method !== 'PUT' || place !== null) return false;
  return /^\/+image\/+[^/]+\/+v2\/+images\/+[^/]+\/+file(?:\?|$)/.test(url);
}

/**
 * HTTP/1.1. Answers have a Content-Length unless they end with their connection, and a Date of the simulator's clock: a
 * `Retry-After` date is read against it.
 */
export function createListener(
  settings: ListenerSettings,
  clock: Clock,
  place: string | null,
  handle: Handler,
  spool: Spool,
): Listener {
  const maxHeaderSize = settings.dialect === 'openstack' ? MOST_READ_BYTES : undefined;
  const options = { keepAliveTimeout: idleMs(settings), maxHeaderSize };
  const server: Server = createServer(options, (request, response) => {
    response.sendDate = false;
    respond(request, response).catch(() => request.socket.destroy());
  });

  const respond = async (request: IncomingMessage, response: ServerResponse) => {
    const spooled = isUpload(settings, request, place) ? await spool.take(request) : undefined;
    let isKept = false;
    const keep = () => {
      isKept = true;
    };
    const body = spooled ? { kind: 'file' as const, file: spooled, keep } : await readBody(request, settings);
    const incoming = toIncoming(request, body);
    const departure = incoming === undefined ? badTarget() : await handle(incoming, place);
    if (!response.destroyed) depart(request, response, departure, clock);
    if (spooled && !isKept) await spool.drop(spooled);
  };

  return {
    listen: (host, port) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => {
          server.off('error', reject);
          resolve((server.address() as AddressInfo).port);
        });
      }),
    close: () =>
      new Promise((resolve) => {
        // A listener whose port was taken has nothing to close.
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Reads a body of known length up to the limit; anything else is read away, so that the connection can go on. */
async function readBody(
  request: IncomingMessage,
  { chunkedBodies, maxBodyBytes }: Pick<SimulatorSettings, 'chunkedBodies' | 'maxBodyBytes'>,
): Promise<IncomingBody> {
  const chunked = request.headers['transfer-encoding'] !== undefined;
  if (!chunked && request.headers['content-length'] === undefined) return { kind: 'none' };
  const chunks: Buffer[] = [];
  let bytes = 0;
  const keep = !(chunked && chunkedBodies === 'refuse');
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (keep && bytes <= maxBodyBytes) chunks.push(chunk);
  }
  if (!keep) return { kind: 'chunked' };
  if (bytes > maxBodyBytes) return { kind: 'tooLarge', limitBytes: maxBodyBytes };
  return { kind: 'bytes', bytes: Buffer.concat(chunks) };
}

/** undefined: the target is no path, or its percent-encoding is broken. */
function toIncoming(request: IncomingMessage, body: IncomingBody): Incoming | undefined {
  const target = request.url ?? '/';
  const mark = target.indexOf('?');
  const path = (mark === -1 ? target : target.slice(0, mark)).replace(/\/{2,}/g, '/');
  const rawQuery = mark === -1 ? '' : target.slice(mark + 1);
  if (!path.startsWith('/') || !isDecodable(path)) return undefined;
  return {
    method: (request.method ?? 'GET').toUpperCase(),
    path,
    rawQuery,
    query: new URLSearchParams(rawQuery),
    headers: request.headers,
    body,
    origin: originOf(request),
    head: headOf(request),
  };
}

function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

/** What links start with: Host as the caller wrote it. */
function originOf({ socket, headers }: IncomingMessage): string {
  return `http://${headers.host ?? `${socket.localAddress}:${socket.localPort}`}`;
}

function headOf({ method = '', url = '', rawHeaders }: IncomingMessage): RequestHead {
  const lineBytes = method.length + url.length + ' HTTP/1.1\r\n'.length + 1;
  let [longestFieldBytes, bytes] = [0, lineBytes];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const fieldBytes = rawHeaders[at]!.length + rawHeaders[at + 1]!.length + ': \r\n'.length;
    longestFieldBytes = Math.max(longestFieldBytes, fieldBytes);
    bytes += fieldBytes;
  }
  return { lineBytes, longestFieldBytes, bytes };
}

function badTarget(): Departure {
  const body = Buffer.from(
    JSON.stringify({
      badRequest: { code: 400, message: 'The path is malformed: check its percent-encoding.' },
    }),
  );
  return { kind: 'answer', answer: { status: 400, headers: { 'content-type': 'application/json' }, body } };
}

function depart(
  request: IncomingMessage,
  response: ServerResponse,
  departure: Departure,
  clock: Clock,
): void {
  switch (departure.kind) {
    case 'hang':
      return;
    case 'reset':
      request.socket.resetAndDestroy();
      return;
    case 'truncate': {
      writeHead(response, departure.answer, clock);
      const { body } = departure.answer;
      response.write(body.subarray(0, Math.floor(body.length / 2)), () => request.socket.destroy());
      return;
    }
    case 'answer':
      answerWith(request, response, departure.answer, clock);
  }
}

function answerWith(request: IncomingMessage, response: ServerResponse, answer: Answer, clock: Clock): void {
  if (answer.bare !== undefined) {
    request.socket.end(`HTTP/1.0 ${answer.bare}\r\nConnection: close\r\nContent-length: 0\r\n\r\n`);
    return;
  }
  writeHead(response, answer, clock);
  if (answer.file) sendFile(response, answer.file);
  else response.end(request.method === 'HEAD' ? undefined : answer.body);
}

/** No faster than the caller reads. */
function sendFile(response: ServerResponse, { path, start, end }: NonNullable<Answer['file']>): void {
  if (end < start) response.end();
  else pipeline(createReadStream(path, { start, end }), response).catch(() => response.destroy());
}

function writeHead(response: ServerResponse, answer: Answer, clock: Clock): void {
  const { status, body, file, server } = answer;
  if (server !== undefined) endQuietly(response, server === 'uwsgi');
  const bytes = file ? file.end - file.start + 1 : body.length;
  const hasLength = status !== 204 && server !== 'uwsgi';
  const headers = {
    date: new Date(clock.now()).toUTCString(),
    ...answer.headers,
    ...(hasLength ? { 'content-length': String(bytes) } : {}),
  };
  response.writeHead(status, server === undefined ? headers : spelled(headers, server));
}

const spelled = (headers: Answer['headers'], server: HttpServer): Answer['headers'] =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [spelledName(name, server), value]));

/**
 * Whether the connection goes on is not said where that goes without saying, and uwsgi never says it.
 *
 * @param ends the connection ends after this answer
 */
function endQuietly(response: ServerResponse, ends: boolean): void {
  if (!ends && !response.shouldKeepAlive) return;
  if (ends) {
    response.shouldKeepAlive = false;
    response.useChunkedEncodingByDefault = false;
  }
  // A header that was removed is not put there again by Node itself.
  response.removeHeader('connection');
}
