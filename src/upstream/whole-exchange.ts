import type { Dispatcher } from 'undici';
import { CodingError, codingsOf, decodeContent } from '../content-coding.ts';
import { joined } from '../turns.ts';
import type { Cancellation } from './cancellation.ts';
import {
  AnswerHandler,
  dispatch,
  ExchangeError,
  type ExchangeRequest,
  type ExchangeWatch,
  type UpstreamAnswer,
} from './exchange.ts';

/** Largest answer that is held in memory, bytes. */
export const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

const EMPTY = Buffer.alloc(0);

/**
 * Sends one request and collects the answer. At dispatch level: one handler object and one promise a request, which gives
 * either outcome as a value.
 *
 * @param watch told how far the request has got (the limits count from there)
 * @param mostBytes of the answer, which fails when it is larger
 */
export function exchange(
  dispatcher: Dispatcher,
  request: ExchangeRequest,
  cancellation: Cancellation | undefined,
  watch: ExchangeWatch,
  mostBytes = MAX_ANSWER_BYTES,
): Promise<UpstreamAnswer | ExchangeError> {
  return new Promise((resolve) => {
    dispatch(dispatcher, request, new Collector(resolve, watch, cancellation, mostBytes));
  });
}

/** Holds the whole answer. */
class Collector extends AnswerHandler<UpstreamAnswer> {
  readonly #mostBytes: number;
  #first: Buffer | undefined;
  #more: Buffer[] | undefined;
  #size = 0;

  constructor(
    resolve: ConstructorParameters<typeof AnswerHandler<UpstreamAnswer>>[0],
    watch: ExchangeWatch,
    cancellation: Cancellation | undefined,
    mostBytes: number,
  ) {
    super(resolve, watch, cancellation);
    this.#mostBytes = mostBytes;
  }

  protected begun(): void {}

  protected received(chunk: Buffer): boolean {
    this.#size += chunk.length;
    if (this.#size > this.#mostBytes) {
      this.fail(new ExchangeError('too-large', true, `the answer is larger than ${this.#mostBytes} bytes`));
      this.abort('answer too large');
      return true;
    }
    if (this.#first === undefined) this.#first = chunk;
    else if (this.#more === undefined) this.#more = [this.#first, chunk];
    else this.#more.push(chunk);
    return true;
  }

  protected completed(): void {
    const body = this.#more === undefined ? (this.#first ?? EMPTY) : joined(this.#more, this.#size);
    this.answered(Buffer.isBuffer(body) ? this.#answerOf(body) : body.then((whole) => this.#answerOf(whole)));
  }

  #answerOf(body: Buffer): UpstreamAnswer | Promise<UpstreamAnswer> {
    return decoded({ status: this.status, headers: this.headers, body }, this.#mostBytes);
  }
}

/** An answer with its body decoded; at once where there is nothing to decode. */
export function decoded(
  answer: UpstreamAnswer,
  mostBytes = MAX_ANSWER_BYTES,
): UpstreamAnswer | Promise<UpstreamAnswer> {
  const coding = answer.headers['content-encoding'];
  return coding === undefined || codingsOf(coding).length === 0
    ? answer
    : decodedLater(answer, coding, mostBytes);
}

async function decodedLater(
  answer: UpstreamAnswer,
  coding: string,
  mostBytes: number,
): Promise<UpstreamAnswer> {
  try {
    return { ...answer, body: await decodeContent(answer.body, coding, mostBytes) };
  } catch (error) {
    if (!(error instanceof CodingError)) throw error;
    return { ...answer, body: EMPTY, flaw: new ExchangeError('broken', true, error.message, error) };
  }
}
