import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { Leave } from './leave.ts';

/** One request to an endpoint. The body is whole, so it goes out with Content-Length: real servers read nothing else. */
export interface UpstreamRequest {
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

/**
 * Sends one request and collects the answer. At dispatch level: one handler object and one promise a request.
 *
 * @param onHead called when the answer's head is here, before its body (the limits count from then)
 * @throws {ExchangeError}
 */
export function exchange(
  dispatcher: Dispatcher,
  request: UpstreamRequest,
  leave: Leave | undefined,
  onHead: (status: number, headers: IncomingHttpHeaders) => void,
): Promise<UpstreamAnswer> {
  return new Promise((resolve, reject) => {
    if (leave?.gone) {
      reject(new ExchangeError('aborted', false, 'the caller left'));
      return;
    }
    const collector = new Collector(resolve, reject, onHead, leave);
    dispatcher.dispatch(
      {
        method: request.method as Dispatcher.HttpMethod,
        path: request.path,
        headers: request.headers,
        body: request.body ?? null,
      },
      collector,
    );
  });
}

class Collector implements Dispatcher.DispatchHandler {
  readonly #resolve: (answer: UpstreamAnswer) => void;
  readonly #reject: (error: ExchangeError) => void;
  readonly #onHead: (status: number, headers: IncomingHttpHeaders) => void;
  readonly #departure: Leave | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: IncomingHttpHeaders = {};
  #chunks: Buffer[] = [];
  #size = 0;

  constructor(
    resolve: (answer: UpstreamAnswer) => void,
    reject: (error: ExchangeError) => void,
    onHead: (status: number, headers: IncomingHttpHeaders) => void,
    leave: Leave | undefined,
  ) {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#onHead = onHead;
    this.#departure = leave;
    leave?.watch(() => this.#leave());
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#departure?.gone) controller.abort(new Error('the caller left'));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
    this.#onHead(status, headers);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#size > MAX_ANSWER_BYTES) {
      this.#fail(new ExchangeError('too-large', true, `the answer is larger than ${MAX_ANSWER_BYTES} bytes`));
      controller.abort(new Error('answer too large'));
      return;
    }
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.#detach();
    const body =
      this.#chunks.length === 0
        ? EMPTY
        : this.#chunks.length === 1
          ? this.#chunks[0]!
          : Buffer.concat(this.#chunks);
    this.#resolve({ status: this.#status, headers: this.#headers, body });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#departure?.gone) this.#fail(new ExchangeError('aborted', true, 'the caller left', error));
    else this.#fail(describeFailure(error, this.#controller !== undefined, this.#status !== 0));
  }

  #leave(): void {
    this.#controller?.abort(new Error('the caller left'));
    this.#fail(new ExchangeError('aborted', this.#controller !== undefined, 'the caller left'));
  }

  #fail(error: ExchangeError): void {
    this.#detach();
    this.#reject(error);
  }

  #detach(): void {
    this.#departure?.watch(undefined);
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
