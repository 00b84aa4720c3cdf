import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { type Dispatcher, util } from 'undici';
import { lateFailureOf } from '../connect-failure.ts';
import type { Cancellation } from './cancellation.ts';
import { isLargeBody } from './early-answers.ts';
import { withoutNominated } from './headers.ts';
import { endsQuietly, learnEnds } from './quiet-ends.ts';

/** One request to an endpoint. It has a Content-Length whatever the body is: real servers read nothing else. */
export interface ExchangeRequest {
  method: string;
  /** Path and query below the origin. */
  path: string;
  /** With `content-length` where the body is a stream. */
  headers: Record<string, string>;
  body: Buffer | string | Readable | undefined;
}

/** A whole answer: nothing reaches a caller before the upstream's last byte is here. */
export interface UpstreamAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  /** Decoded, whatever `content-encoding` says. */
  body: Buffer;
  /** Why the body could not be decoded; it is then empty. */
  flaw?: ExchangeError;
}

/** What an answer has, however it is taken. */
export type AnswerHead = Pick<UpstreamAnswer, 'status' | 'headers'>;

/** Why there is no answer. `sent` is false when the request cannot have reached the upstream. */
export class ExchangeError extends Error {
  override readonly name = 'ExchangeError';
  /** `certificate` and `proxy`: there will be no connection until somebody changes something. */
  readonly kind:
    | 'refused'
    | 'timeout'
    | 'reset'
    | 'broken'
    | 'too-large'
    | 'aborted'
    | 'certificate'
    | 'proxy';
  readonly sent: boolean;

  constructor(kind: ExchangeError['kind'], sent: boolean, message: string, cause?: unknown) {
    super(message, { cause });
    this.kind = kind;
    this.sent = sent;
  }
}

/** Whoever wants to know how far a request has got. */
export interface ExchangeWatch {
  /** It has to wait for a connection. */
  queued(): void;
  /** It has got one after `queued`, and goes out now. */
  sent(): void;
  /** The answer's head is here; its body is not yet. */
  head(status: number, headers: IncomingHttpHeaders): void;
}

const NO_HEADERS: IncomingHttpHeaders = {};
const CALLER_LEFT = 'the caller left';

/** Hands a request to a pool, unless its caller has left already. */
export function dispatch<A>(
  dispatcher: Dispatcher,
  request: ExchangeRequest,
  handler: AnswerHandler<A>,
): void {
  if (handler.isOver) return;
  handler.goesBy(dispatcher, request.method);
  dispatcher.dispatch(
    {
      method: request.method as Dispatcher.HttpMethod,
      path: request.path,
      headers: request.headers,
      body: request.body ?? null,
      ...(isLargeBody(request.body, request.headers) ? { reset: true } : {}),
    },
    handler,
  );
  handler.dispatched();
}

type Resolve<A> = (outcome: A | ExchangeError | Promise<A>) => void;

/**
 * What every exchange does until the answer's head is here. Speaks undici's own handler interface: the newer one is an
 * adapter over it, which costs a controller and two objects of headers a request.
 */
export abstract class AnswerHandler<A> implements Dispatcher.DispatchHandler {
  readonly #resolve: Resolve<A>;
  readonly #watch: ExchangeWatch;
  readonly #cancellation: Cancellation | undefined;
  #abort: ((error: Error) => void) | undefined;
  #isQueued = false;
  #dispatcher: Dispatcher | undefined;
  #isHead = false;
  protected status = 0;
  protected headers: IncomingHttpHeaders = NO_HEADERS;
  /** Nothing more is to come: the outcome is known, and all of the body has been dealt with. */
  isOver = false;

  constructor(resolve: Resolve<A>, watch: ExchangeWatch, cancellation: Cancellation | undefined) {
    this.#resolve = resolve;
    this.#watch = watch;
    this.#cancellation = cancellation;
    if (cancellation?.gone) this.#cancelled();
    else cancellation?.watch(() => this.#cancelled());
  }

  /** Which connections it goes by. */
  goesBy(dispatcher: Dispatcher, method: string): void {
    this.#dispatcher = dispatcher;
    this.#isHead = method === 'HEAD';
  }

  /** undici has taken the request: without a free connection it is in the pool's queue. */
  dispatched(): void {
    if (this.#abort !== undefined || this.isOver) return;
    this.#isQueued = true;
    this.#watch.queued();
  }

  onConnect(abort: (error?: Error) => void): void {
    this.#abort = abort;
    if (this.#isQueued) this.#watch.sent();
    if (this.#cancellation?.gone) abort(new Error(CALLER_LEFT));
  }

  onHeaders(status: number, headers: Buffer[], resume: () => void): boolean {
    if (status < 200) return true;
    if (status > 599) {
      this.fail(new ExchangeError('broken', true, `the status ${status} is none`));
      this.abort('the status is none');
      return true;
    }
    this.status = status;
    this.headers = withoutNominated(util.parseHeaders(headers) as IncomingHttpHeaders);
    this.#watch.head(status, this.headers);
    this.begun(resume);
    // These end with their head, whatever length they announce (RFC 9110, sections 8.6 and 15.3.5).
    const isBodiless = status === 204 || status === 304;
    if (isBodiless) this.onComplete();
    if (isBodiless || this.#isHead) this.#endQuietly();
    else if (this.#dispatcher !== undefined) learnEnds(this.#dispatcher, this.headers);
    return true;
  }

  onData(chunk: Buffer): boolean {
    return this.isOver || this.received(chunk);
  }

  onComplete(): void {
    if (this.isOver) return;
    this.end();
    this.completed();
  }

  /** The head is here; what was paused goes on with `resume`. */
  protected abstract begun(resume: () => void): void;
  /** False: no more for now, until `resume` is called. */
  protected abstract received(chunk: Buffer): boolean;
  /** The whole body is here. */
  protected abstract completed(): void;

  onError(error: Error): void {
    if (this.isOver) return;
    this.fail(
      this.#cancellation?.gone
        ? new ExchangeError('aborted', true, CALLER_LEFT, error)
        : describeFailure(error, this.#abort !== undefined, this.status !== 0),
    );
  }

  /** There is no whole answer. */
  protected fail(error: ExchangeError): void {
    this.end();
    this.#resolve(error);
  }

  /** Gives the connection up: the rest of the answer is not wanted. */
  protected abort(reason: string): void {
    this.#abort?.(new Error(reason));
  }

  /** There is an answer, or will be as soon as it is decoded; for whoever waits the exchange is over. */
  protected answered(answer: A | Promise<A>): void {
    this.#resolve(answer);
  }

  /** Nobody is told of anything any more. */
  protected end(): void {
    this.isOver = true;
    this.#cancellation?.watch(undefined);
  }

  /** Gives up a connection that has ended although it does not look like it. */
  #endQuietly(): void {
    if (!endsQuietly(this.#dispatcher)) return;
    this.onComplete();
    this.abort('the connection ends with its answer');
  }

  #cancelled(): void {
    this.abort(CALLER_LEFT);
    // undici says nothing of a request that it has not begun to send.
    if (!this.isOver) this.fail(new ExchangeError('aborted', this.#abort !== undefined, CALLER_LEFT));
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
  const failure = lateFailureOf(error);
  if (failure !== undefined) {
    const kind = failure.kind === 'proxy-away' ? 'refused' : failure.kind;
    return new ExchangeError(kind, false, failure.message, failure);
  }
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
