import type { IncomingHttpHeaders } from 'node:http';
import { type Dispatcher, util } from 'undici';
import type { Cancellation } from './cancellation.ts';

/** One request to an endpoint. The body is whole, so it goes out with Content-Length: real servers read nothing else. */
export interface ExchangeRequest {
  method: string;
  /** Path and query below the origin. */
  path: string;
  headers: Record<string, string>;
  body: Buffer | string | undefined;
}

/** A whole answer: nothing reaches a caller before the upstream's last byte is here. */
export interface UpstreamAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** Why there is no answer. `sent` is false when the request cannot have reached the upstream. */
export class ExchangeError extends Error {
  override readonly name = 'ExchangeError';
  readonly kind: 'refused' | 'timeout' | 'reset' | 'broken' | 'too-large' | 'aborted';
  readonly sent: boolean;

  constructor(kind: ExchangeError['kind'], sent: boolean, message: string, cause?: unknown) {
    super(message, { cause });
    this.kind = kind;
    this.sent = sent;
  }
}

/** Largest answer that is held in memory, bytes. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

const EMPTY = Buffer.alloc(0);
const NO_HEADERS: IncomingHttpHeaders = {};

/** Whoever wants to know how far a request has got. */
export interface ExchangeWatch {
  /** It has to wait for a connection. */
  queued(): void;
  /** It has got one after `queued`, and goes out now. */
  sent(): void;
  /** The answer's head is here; its body is not yet. */
  head(status: number, headers: IncomingHttpHeaders): void;
}

/**
 * Sends one request and collects the answer. At dispatch level: one handler object and one promise a request, which gives
 * either outcome as a value.
 *
 * @param watch told how far the request has got (the limits count from there)
 */
export function exchange(
  dispatcher: Dispatcher,
  request: ExchangeRequest,
  cancellation: Cancellation | undefined,
  watch: ExchangeWatch,
): Promise<UpstreamAnswer | ExchangeError> {
  return new Promise((resolve) => {
    if (cancellation?.gone) {
      resolve(new ExchangeError('aborted', false, 'the caller left'));
      return;
    }
    const collector = new Collector(resolve, watch, cancellation);
    dispatcher.dispatch(
      {
        method: request.method as Dispatcher.HttpMethod,
        path: request.path,
        headers: request.headers,
        body: request.body ?? null,
      },
      collector,
    );
    collector.dispatched();
  });
}

/**
 * Speaks undici's own handler interface: the newer one is an adapter over it, which costs a controller and two objects of
 * headers a request.
 */
class Collector implements Dispatcher.DispatchHandler {
  readonly #resolve: (outcome: UpstreamAnswer | ExchangeError) => void;
  readonly #watch: ExchangeWatch;
  readonly #cancellation: Cancellation | undefined;
  #abort: ((error: Error) => void) | undefined;
  #status = 0;
  #headers: IncomingHttpHeaders = NO_HEADERS;
  #first: Buffer | undefined;
  #more: Buffer[] | undefined;
  #size = 0;
  #isQueued = false;
  #isOver = false;

  constructor(
    resolve: (outcome: UpstreamAnswer | ExchangeError) => void,
    watch: ExchangeWatch,
    cancellation: Cancellation | undefined,
  ) {
    this.#resolve = resolve;
    this.#watch = watch;
    this.#cancellation = cancellation;
    cancellation?.watch(() => this.#cancelled());
  }

  /** undici has taken the request: without a free connection it is in the pool's queue. */
  dispatched(): void {
    if (this.#abort !== undefined || this.#isOver) return;
    this.#isQueued = true;
    this.#watch.queued();
  }

  onConnect(abort: (error?: Error) => void): void {
    this.#abort = abort;
    if (this.#isQueued) this.#watch.sent();
    if (this.#cancellation?.gone) abort(new Error('the caller left'));
  }

  onHeaders(status: number, headers: Buffer[]): boolean {
    if (status < 200) return true;
    this.#status = status;
    this.#headers = util.parseHeaders(headers) as IncomingHttpHeaders;
    this.#watch.head(status, this.#headers);
    return true;
  }

  onData(chunk: Buffer): boolean {
    this.#size += chunk.length;
    if (this.#size > MAX_ANSWER_BYTES) {
      this.#end(new ExchangeError('too-large', true, `the answer is larger than ${MAX_ANSWER_BYTES} bytes`));
      this.#abort?.(new Error('answer too large'));
      return true;
    }
    if (this.#first === undefined) this.#first = chunk;
    else if (this.#more === undefined) this.#more = [this.#first, chunk];
    else this.#more.push(chunk);
    return true;
  }

  onComplete(): void {
    const body = this.#more ? Buffer.concat(this.#more) : (this.#first ?? EMPTY);
    this.#end({ status: this.#status, headers: this.#headers, body });
  }

  onError(error: Error): void {
    if (this.#cancellation?.gone) this.#end(new ExchangeError('aborted', true, 'the caller left', error));
    else this.#end(describeFailure(error, this.#abort !== undefined, this.#status !== 0));
  }

  #cancelled(): void {
    this.#abort?.(new Error('the caller left'));
    this.#end(new ExchangeError('aborted', this.#abort !== undefined, 'the caller left'));
  }

  #end(outcome: UpstreamAnswer | ExchangeError): void {
    this.#isOver = true;
    this.#cancellation?.watch(undefined);
    this.#resolve(outcome);
  }
}

const TIMEOUTS = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT']);
const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** undici's and the system's error codes, mapped to what they mean for a retry. */
export function describeFailure(error: Error, started: boolean, headSeen: boolean): ExchangeError {
  const code = codeOf(error);
  if (NOT_CONNECTED.has(code)) return new ExchangeError('refused', false, `no connection (${code})`, error);
  if (TIMEOUTS.has(code)) return new ExchangeError('timeout', true, `no answer in time (${code})`, error);
  if (code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE') {
    return new ExchangeError(headSeen ? 'broken' : 'reset', started, `the connection broke (${code})`, error);
  }
  return new ExchangeError(
    'broken',
    started,
    `the answer is no valid HTTP (${code || error.message})`,
    error,
  );
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === 'string' && code !== '') return code;
  const cause = (error as { cause?: unknown } | null)?.cause;
  return cause === undefined ? '' : codeOf(cause);
}
