import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { hasBody, MAX_BODY_BYTES, readBody } from '../http/body.ts';
import type { Call } from '../http/call.ts';
import type { StreamedBody } from '../upstream/request.ts';

/**
 * Real servers read no chunked bodies, so a body whose length is not announced is held until it is known; so is one
 * that is small, for a second sending. A large one with its length is streamed, and sent once. The body of a read
 * means nothing (RFC 9110, section 9.3.1) and stays behind.
 *
 * @throws {Fault} see `readBody`
 */
export async function takeBody({
  req,
  method,
  headers,
}: Pick<Call, 'req' | 'method' | 'headers'>): Promise<Buffer | StreamedBody | undefined> {
  if (!hasBody(req) || method === 'GET' || method === 'HEAD') return undefined;
  const length = Number(headers['content-length'] ?? 0);
  return length > MAX_BODY_BYTES ? { stream: new Upload(req), length } : readBody(req);
}

/**
 * A caller's body on its way up. Whoever sends it may end it early, when the region is away or answers before it has heard
 * all: that must not end the caller's connection, on which the answer goes back. What is left of the body is then read
 * to nowhere.
 */
class Upload extends Readable {
  readonly #source: IncomingMessage;
  #isReading = false;

  constructor(source: IncomingMessage) {
    super();
    this.#source = source;
    // Whoever sends it listens only while it does.
    this.on('error', () => {});
  }

  override _read(): void {
    if (!this.#isReading) this.#begin();
    this.#source.resume();
  }

  #begin(): void {
    this.#isReading = true;
    this.#source.on('data', this.#take).on('end', this.#end).on('error', this.#cut).on('close', this.#cut);
  }

  readonly #take = (chunk: Buffer): void => {
    if (!this.push(chunk)) this.#source.pause();
  };

  readonly #end = (): void => void this.push(null);

  readonly #cut = (): void => {
    if (!this.#source.readableEnded) this.destroy(new Error('the caller left in the middle of its body'));
  };

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#source.off('data', this.#take).off('end', this.#end).off('close', this.#cut);
    this.#source.resume();
    callback(error);
  }
}
