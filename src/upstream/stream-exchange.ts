import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Cancellation } from './cancellation.ts';
import {
  AnswerHandler,
  dispatch,
  type ExchangeError,
  type ExchangeRequest,
  type ExchangeWatch,
  type UpstreamAnswer,
} from './exchange.ts';
import { decoded } from './whole-exchange.ts';

/** An answer whose body is still on its way. */
export interface StreamedAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  /** The bytes as they come, coded as `content-encoding` says. It fails with an `ExchangeError`. */
  body: Readable;
  /** The same answer whole and decoded, where it had to be read for its meaning (413 and 429). */
  whole: UpstreamAnswer | undefined;
}

/** Most bytes of a refusal's body that are read for its meaning. */
const MAX_HELD_BYTES = 64 * 1024;
/** Most bytes of an unwanted answer that are read to keep its connection. */
const MAX_DISCARDED_BYTES = 256 * 1024;

/**
 * Sends one request; the promise is settled with the answer's head. A refusal that may be a rate limit's is read first: only
 * its body tells it from a quota.
 */
export function streamExchange(
  dispatcher: Dispatcher,
  request: ExchangeRequest,
  cancellation: Cancellation | undefined,
  watch: ExchangeWatch,
): Promise<StreamedAnswer | ExchangeError> {
  return new Promise((resolve) => {
    dispatch(dispatcher, request, new Streamer(resolve, watch, cancellation));
  });
}

/** Lets an answer go that nobody is to get: a small one is read to its end, so that its connection can be used again. */
export function discard({ body }: StreamedAnswer): void {
  let bytes = 0;
  body.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_DISCARDED_BYTES) body.destroy();
  });
}

class Streamer extends AnswerHandler<StreamedAnswer> {
  #body: Readable | undefined;
  #isGiven = false;
  #held: Buffer[] | undefined;
  #heldBytes = 0;

  protected begun(resume: () => void): void {
    const body = new Readable({
      read: resume,
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
    if (this.status === 413 || this.status === 429) this.#held = [];
    else this.#give(undefined);
  }

  protected received(chunk: Buffer): boolean {
    if (this.#held) {
      this.#held.push(chunk);
      this.#heldBytes += chunk.length;
      if (this.#heldBytes > MAX_HELD_BYTES) this.#give(undefined);
    }
    return this.#body!.push(chunk) || !this.#isGiven;
  }

  protected completed(): void {
    this.#body!.push(null);
    if (!this.#isGiven) this.#give(Buffer.concat(this.#held ?? []));
  }

  protected override fail(error: ExchangeError): void {
    if (!this.#isGiven) {
      super.fail(error);
      return;
    }
    this.end();
    this.#body?.destroy(error);
  }

  #give(held: Buffer | undefined): void {
    this.#isGiven = true;
    this.#held = undefined;
    const { status, headers } = this;
    const answer: StreamedAnswer = { status, headers, body: this.#body!, whole: undefined };
    this.answered(held ? this.#withWhole(answer, held) : answer);
  }

  async #withWhole(answer: StreamedAnswer, held: Buffer): Promise<StreamedAnswer> {
    const { status, headers } = answer;
    return { ...answer, whole: await decoded({ status, headers, body: held }) };
  }
}
