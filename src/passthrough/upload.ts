import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { BODY_FAILED, cutShort, hasBody, MAX_BODY_BYTES, readBody } from '../http/body.ts';
import type { Call } from '../http/call.ts';
import type { StreamedBody } from '../upstream/request.ts';

/**
 * Most servers read no chunked bodies, so one whose length is not announced is held until it is known; so is one that is
 * small, for a second sending. A large one with its length is streamed, and sent once; and so is one without, to a service
 * that reads such bodies, as soon as it is larger than what is held. The body of a read means nothing (RFC 9110, section
 * 9.3.1) and stays behind.
 *
 * @param readsChunked the service reads bodies without a length
 * @throws {Fault} see `readBody`
 */
export async function takeBody(
  { req, method, headers }: Pick<Call, 'req' | 'method' | 'headers'>,
  readsChunked = false,
): Promise<Buffer | StreamedBody | undefined> {
  if (!hasBody(req) || method === 'GET' || method === 'HEAD') return undefined;
  const announced = headers['content-length'];
  if (announced === undefined && readsChunked) return holdBeginning(req);
  const length = Number(announced ?? 0);
  return length > MAX_BODY_BYTES ? { stream: new Upload(req), length } : readBody(req);
}

/** A body of unknown length: whole if it is small, else what is here of it and all that is to come. */
function holdBeginning(req: IncomingMessage): Promise<Buffer | StreamedBody> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const leave = () => {
      req.off('data', onData).off('end', onEnd).off('error', onCut).off('aborted', onCut);
      req.off(BODY_FAILED, reject);
    };
    const onData = (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size <= MAX_BODY_BYTES) return;
      req.pause();
      leave();
      resolve({ stream: new Upload(req, chunks), length: undefined });
    };
    const onEnd = () => {
      leave();
      resolve(Buffer.concat(chunks));
    };
    const onCut = (cause?: unknown) => {
      leave();
      reject(cutShort(cause));
    };
    req.on('data', onData).once('end', onEnd).once('error', onCut).once('aborted', onCut);
    req.once(BODY_FAILED, reject);
  });
}

/**
 * A caller's body on its way up. Whoever sends it may end it early, when the region is away or answers before it has heard
 * all: that must not end the caller's connection, on which the answer goes back. What is left of the body is then read
 * to nowhere.
 */
class Upload extends Readable {
  readonly #source: IncomingMessage;
  /** What of it was read before. */
  #held: Buffer[];
  #isReading = false;

  constructor(source: IncomingMessage, held: Buffer[] = []) {
    super();
    this.#source = source;
    this.#held = held;
    // Whoever sends it listens only while it does.
    this.on('error', () => {});
  }

  override _read(): void {
    if (this.#held.length > 0) {
      const held = Buffer.concat(this.#held);
      this.#held = [];
      this.push(held);
      return;
    }
    if (!this.#isReading) this.#begin();
    this.#source.resume();
  }

  #begin(): void {
    this.#isReading = true;
    if (this.#source.destroyed) this.#cut();
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
