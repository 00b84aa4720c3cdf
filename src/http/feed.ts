import { type Connection, MOST_UNANSWERED } from './connection.ts';
import type { NodeReader } from './node-socket.ts';

/** How many bytes Node's parser gets at a time: a few hundred of the shortest requests at most. */
const SLICE_BYTES = 8 * 1024;
/** After so many requests of one connection in a turn of the event loop, others have theirs. */
const MOST_PER_TURN = 32;

/**
 * Feeds one connection's bytes to Node's parser. A caller that sends thousands of small requests at once would have them
 * all read, and served, before anybody else gets a turn, and all of them held in memory until they are answered: so they
 * are read in slices, and no faster than they are answered. A body is not held up: it is one request, however long.
 */
export class Feed {
  readonly #connection: Connection;
  readonly #reader: NodeReader;
  #pending: Buffer | undefined;
  #isScheduled = false;

  constructor(connection: Connection, reader: NodeReader) {
    this.#connection = connection;
    this.#reader = reader;
    connection.socket.on('resume', () => this.#resume());
  }

  hand(bytes: Buffer): void {
    if (this.#pending === undefined) this.#feed(bytes);
    else this.#keep(Buffer.concat([this.#pending, bytes]));
  }

  #feed(bytes: Buffer): void {
    const most = this.#connection.begun + MOST_PER_TURN;
    for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
      const { isDeaf, socket } = this.#connection;
      if (isDeaf || socket.destroyed) return;
      if (this.#connection.begun >= most || this.#mustWait()) {
        this.#keep(bytes.subarray(at));
        return;
      }
      this.#parse(bytes.length <= SLICE_BYTES ? bytes : bytes.subarray(at, at + SLICE_BYTES));
    }
  }

  #parse(slice: Buffer): void {
    this.#reader.parse(slice);
    this.#connection.trace.follow(slice);
  }

  #mustWait(): boolean {
    return this.#reader.isPaused() || this.#connection.unanswered >= MOST_UNANSWERED;
  }

  /** Goes on with the rest in a later turn, when there is room; until then nothing more is read. */
  #keep(rest: Buffer): void {
    this.#pending = rest;
    this.#connection.socket.pause();
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#mustWait()) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#goOn();
    });
  }

  #resume(): void {
    if (this.#pending === undefined || this.#connection.isDeaf) return;
    // Node, or whoever reads a body, asked for more: that is here.
    this.#connection.socket.pause();
    this.#schedule();
  }

  #goOn(): void {
    const { socket } = this.#connection;
    const pending = this.#pending;
    if (pending === undefined || this.#mustWait()) return;
    this.#pending = undefined;
    this.#feed(pending);
    if (this.#pending === undefined && !socket.destroyed && !this.#mustWait()) socket.resume();
  }
}
