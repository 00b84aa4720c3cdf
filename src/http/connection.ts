import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Fault } from '../faults/faults.ts';
import { awaitsContinue, closeIfUnread, type Exchange, failBody, hasBody } from './body.ts';
import { HeadTrace } from './head-trace.ts';
import type { Lane } from './lane.ts';
import { linger } from './linger.ts';
import { bytesSent, divert, holdOpen, isPausedByNode } from './node-socket.ts';
import { Progress } from './progress.ts';
import { wireFault } from './refusal.ts';

/** How patient a connection is, ms. */
export interface Patience {
  /** For a whole head, from the connection's first moment or the head's first byte. */
  readonly headersTimeoutMs: number;
  /** For each 16 KiB of a body. */
  readonly bodyTimeoutMs: number;
  /** For each 16 KiB of an answer. */
  readonly writeTimeoutMs: number;
}

/** With so many requests of one connection under way, no more of it is read. */
export const MOST_UNANSWERED = 128;

/** An answer that is not out: Node's, or one of the fast path's own. */
type OpenAnswer = Pick<ServerResponse, 'shouldKeepAlive' | 'headersSent' | 'writableEnded'> & {
  destroy(): unknown;
  once(event: 'close', listener: () => void): unknown;
  emit(event: 'close'): unknown;
};

/** The connection of a socket that a `Wire` has. */
export const connectionOf = (socket: Socket): Connection | undefined => (socket as OwnedSocket)[CONNECTION];

const CONNECTION = Symbol('connection');
type OwnedSocket = Socket & { [CONNECTION]?: Connection };

/**
 * One caller's connection: which requests on it are still to be answered, in which order, and how it ends. Nothing is
 * remembered here but the requests under way, and those are bounded.
 */
export class Connection {
  readonly socket: Socket;
  /** Requests that Node has read on it. */
  begun = 0;
  /** Of the head that is coming in, as far as somebody follows it. */
  readonly trace = new HeadTrace();
  /** Whoever reads beside Node. */
  lane: Lane | undefined;

  /** Answers not yet out, the oldest first. */
  readonly #open: OpenAnswer[] = [];
  /** The last request that was read; its body may still be coming in. */
  #last: Exchange | undefined;
  /** Monotonic ms after which it is to end. */
  readonly #endsAt: number;
  /** Puts out answers that were made beside Node. */
  readonly #flush: () => void;
  #endsNext = false;
  /** What is written once all before it is answered, since what came behind could not be read. */
  #refusal: string | undefined;
  /** Nothing that comes in is looked at any more. */
  #isDeaf = false;
  /** Something came in that is not answered. */
  #hasMore = false;
  /** Bytes received when the last answer was out. */
  #quietAt = 0;
  /** Node has had half a head for long. */
  #isHeadLate = false;
  /** When a head was first awaited, monotonic ms. */
  #headSince: number | undefined;
  readonly #sending = new Progress();
  readonly #receiving = new Progress();

  /**
   * @param endsAt monotonic ms after which it is to end
   * @param flush puts out answers that were made beside Node
   */
  constructor(socket: Socket, endsAt: number, flush: () => void) {
    this.socket = socket;
    (socket as OwnedSocket)[CONNECTION] = this;
    this.#endsAt = endsAt;
    this.#flush = flush;
    const destroySoon = socket.destroySoon.bind(socket);
    // Node calls it when the last answer is out.
    socket.destroySoon = () => (this.#isReceiving() ? this.#linger() : destroySoon());
    // Node goes on reading after each request, whoever has stopped that.
    socket.on('resume', () => this.#pauseIfMany());
    socket.prependListener('end', () => this.#ended());
    socket.once('close', () => process.nextTick(() => this.#closed()));
  }

  /** Requests under way. */
  get unanswered(): number {
    return this.#open.length;
  }

  /** True once nothing that comes in is looked at any more. */
  get isDeaf(): boolean {
    return this.#isDeaf;
  }

  /** True when the next answer is the last one: the process stops, or the connection's life is over. */
  get endsNext(): boolean {
    return this.#endsNext;
  }

  /** The last answer under way ends the connection, or else the next one. */
  endNext(): void {
    if (this.#endsNext) return;
    this.#endsNext = true;
    const last = this.#open.at(-1);
    if (last && !last.headersSent) last.shouldKeepAlive = false;
  }

  /** A request is to be answered, or an answer is not out. */
  get isBusy(): boolean {
    return this.#open.length > 0 || this.socket.writableLength > 0;
  }

  /** Nothing is under way on it: no request, no answer, no half of a head. */
  get isIdle(): boolean {
    if (this.isBusy || this.#isHeadLate) return false;
    return this.lane?.isFree() || this.socket.bytesRead === this.#quietAt;
  }

  /**
   * A request was read.
   *
   * @returns false when it must not be served, since the answer before it ends the connection
   */
  begin(req: IncomingMessage, res: ServerResponse): boolean {
    if (this.#isDeaf || this.#open.at(-1)?.shouldKeepAlive === false) {
      this.#hasMore = true;
      return false;
    }
    this.begun++;
    this.#isHeadLate = false;
    this.trace.begun();
    this.#open.push(res);
    this.#last = { req, res };
    res.once('close', () => this.#answered(res));
    this.#pauseIfMany();
    if (this.#endsNext) res.shouldKeepAlive = false;
    if (hasBody(req)) closeIfUnread(req, res);
    return true;
  }

  /** A plain GET was read beside Node, when nothing was under way. */
  beginPlain(res: OpenAnswer): void {
    this.#open.push(res);
    res.once('close', () => this.#answered(res));
  }

  /** One that was begun so is Node's after all, which is about to read it. */
  leavePlain(res: OpenAnswer): void {
    const at = this.#open.indexOf(res);
    if (at >= 0) this.#open.splice(at, 1);
  }

  /** The answer to it ends the connection. @param hasMore something came in behind it */
  endPlain(hasMore: boolean): void {
    this.#hasMore ||= hasMore;
    this.socket.destroySoon();
  }

  /** A head has not come in whole in its time. The caller is told, if it was not this side that did not read. */
  lateHead(): void {
    this.#isHeadLate = true;
    // A process that was busy itself first reads what has come in meanwhile.
    setImmediate(() => {
      if (this.#isHeadLate && !this.isBusy && !this.socket.isPaused()) this.refuse(late());
    });
  }

  /** What comes in cannot be read, or does not come in: that is said, after the answers that are still owed. */
  refuse(fault: Fault): void {
    if (this.#isDeaf) return;
    this.#isDeaf = true;
    divert(this.socket, () => {});
    if (this.#last && !this.#last.req.complete) {
      failBody(this.#last, fault);
      return;
    }
    this.#refusal = wireFault(fault, this.trace.mayBeHead);
    if (this.#open.length === 0) this.#writeRefusal(this.#refusal);
  }

  /** Nothing came or went for as long as an idle connection is kept; one that waits for an answer is none. */
  silent(): void {
    if (this.isBusy) this.socket.setTimeout(this.socket.timeout ?? 0);
    else this.socket.destroy();
  }

  /**
   * Ends it if its caller is too slow, or when its life is over.
   *
   * @param now monotonic ms
   */
  check(now: number, { headersTimeoutMs, bodyTimeoutMs, writeTimeoutMs }: Patience): void {
    const { socket } = this;
    if (now >= this.#endsAt) this.endNext();
    if (socket.writableLength === 0) this.#sending.rest();
    else if (!this.#sending.observe(now, bytesSent(socket), writeTimeoutMs)) socket.destroy();
    if (!this.#awaitsHead()) this.#headSince = undefined;
    else this.#headSince ??= now;
    if (now - (this.#headSince ?? now) >= headersTimeoutMs) this.lateHead();
    if (!this.#awaitsBody()) this.#receiving.rest();
    else if (!this.#receiving.observe(now, socket.bytesRead, bodyTimeoutMs)) this.refuse(late());
  }

  /** True while a head has begun, or the very first has not, and nothing but its rest is waited for. */
  #awaitsHead(): boolean {
    if (this.#isDeaf || this.isBusy || this.#last?.req.complete === false) return false;
    return this.socket.bytesRead === 0 || !this.isIdle;
  }

  #pauseIfMany(): void {
    if (this.#open.length >= MOST_UNANSWERED && !this.#isDeaf) this.socket.pause();
  }

  /** True while the caller, and nobody else, is to blame when no more of a body comes in. */
  #awaitsBody(): boolean {
    if (this.#isDeaf || this.socket.isPaused() || !this.#last) return false;
    const { req, res } = this.#last;
    return !req.complete && !res.writableEnded && !awaitsContinue(req);
  }

  #answered(res: OpenAnswer): void {
    const at = this.#open.indexOf(res);
    if (at >= 0) this.#open.splice(at, 1);
    // What is answered is kept no longer, here or by whoever reads beside Node: most connections wait for a next request.
    if (this.#last?.res === res && this.#last.req.complete) this.#last = undefined;
    this.lane?.isFree();
    if (this.#open.length === 0) {
      this.#quietAt = this.socket.bytesRead;
      if (this.#refusal !== undefined) this.#writeRefusal(this.#refusal);
    }
    if (this.#open.length === MOST_UNANSWERED - 1 && !isPausedByNode(this.socket)) this.socket.resume();
  }

  /** More may come in than is answered: a body, requests behind the last one, what could not be read. */
  #isReceiving(): boolean {
    return this.#isDeaf || this.#hasMore || this.#open.length > 1 || this.#last?.req.complete === false;
  }

  #writeRefusal(refusal: string): void {
    this.#refusal = undefined;
    this.#flush();
    if (this.socket.writable) this.socket.write(refusal);
    this.#linger();
  }

  #linger(): void {
    this.#isDeaf = true;
    this.#refusal = undefined;
    linger(this.socket);
  }

  /**
   * The caller has closed its side. What is answered by now goes out; whoever still waits is taken to have left, since
   * a caller that has closed both sides looks just the same.
   */
  #ended(): void {
    this.#flush();
    const isLeft = () => this.#open.some((res) => !res.writableEnded);
    if (isLeft()) holdOpen(this.socket);
    // What is answered in this turn of the event loop is written at its end (outbox.ts).
    setImmediate(() => setImmediate(() => isLeft() && this.socket.destroy()));
  }

  /** Node tells only the first in the line that the caller has left; those behind have lost it as well. */
  #closed(): void {
    for (const res of [...this.#open]) {
      res.destroy();
      res.emit('close');
    }
  }
}

const late = () =>
  new Fault('computeFault', 'The request did not come in whole within the time a request has.', {
    code: 408,
  });
