/**
 * What an answer is written to: Node's response, or one of the fast path's own (plain-response.ts). No more of Node's response is
 * used anywhere, but where an answer streams.
 */
export interface ResponseWriter {
  readonly headersSent: boolean;
  /** It is closed: its answer is out, or will never be. */
  readonly destroyed: boolean;
  /** All of the answer was given to it. */
  readonly writableEnded: boolean;
  /** All of the answer was given to the connection. */
  readonly writableFinished: boolean;
  /**
   * @param fields names and values in turn, or by their names
   * @throws {TypeError} a value that no field may have
   */
  writeHead(status: number, reason: string, fields: HeadFields): unknown;
  /** Ends an answer that has no body. */
  end(): unknown;
  /** Ends it with its body; each character of a text is a byte. */
  end(body: string | Buffer, encoding: 'latin1'): unknown;
  /** Ends the connection. */
  destroy(): unknown;
  /** `close`: the answer is out, or its caller has left. */
  once(event: 'close', listener: () => void): unknown;
}

/** Fields of a head: names and values in turn, or by their names. */
export type HeadFields = string[] | Readonly<Record<string, string | string[]>>;

/** An answer as it goes out, head and body. */
export interface WireAnswer {
  /** Status line and fields, the blank line included; Latin-1. */
  readonly head: string;
  /** Text each of whose characters is a byte, or bytes. */
  readonly body: string | Buffer | undefined;
  /** Nothing is to be remembered of the request. */
  readonly isRefusal?: true;
}
