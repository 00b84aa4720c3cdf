import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import type { Logger } from 'pino';
import { Fault } from '../faults/faults.ts';
import { Roster } from '../roster.ts';
import { continueOnRead } from './body.ts';
import { Connection, connectionOf, type Patience } from './connection.ts';
import { type Answerer, FastPath, type PlainServer, type PostAnswerer } from './fast-path.ts';
import { keepAfterConnect } from './node-socket.ts';
import { MOST_FIELDS_OF_HEAD } from './plain-fields.ts';
import { MAX_HEAD_BYTES, type ReadError, readFault } from './refusal.ts';

/** Times of callers' connections, ms. */
export interface WireTimes extends Patience {
  /** How long a connection without a request is kept. */
  readonly keepAliveTimeoutMs: number;
  /** Longest life of a connection; 0: any. */
  readonly connectionTtlMs: number;
}

/** What serves the requests that Node has read. */
export interface Handlers {
  serve(req: IncomingMessage, res: ServerResponse): void;
  /** A request is refused before anything is known of it but its head. */
  refuse(req: IncomingMessage, res: ServerResponse, fault: Fault): void;
}

/** What the connections of a listener hold. */
export interface WireLoad {
  readonly connections: number;
  /** Requests that were read and whose answer is not out. */
  readonly inFlight: number;
}

/** What a server needs that speaks TLS. */
export interface WireTls {
  /** What it is made with now. */
  options(): TlsOptions;
  /** From now on it has every new certificate. */
  follow(apply: (options: TlsOptions) => void): void;
}

/**
 * How long a connection that is idle when a drain begins is still kept, ms: a caller may just be sending its next request,
 * which it would lose. It is answered, and the connection ends with the answer.
 */
const DRAIN_LINGER_MS = 500;
/** How long the rest of a head is waited for once a drain has begun, ms. */
const DRAIN_HEAD_MS = 2_000;
const ALLOWED = 'GET, HEAD, POST, PUT, PATCH, DELETE';
/** Lives end between 80 % and 100 % of the longest, so that connections made together do not end together. */
const JITTER = 0.2;

/**
 * HTTP servers whose connections are bounded in every direction: heads in size, number of fields and time; bodies in
 * time; answers in the time their callers take to read them; requests under way; and how long they live. Fastify makes a
 * server for each address of `localhost`: all that were made here are one to whoever closes them.
 */
export class Wire {
  readonly #times: WireTimes;
  readonly #log: Logger;
  readonly #fastPath: FastPath | undefined;
  readonly #connections = new Roster<Connection>();
  readonly #tls: WireTls | undefined;
  /** Connections that have not begun to speak HTTP yet, where TLS comes before. */
  readonly #handshakes = new Roster<Socket>();
  readonly #flush: () => void;
  #timer: NodeJS.Timeout | undefined;
  #isLeaving = false;
  #drainsSince: number | undefined;
  #isKnownNode = true;
  #listening = 0;

  /**
   * @param answer what the fast path answers with at once; undefined: there is none
   * @param answerPost the same for a POST; undefined: that is Node's
   * @param serve answers there what cannot be answered at once; undefined: that is Node's
   */
  constructor(options: {
    times: WireTimes;
    log: Logger;
    answer?: Answerer | undefined;
    answerPost?: PostAnswerer | undefined;
    serve?: PlainServer | undefined;
    tls?: WireTls | undefined;
  }) {
    this.#tls = options.tls;
    this.#times = options.times;
    this.#log = options.log;
    const { answer, answerPost, serve, times } = options;
    const { keepAliveTimeoutMs } = times;
    this.#fastPath = answer && new FastPath({ answer, answerPost, serve, keepAliveTimeoutMs });
    this.#flush = this.#fastPath?.flush ?? (() => {});
  }

  /** A server that is not listening yet. */
  createServer(handlers: Handlers): Server {
    const server = this.#newServer({
      maxHeaderSize: MAX_HEAD_BYTES,
      headersTimeout: this.#times.headersTimeoutMs,
      connectionsCheckingInterval: this.#intervalMs(),
      // Bodies are watched here: a long one may take its time, a slow one may not.
      requestTimeout: 0,
      keepAliveTimeout: this.#times.keepAliveTimeoutMs,
      // Node would refuse a request without a Host, but not as a fault.
      requireHostHeader: false,
    });
    // Some versions of Node drop the fields beyond a bound and say nothing: they are counted here.
    server.maxHeadersCount = 0;
    // A caller that has sent its request and closed its side still gets what is answered at once.
    (server as { httpAllowHalfOpen?: boolean }).httpAllowHalfOpen = true;
    server.on(this.#tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) =>
      this.#connected(socket),
    );
    server.on('request', (req, res) => this.#begun(req, res, handlers));
    server.on('checkContinue', (req, res) => {
      continueOnRead(req, res);
      this.#begun(req, res, handlers);
    });
    server.on('checkExpectation', (req, res) => {
      const fault = new Fault(
        'computeFault',
        'The Expect header may ask for 100-continue and nothing else.',
        { code: 417 },
      );
      this.#begun(req, res, { ...handlers, serve: () => handlers.refuse(req, res, fault) });
    });
    server.on('connect', (_req, socket) => {
      keepAfterConnect(socket as Socket);
      const fault = new Fault('badMethod', 'CONNECT is not possible here.', { headers: { allow: ALLOWED } });
      connectionOf(socket as Socket)?.refuse(fault);
    });
    server.on('timeout', (socket) => connectionOf(socket)?.silent());
    server.on('clientError', (error: ReadError, socket) => this.#unreadable(error, socket as Socket));
    server.closeIdleConnections = () => this.closeIdle();
    server.closeAllConnections = () => this.closeAll();
    server.once('listening', () => this.#opened());
    server.once('close', () => this.#closed());
    return server;
  }

  #newServer(options: ServerOptions): Server {
    const tls = this.#tls;
    if (tls === undefined) return createServer(options);
    const server = createTlsServer({
      ...options,
      ...tls.options(),
      handshakeTimeout: this.#times.headersTimeoutMs,
    });
    tls.follow((renewed) => server.setSecureContext(renewed));
    server.on('connection', (socket: Socket) => {
      const seat = this.#handshakes.add(socket);
      socket.once('close', () => this.#handshakes.remove(seat));
    });
    return server;
  }

  /** From now on each connection ends with its next answer: callers look for another instance while there is time. */
  leave(): void {
    this.#isLeaving = true;
    for (const connection of this.#connections) connection.endNext();
  }

  /** The same, for good: `closeIdle` may end those on which nothing is under way. */
  drain(): void {
    this.#drainsSince ??= performance.now();
    this.leave();
  }

  /** What the connections hold now; counted when somebody asks. */
  load(): WireLoad {
    let inFlight = 0;
    for (const connection of this.#connections) inFlight += connection.unanswered;
    return { connections: this.#connections.size, inFlight };
  }

  /** Ends connections on which nothing is under way; in a drain not before those had their time who were just sending. */
  closeIdle(): void {
    this.#flush();
    const drainedMs = this.#drainsSince === undefined ? undefined : performance.now() - this.#drainsSince;
    if (drainedMs !== undefined && drainedMs < DRAIN_LINGER_MS) return;
    const waitsForHeads = drainedMs === undefined || drainedMs < DRAIN_HEAD_MS;
    for (const connection of this.#connections) {
      if (waitsForHeads ? connection.isIdle : !connection.isBusy) connection.socket.destroy();
    }
  }

  /** Ends all connections, whatever is under way. */
  closeAll(): void {
    for (const { socket } of this.#connections) socket.destroy();
    for (const socket of this.#handshakes) socket.destroy();
  }

  #connected(socket: Socket): void {
    const { connectionTtlMs } = this.#times;
    const lifeMs =
      connectionTtlMs === 0 ? Number.POSITIVE_INFINITY : connectionTtlMs * (1 - JITTER * Math.random());
    const connection = new Connection(socket, performance.now() + lifeMs, this.#flush);
    if (this.#isLeaving) connection.endNext();
    const seat = this.#connections.add(connection);
    socket.once('close', () => this.#connections.remove(seat));
    if (this.#fastPath && this.#isKnownNode && !this.#fastPath.attach(connection)) this.#giveUpFastPath();
  }

  #giveUpFastPath(): void {
    this.#isKnownNode = false;
    this.#log.warn(
      { node: process.version },
      'this Node holds its connections in a way that is not known: the fast path is off',
    );
  }

  #begun(req: IncomingMessage, res: ServerResponse, handlers: Handlers): void {
    const connection = connectionOf(req.socket);
    if (connection === undefined || !connection.begin(req, res)) return;
    if (connection.lane?.begun(req, res)) return;
    if (req.rawHeaders.length > 2 * MOST_FIELDS_OF_HEAD) handlers.refuse(req, res, tooManyFields());
    else if (isPlainlyFramed(req)) handlers.serve(req, res);
    else {
      res.shouldKeepAlive = false;
      handlers.refuse(req, res, codedFault());
    }
  }

  /** Node could not read a request, or did not get one in time. */
  #unreadable(error: ReadError, socket: Socket): void {
    const connection = connectionOf(socket);
    if (connection === undefined || error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
      if (!connection?.isDeaf) socket.destroy();
      return;
    }
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
      connection.lateHead();
      return;
    }
    // What stands behind a message that ends the connection is no message.
    if (error.code === 'HPE_CLOSED_CONNECTION' && connection.unanswered > 0) return;
    const { trace } = connection;
    const bytes = error.rawPacket?.subarray(0, error.bytesParsed ?? 0) ?? Buffer.alloc(0);
    // The bytes at hand are followed only once they are read.
    trace.mayBeHead ||= error.rawPacket?.includes('HEAD ') ?? false;
    const fault = readFault(error, trace.isInRequestLine(bytes));
    this.#log.info(
      {
        'http.response.status_code': fault.code,
        'error.type': 'unreadable',
        reason: fault.message,
        'network.peer.address': socket.remoteAddress,
      },
      'a request cannot be read',
    );
    connection.refuse(fault);
  }

  #check(): void {
    const now = performance.now();
    for (const connection of this.#connections) connection.check(now, this.#times);
  }

  /** Fine enough for the shortest of the times. */
  #intervalMs(): number {
    const { headersTimeoutMs, bodyTimeoutMs, writeTimeoutMs } = this.#times;
    const shortest = Math.min(
      ...[headersTimeoutMs, bodyTimeoutMs, writeTimeoutMs].filter((ms) => ms > 0),
      4_000,
    );
    return Math.max(10, Math.floor(shortest / 5));
  }

  #opened(): void {
    this.#listening++;
    // After whatever has come in was read, had this process been busy.
    this.#timer ??= setInterval(() => setImmediate(() => this.#check()), this.#intervalMs()).unref();
  }

  #closed(): void {
    if (--this.#listening > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** RFC 9112, section 6.1: chunks are all that is understood of a body's transfer; what is coded besides would be passed on so. */
const isPlainlyFramed = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] === undefined || /^chunked$/i.test(headers['transfer-encoding'].trim());

const codedFault = () =>
  new Fault('notImplemented', 'The Transfer-Encoding may be chunked and nothing else.');

const tooManyFields = () =>
  new Fault('badRequest', `A request has at most ${MOST_FIELDS_OF_HEAD} header fields.`);
