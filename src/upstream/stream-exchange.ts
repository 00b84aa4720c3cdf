import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { joined } from '../turns.ts';
import type { Cancellation } from './cancellation.ts';
import {
  AnswerHandler,
  type AnswerHead,
  dispatch,
  type ExchangeError,
  type ExchangeRequest,
  type ExchangeWatch,
  type UpstreamAnswer,
} from './exchange.ts';
import { decoded } from './whole-exchange.ts';

/** An answer whose body is still on its way, or was held until it was whole. */
export interface StreamedAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  /** Coded as `content-encoding` says: the bytes as they come, which fail with an `ExchangeError`, or all of them. */
  body: Readable | Buffer;
  /** The same answer whole and decoded, where it had to be read for its meaning (413 and 429). */
  whole: UpstreamAnswer | undefined;
}

/** How many bytes of an answer with such a head are held until it is whole; 0: it goes on from its head on. */
export type Holding = (answer: AnswerHead) => number;

/** Most bytes of a refusal's body that are read for its meaning. */
const MAX_HELD_BYTES = 64 * 1024;
/** Most bytes of an unwanted answer that are read to keep its connection. */
const MAX_DISCARDED_BYTES = 256 * 1024;

/**
 * Sends one request; the promise is settled with the answer's head, or with its end where it is held: what is longer than was
 * thought goes on as a stream after all. A refusal that may be a rate limit's is held: only its body tells it from a quota.
 */
export function streamExchange(
  dispatcher: Dispatcher,
  request: ExchangeRequest,
  cancellation: Cancellation | undefined,
  watch: ExchangeWatch,
  holding: Holding = () => 0,
): Promise<StreamedAnswer | ExchangeError> {
  return new Promise((resolve) => {
    dispatch(dispatcher, request, new Streamer(resolve, watch, cancellation, holding));
  });
}

/** Lets an answer go that nobody is to get: a small one is read to its end, so that its connection can be used again. */
export function discard({ body }: Pick<StreamedAnswer, 'body'>): void {
  if (Buffer.isBuffer(body)) return;
  let bytes = 0;
  body.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_DISCARDED_BYTES) body.destroy();
  });
}

class Streamer extends AnswerHandler<StreamedAnswer> {
  readonly #holding: Holding;
  #resume = (): void => {};
  /** Once the answer goes on as a stream. */
  #body: Readable | undefined;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #mostHeldBytes = 0;

  constructor(
    resolve: ConstructorParameters<typeof AnswerHandler<StreamedAnswer>>[0],
    watch: ExchangeWatch,
    cancellation: Cancellation | undefined,
    holding: Holding,
  ) {
    super(resolve, watch, cancellation);
    this.#holding = holding;
  }

  get #isRefusal(): boolean {
    return this.status === 413 || this.status === 429;
  }

  protected begun(resume: () => void): void {
    this.#resume = resume;
    this.#mostHeldBytes = this.#isRefusal ? MAX_HELD_BYTES : this.#holding(this.#head);
    if (this.#mostHeldBytes === 0) this.#stream();
  }

  protected received(chunk: Buffer): boolean {
    if (this.#body !== undefined) return this.#body.push(chunk);
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    return this.#heldBytes <= this.#mostHeldBytes || this.#stream();
  }

  protected completed(): void {
    if (this.#body !== undefined) {
      this.#body.push(null);
      return;
    }
    const body = joined(this.#held, this.#heldBytes);
    this.answered(Buffer.isBuffer(body) ? this.#answerOf(body) : body.then((whole) => this.#answerOf(whole)));
  }

  protected override fail(error: ExchangeError): void {
    if (this.#body === undefined) {
      super.fail(error);
      return;
    }
    this.end();
    this.#body.destroy(error);
  }

  /** Gives the answer as it comes, what was held of it first. @returns false: no more for now */
  #stream(): boolean {
    const body = new Readable({
      read: this.#resume,
      destroy: (error, callback) => {
        if (!this.isOver) {
          this.end();
          this.abort('the answer is not wanted');
        }
        callback(error);
      },
    });
    // It may break before whoever gets it listens.
    body.on('error', () => {});
    this.#body = body;
    let wantsMore = true;
    for (const chunk of this.#held) wantsMore = body.push(chunk);
    this.#held = [];
    this.answered({ ...this.#head, body, whole: undefined });
    return wantsMore;
  }

  #answerOf(body: Buffer): StreamedAnswer | Promise<StreamedAnswer> {
    const answer = { ...this.#head, body, whole: undefined };
    return this.#isRefusal ? this.#withWhole(answer, body) : answer;
  }

  async #withWhole(answer: StreamedAnswer, body: Buffer): Promise<StreamedAnswer> {
    return { ...answer, whole: await decoded({ ...this.#head, body }) };
  }

  get #head(): AnswerHead {
    return { status: this.status, headers: this.headers };
  }
}
