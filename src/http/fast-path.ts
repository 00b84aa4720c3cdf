import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Connection } from './connection.ts';
import { Feed } from './feed.ts';
import type { Lane } from './lane.ts';
import { type NodeReader, takeReader } from './node-socket.ts';
import { Outbox } from './outbox.ts';
import { type PlainGet, PlainGetReader } from './plain-get.ts';
import { type PlainPost, readPlainPost } from './plain-post.ts';
import { type PlainExchange, PlainResponse, type TakeOver } from './plain-response.ts';
import type { WireAnswer } from './response-writer.ts';
import { keptAlive } from './wire-reply.ts';

/**
 * The fast path of a kept-alive connection: a plain GET is answered from the bytes that came in, without a request, a response
 * and a parser of Node's for it, which would cost more than everything else a hit does, and as much as a request to a region.
 *
 * Node's HTTP server owns the connection all the same, with its timeouts and limits. Whatever is not a plain GET goes to its
 * parser untouched; while a message of Node's is under way, everything does. So does a plain GET whose answer turns out to stream.
 * A plain POST is answered likewise where that can be done at once: logins are refused so.
 */

/** Answers a plain GET at once, or not at all. */
export type Answerer = (get: PlainGet, socket: Socket) => WireAnswer | undefined;

/** The same for a plain POST, which is Node's otherwise. */
export type PostAnswerer = (post: PlainPost, socket: Socket) => WireAnswer | undefined;

/** Begins to answer a plain GET that cannot be answered at once. */
export type PlainServer = (get: PlainGet, response: PlainResponse) => void;

/** What the fast path of a listener consists of. */
export interface FastPathOptions {
  readonly answer: Answerer;
  /** undefined: each POST is Node's. */
  readonly answerPost?: PostAnswerer | undefined;
  /** undefined: what is not answered at once is Node's. */
  readonly serve?: PlainServer | undefined;
  /** How long an idle connection is kept, ms. */
  readonly keepAliveTimeoutMs: number;
}

/** So much is read behind a request that waits, bytes: only while its connection is read it is known that its caller has left. */
const MOST_BEHIND = 16 * 1024;

/** The fast path of all connections of one listener. */
export class FastPath {
  readonly answer: Answerer;
  readonly answerPost: PostAnswerer | undefined;
  readonly serve: PlainServer | undefined;
  /** What each head ends with while its connection is kept. */
  readonly keepAlive: string;
  readonly outbox = new Outbox<Socket, WireAnswer>(write);

  constructor({ answer, answerPost, serve, keepAliveTimeoutMs }: FastPathOptions) {
    this.answer = answer;
    this.answerPost = answerPost;
    this.serve = serve;
    this.keepAlive = keptAlive(keepAliveTimeoutMs);
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
    const lane = new PlainLane(this, connection, reader);
    connection.lane = lane;
    // Node reads from the socket's handle itself until somebody listens to its data.
    socket.on('data', (bytes: Buffer) => lane.read(bytes));
    return true;
  }

  /** Puts out what is answered. */
  readonly flush = (): void => this.outbox.empty();
}

/** One connection's way past Node's parser. */
class PlainLane implements Lane, PlainExchange {
  readonly #path: FastPath;
  readonly #connection: Connection;
  readonly #feed: Feed;
  readonly #state = new ParserState();
  readonly #heads = new PlainGetReader();
  /** Of the plain GET under way, which is the only one: what comes in behind it has to wait. */
  #response: PlainResponse | undefined;
  #request: Buffer | undefined;
  #behind: Buffer | undefined;
  #taken: TakeOver | undefined;

  constructor(path: FastPath, connection: Connection, reader: NodeReader) {
    this.#path = path;
    this.#connection = connection;
    this.#feed = new Feed(connection, reader);
  }

  get socket(): Socket {
    return this.#connection.socket;
  }

  get keepAlive(): string {
    return this.#path.keepAlive;
  }

  isFree(): boolean {
    return this.#response === undefined && this.#state.isFree();
  }

  read(bytes: Buffer): void {
    if (this.#response !== undefined) {
      this.#keep(bytes);
      return;
    }
    const isFree = this.#state.isFree() && !this.#connection.endsNext && this.socket.writableLength === 0;
    const get = isFree ? this.#heads.read(bytes) : undefined;
    const answered = get ? this.#path.answer(get, this.socket) : isFree ? this.#answerPost(bytes) : undefined;
    if (get && !answered?.isRefusal) this.#heads.keep(bytes, get);
    if (answered) this.#path.outbox.put(this.socket, answered);
    else if (get && this.#path.serve) this.#serve(bytes, get, this.#path.serve);
    else this.#leave(bytes);
  }

  begun(req: IncomingMessage, res: ServerResponse): boolean {
    this.#state.begun(req, res);
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.(req, res);
    return taken !== undefined;
  }

  send(answer: WireAnswer): void {
    // What was answered before goes out before.
    this.#path.outbox.empty();
    write(this.socket, answer);
    const response = this.#end();
    if (response === undefined) return;
    response.sent();
    const hasMore = this.#behind !== undefined;
    if (response.shouldKeepAlive && (hasMore || !this.socket.readableEnded)) this.#goOn();
    else this.#connection.endPlain(hasMore);
  }

  handOver(taken: TakeOver): void {
    const request = this.#request;
    // It was answered otherwise, or its caller has left: `close` tells those who wait for that.
    if (request === undefined || this.socket.destroyed) return;
    this.#connection.leavePlain(this.#end()!);
    // Node has heard already that its caller has closed its side.
    if (this.socket.readableEnded) this.#connection.endNext();
    this.#taken = taken;
    this.#leave(request);
    this.#goOn();
  }

  #answerPost(bytes: Buffer): WireAnswer | undefined {
    const answer = this.#path.answerPost;
    const post = answer && readPlainPost(bytes);
    return post && answer!(post, this.socket);
  }

  #serve(bytes: Buffer, get: PlainGet, serve: PlainServer): void {
    const response = new PlainResponse(this);
    this.#request = bytes;
    this.#response = response;
    this.#connection.beginPlain(response);
    serve(get, response);
  }

  /** Leaves bytes to Node. */
  #leave(bytes: Buffer): void {
    this.#path.outbox.empty();
    this.#state.hand(bytes);
    this.#feed.hand(bytes);
  }

  #end(): PlainResponse | undefined {
    const response = this.#response;
    this.#response = undefined;
    this.#request = undefined;
    return response;
  }

  /** Keeps what comes in behind a request that waits. */
  #keep(bytes: Buffer): void {
    const behind = this.#behind === undefined ? bytes : Buffer.concat([this.#behind, bytes]);
    this.#behind = behind;
    if (behind.length >= MOST_BEHIND) this.socket.pause();
  }

  #goOn(): void {
    const behind = this.#behind;
    if (behind === undefined) return;
    this.#behind = undefined;
    // Its caller has closed its side: nothing comes after this.
    if (this.socket.readableEnded) this.#connection.endNext();
    if (behind.length >= MOST_BEHIND) this.socket.resume();
    this.read(behind);
  }
}

function write(socket: Socket, { head, body }: WireAnswer): void {
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
