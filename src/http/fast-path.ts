import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Connection } from './connection.ts';
import { Feed } from './feed.ts';
import { takeReader } from './node-socket.ts';
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
  /** Text each of whose characters is a byte, or bytes. */
  readonly body: string | Buffer | undefined;
}

/** Answers a plain GET at once, or not at all. */
export type Answerer = (get: PlainGet, socket: Socket) => WireAnswer | undefined;

/** The fast path of all connections of one listener. */
export class FastPath {
  readonly #answer: Answerer;
  readonly #outbox = new Outbox<Socket, WireAnswer>(send);
  readonly #states = new WeakMap<Connection, ParserState>();

  constructor(answer: Answerer) {
    this.#answer = answer;
  }

  /**
   * Reads a new connection's bytes from now on.
   *
   * @returns false when this Node is built in a way that is not known: the connection is Node's alone then
   */
  attach(connection: Connection): boolean {
    const { socket } = connection;
    const reader = takeReader(socket);
    if (reader === undefined) return false;
    const feed = new Feed(connection, reader);
    const state = new ParserState();
    const heads = new PlainGetReader();
    const [answer, outbox] = [this.#answer, this.#outbox];
    this.#states.set(connection, state);
    connection.isFree = () => state.isFree();
    // Node reads from the socket's handle itself until somebody listens to its data.
    socket.on('data', (bytes: Buffer) => {
      const isFree = state.isFree() && !connection.endsNext && socket.writableLength === 0;
      const get = isFree ? heads.read(bytes) : undefined;
      const answered = get && answer(get, socket);
      if (answered) {
        outbox.put(socket, answered);
        return;
      }
      outbox.empty();
      state.hand(bytes);
      feed.hand(bytes);
    });
    return true;
  }

  /** To be called for each request that Node has read. */
  begun(connection: Connection, req: IncomingMessage, res: ServerResponse): void {
    this.#states.get(connection)?.begun(req, res);
  }

  /** Puts out what is answered. */
  readonly flush = (): void => this.#outbox.empty();
}

function send(socket: Socket, { head, body }: WireAnswer): void {
  if (body === undefined) socket.write(head, 'latin1');
  else if (typeof body === 'string') socket.write(head + body, 'latin1');
  else {
    socket.cork();
    socket.write(head, 'latin1');
    socket.write(body);
    socket.uncork();
  }
}

/** Follows what one connection's parser is at: the fast path may only run between two of its messages. */
class ParserState {
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
