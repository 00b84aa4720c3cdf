import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Outbox } from './outbox.ts';
import { type PlainGet, PlainGetReader } from './plain-get.ts';

/**
 * The fast path of a kept-alive connection: a plain GET that memory can answer is answered from the bytes that came in,
 * without a request, a response and a parser of Node's for it, which would cost more than everything else a hit does.
 *
 * Node's HTTP server owns the connection all the same, with its timeouts and limits. Whatever is not a plain GET, or not
 * in memory, goes to its parser untouched; while a message of Node's is under way, everything does.
 */

/** An answer as it goes out, head and body. */
export interface WireAnswer {
  /** Status line and fields, the blank line included; Latin-1. */
  readonly head: string;
  /** Text that is ASCII, or bytes. */
  readonly body: string | Buffer | undefined;
}

/** Answers a plain GET at once, or not at all. */
export type Answerer = (get: PlainGet, socket: Socket) => WireAnswer | undefined;

export interface FastPath {
  /** To be called for each request that Node has read. */
  begun(req: IncomingMessage, res: ServerResponse): void;
  /** From now on everything goes to Node. */
  close(): void;
}

/** Gives a server a fast path. */
export function attachFastPath(server: Server, answer: Answerer): FastPath {
  const lanes = new WeakMap<Socket, Lane>();
  const unsent = new Unsent();
  let closed = false;

  const outbox = new Outbox<Socket, WireAnswer>((socket, answered) => send(socket, answered, unsent));

  const closeIdleConnections = server.closeIdleConnections.bind(server);
  server.closeIdleConnections = () => {
    outbox.empty();
    if (unsent.isEmpty) closeIdleConnections();
  };

  server.on('connection', (socket: Socket) => {
    const [parse] = socket.listeners('data') as ((bytes: Buffer) => void)[];
    if (parse === undefined) return;
    const lane = new Lane();
    const reader = new PlainGetReader();
    lanes.set(socket, lane);
    socket.removeListener('data', parse);
    const onData = (bytes: Buffer) => {
      const isFree = !closed && lane.isFree() && socket.writableLength === 0;
      const get = isFree ? reader.read(bytes) : undefined;
      const answered = get && answer(get, socket);
      if (answered) {
        outbox.put(socket, answered);
        return;
      }
      outbox.empty();
      lane.hand(bytes);
      parse.call(socket, bytes);
    };
    // Node reads from the socket's handle itself until somebody listens to its data.
    socket.on('data', onData);
  });

  return {
    begun: (req, res) => lanes.get(req.socket)?.begun(req, res),
    close() {
      closed = true;
    },
  };
}

function send(socket: Socket, { head, body }: WireAnswer, unsent: Unsent): void {
  if (body === undefined) socket.write(head, 'latin1');
  else if (typeof body === 'string') socket.write(head + body, 'latin1');
  else {
    socket.cork();
    socket.write(head, 'latin1');
    socket.write(body);
    socket.uncork();
  }
  if (socket.writableLength > 0) unsent.add(socket);
}

/** Callers that read slowly. Node takes their connections for idle, and must not close them before all is out. */
class Unsent {
  readonly #sockets = new Set<Socket>();

  get isEmpty(): boolean {
    return this.#sockets.size === 0;
  }

  /** Until what is written to the socket now is out. A `drain` comes only after more than the socket's high-water mark. */
  add(socket: Socket): void {
    if (this.#sockets.has(socket)) return;
    this.#sockets.add(socket);
    socket.write('', () => this.#settle(socket));
  }

  #settle(socket: Socket): void {
    this.#sockets.delete(socket);
    // More may have been written behind.
    if (socket.writableLength > 0 && !socket.destroyed) this.add(socket);
  }
}

/** Follows what one connection's parser is at: the fast path may only run between two of its messages. */
class Lane {
  /** The first message is always Node's: its timeouts for connections that say nothing end with it. */
  #state: 'new' | 'busy' | 'free' | 'lost' = 'new';
  /** Bytes handed over since the connection was last free. */
  #handed = 0;
  #headBytes = 0;
  #begun = 0;
  #req: IncomingMessage | undefined;
  #res: ServerResponse | undefined;

  /** True when all that was handed over was one message, and its answer is out. */
  isFree(): boolean {
    if (this.#state === 'busy' && this.#res?.closed && this.#req?.complete) this.#settle(this.#req);
    return this.#state === 'free';
  }

  /** A connection that pipelines, or whose messages cannot be told apart, is Node's for good. */
  #settle({ headers }: IncomingMessage): void {
    const isOne =
      this.#begun === 1 &&
      headers['transfer-encoding'] === undefined &&
      this.#handed === this.#headBytes + Number(headers['content-length'] ?? 0);
    this.#state = isOne ? 'free' : 'lost';
    this.#req = undefined;
    this.#res = undefined;
  }

  hand(bytes: Buffer): void {
    if (this.#state === 'lost') return;
    if (this.#state === 'busy') {
      this.#handed += bytes.length;
      return;
    }
    const headEnd = bytes.indexOf(HEAD_END);
    this.#state = headEnd < 0 ? 'lost' : 'busy';
    this.#headBytes = headEnd + HEAD_END.length;
    this.#handed = bytes.length;
    this.#begun = 0;
  }

  begun(req: IncomingMessage, res: ServerResponse): void {
    this.#begun++;
    this.#req = req;
    this.#res = res;
  }
}

const HEAD_END = '\r\n\r\n';
