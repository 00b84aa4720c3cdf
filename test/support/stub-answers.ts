import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** One request as the scripted upstream saw it. */
export interface StubRequest {
  readonly method: string;
  /** Path below the tenant (`/servers/1`), or the whole path for what lies outside of it (`/v2/`, `/tokens`). */
  readonly path: string;
  /** Query without the question mark; empty when there is none. */
  readonly query: string;
  readonly url: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** `http://host:port` as the caller spelled it: what real servers build links from. */
  readonly origin: string;
  /** True when the caller left before it had its answer. */
  readonly aborted: boolean;
  /** Resolves when the exchange is over, however it ended. */
  readonly closed: Promise<void>;
}

/** What an answer is made with. */
export interface Exchange {
  readonly request: StubRequest;
  readonly response: ServerResponse;
  /** The connection itself, for answers that no HTTP server would give; the response must not be used after it. */
  takeOver(): Socket;
}

/** How the scripted upstream answers one request: by writing to the response, or by ruining the connection. */
export type Answer = (exchange: Exchange) => void | Promise<void>;

type Headers = Record<string, string>;
type Content = unknown | ((request: StubRequest) => unknown);

const contentOf = (content: Content, request: StubRequest): unknown =>
  typeof content === 'function' ? content(request) : content;

/** A JSON document (or what a function makes of the request), with Content-Length, as nova sends it. */
export function json(content: Content, status = 200, headers: Headers = {}): Answer {
  return ({ request, response }) => {
    const body = Buffer.from(JSON.stringify(contentOf(content, request)));
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': body.length,
      ...headers,
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
}

/** Exactly this body; no content type unless the headers name one. */
export function text(body: string, status = 200, headers: Headers = {}): Answer {
  return ({ response }) => {
    response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers });
    response.end(body);
  };
}

/** No body, yet a JSON content type: how nova answers actions. */
export function empty(status = 202, headers: Headers = {}): Answer {
  return text('', status, { 'content-type': 'application/json', ...headers });
}

/** A 204, without any entity header. */
export function noContent(headers: Headers = {}): Answer {
  return ({ response }) => {
    response.writeHead(204, headers);
    response.end();
  };
}

/** A fault of the guide's Table 1.6. */
export function fault(name: string, code: number, message: string, headers: Headers = {}): Answer {
  return json({ [name]: { code, message } }, code, headers);
}

/** Keystone middleware's 401, which is no fault of the guide. */
export const unauthorized: Answer = json(
  { error: { code: 401, title: 'Unauthorized', message: 'The stub does not know this token.' } },
  401,
  { 'www-authenticate': 'Keystone uri="http://identity.test/v3"' },
);

/** A 503 in HTML: what a server says whose own services are gone. */
export const unavailable: Answer = text('<html><h1>503 Service Unavailable</h1></html>', 503, {
  'content-type': 'text/html; charset=UTF-8',
});

/** Takes the request and never answers; ends when the caller leaves or the stub closes. */
export const hang: Answer = ({ request }) => request.closed;

/** Resets the connection before any byte of an answer. */
export const reset: Answer = (exchange) => {
  exchange.takeOver().resetAndDestroy();
};

/** Announces the whole body, sends its first `bytes`, then resets the connection. */
export function resetMidBody(content: Content, bytes = 10): Answer {
  return async (exchange) => {
    const body = JSON.stringify(contentOf(content, exchange.request));
    const socket = exchange.takeOver();
    await write(socket, head(200, { 'content-length': String(body.length) }) + body.slice(0, bytes));
    socket.resetAndDestroy();
  };
}

/** Announces the whole body, sends its first `bytes`, then closes the connection in good order. */
export function truncated(content: Content, bytes = 10): Answer {
  return (exchange) => {
    const body = JSON.stringify(contentOf(content, exchange.request));
    exchange.takeOver().end(head(200, { 'content-length': String(body.length) }) + body.slice(0, bytes));
  };
}

/** A 200 that says JSON and is none. */
export const brokenJson: Answer = text('{"servers": [{"id": "1",', 200, {
  'content-type': 'application/json',
});

/** A whole body in chunks of `size` bytes. */
export function chunked(content: Content, size = 16): Answer {
  return ({ request, response }) => {
    const body = Buffer.from(JSON.stringify(contentOf(content, request)));
    response.writeHead(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' });
    for (let at = 0; at < body.length; at += size) response.write(body.subarray(at, at + size));
    response.end();
  };
}

/** The first chunk only, then the connection is closed without the last one. */
export function chunkedCut(content: Content, bytes = 10): Answer {
  return (exchange) => {
    const part = JSON.stringify(contentOf(content, exchange.request)).slice(0, bytes);
    const chunk = `${part.length.toString(16)}\r\n${part}\r\n`;
    exchange.takeOver().end(head(200, { 'transfer-encoding': 'chunked' }) + chunk);
  };
}

/** Neither length nor chunks nor `Connection: close`: the body ends with the connection, as behind uwsgi. */
export function closeEnded(content: Content, status = 200): Answer {
  return (exchange) => {
    const body = JSON.stringify(contentOf(content, exchange.request));
    exchange.takeOver().end(head(status, {}) + body);
  };
}

/** Answers, then closes the kept-alive connection without having said so. */
export function thenClose(answer: Answer): Answer {
  return async (exchange) => {
    const { socket } = exchange.response;
    exchange.response.once('finish', () => socket?.end());
    await answer(exchange);
  };
}

/** Bytes as they are, for answers that are no HTTP. */
export function raw(bytes: string): Answer {
  return (exchange) => {
    exchange.takeOver().end(bytes);
  };
}

const overLimit = (message: string, headers: Headers, extra: object = {}): Answer =>
  json({ overLimit: { code: 413, message, ...extra } }, 413, headers);

/** The four meanings of a 413; only the first two may be waited out. */
export const tooMany = {
  /** A rate limit, `Retry-After` as an HTTP date, cut to the second. */
  rateByDate: (at: Date): Answer =>
    overLimit(
      'Too many requests by the stub.',
      { 'retry-after': at.toUTCString() },
      { retryAt: at.toISOString() },
    ),
  /** A rate limit, `Retry-After` in whole seconds. */
  rateBySeconds: (seconds: number): Answer =>
    overLimit('Too many requests by the stub.', { 'retry-after': String(seconds) }, { retryAfter: seconds }),
  /** A quota: there is nothing to wait for. */
  quota: overLimit('Quota exceeded in the stub: cores', { 'retry-after': '0' }),
  /** A body that is too large; no Retry-After at all, and HTML. */
  bodySize: text('<html><h1>413 Request Entity Too Large</h1></html>', 413, { 'content-type': 'text/html' }),
};

function head(status: number, headers: Headers): string {
  const lines = Object.entries({ 'content-type': 'application/json', ...headers });
  return `HTTP/1.1 ${status} Scripted\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

/** Resolves when the kernel has the bytes, so that a reset does not overtake them. */
function write(socket: Socket, bytes: string): Promise<void> {
  return new Promise((resolve) => socket.write(bytes, () => setImmediate(resolve)));
}
