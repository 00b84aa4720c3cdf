import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { dateNow } from './date.ts';
import type { HeadFields, ResponseWriter, WireAnswer } from './response-writer.ts';

/** What Node has made of a request that was left to it after all. */
export type TakeOver = (req: IncomingMessage, res: ServerResponse) => void;

/** The connection of a plain GET that is not answered at once. */
export interface PlainExchange {
  readonly socket: Socket;
  /** What each head ends with while the connection is kept. */
  readonly keepAlive: string;
  send(answer: WireAnswer): void;
  /** Leaves the request to Node, as if it had come in just now. */
  handOver(taken: TakeOver): void;
}

/** RFC 9110, section 5.5: what no value of a field may have. */
const NO_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
const LAST = 'Connection: close\r\n';

/** The answer to a plain GET that has to wait for something, written without a response of Node's. */
export class PlainResponse implements ResponseWriter {
  readonly #exchange: PlainExchange;
  /** False: the connection ends with it. */
  shouldKeepAlive = true;
  #head: string | undefined;
  #isEnded = false;
  #isSent = false;
  #isClosed = false;
  #listeners: (() => void)[] = [];
  /** Node's, once the request was left to it. */
  #node: ServerResponse | undefined;

  constructor(exchange: PlainExchange) {
    this.#exchange = exchange;
  }

  get socket(): Socket {
    return this.#exchange.socket;
  }

  get headersSent(): boolean {
    return this.#node?.headersSent ?? this.#head !== undefined;
  }

  get writableEnded(): boolean {
    return this.#node?.writableEnded ?? this.#isEnded;
  }

  get writableFinished(): boolean {
    return this.#node?.writableFinished ?? this.#isSent;
  }

  get destroyed(): boolean {
    return this.#node?.destroyed ?? (this.#isClosed || this.#exchange.socket.destroyed);
  }

  writeHead(status: number, reason: string, fields: HeadFields): void {
    if (this.#node !== undefined) {
      this.#node.writeHead(status, reason, fields as string[]);
      return;
    }
    const end = this.shouldKeepAlive ? this.#exchange.keepAlive : LAST;
    this.#head = `HTTP/1.1 ${status} ${reason}\r\n${textOfFields(fields)}${end}\r\n`;
  }

  end(body?: string | Buffer): void {
    if (this.#node !== undefined) {
      this.#node.end(body, 'latin1');
      return;
    }
    if (this.#isEnded || this.#head === undefined || this.destroyed) return;
    this.#isEnded = true;
    this.#exchange.send({ head: this.#head, body });
  }

  destroy(): void {
    this.#exchange.socket.destroy();
  }

  once(_event: 'close', listener: () => void): void {
    this.#listeners.push(listener);
  }

  emit(_event: 'close'): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }

  /** The connection has all of it. */
  sent(): void {
    this.#isSent = true;
    this.emit('close');
  }

  /**
   * Leaves the answer to Node, for one that streams; from here on this is Node's response.
   *
   * @param taken gets what Node has made of the request
   */
  handOver(taken: TakeOver): void {
    this.#exchange.handOver((req, res) => {
      this.#node = res;
      res.once('close', () => this.emit('close'));
      taken(req, res);
    });
  }
}

/** The lines of a head's fields, `Date` included. @throws {TypeError} a value that no field may have */
function textOfFields(fields: HeadFields): string {
  let text = '';
  let hasDate = false;
  const add = (name: string, value: string): void => {
    if (NO_VALUE.test(value)) throw new TypeError(`the field ${name} has a character that no field may have`);
    if (name.length === 4 && name.toLowerCase() === 'date') hasDate = true;
    text += `${name}: ${value}\r\n`;
  };
  if (Array.isArray(fields)) for (let at = 0; at < fields.length; at += 2) add(fields[at]!, fields[at + 1]!);
  else
    for (const name in fields) {
      const value = fields[name]!;
      if (typeof value === 'string') add(name, value);
      else for (const one of value) add(name, one);
    }
  return hasDate ? text : `${text}Date: ${dateNow()}\r\n`;
}
