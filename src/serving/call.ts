import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { splitUrl } from '../routing/target.ts';
import type { Format } from '../translation/format.ts';
import type { Leave } from '../upstream/leave.ts';

/** One request of a caller and what is found out about it on its way: the facts of its log line and metrics. */
export class Call implements Leave {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /** Path with doubled slashes collapsed. */
  readonly path: string;
  /** Raw query without `?`. */
  readonly query: string;
  /** Sluice's own base URL as the caller sees it, without a slash at its end. */
  readonly publicBase: string;
  /** The region this listener serves at its root, if any. */
  readonly rootRegion: string | undefined;
  /** Monotonic ms. */
  readonly startedAt: number;

  /** Format of the answer. */
  format: Format = 'json';
  operation = 'other';
  account = '';
  region = '';
  client = 'anonymous';
  /** The cache's verdict, or `none` where there is nothing to cache. */
  cache = 'none';
  /** Counted and logged already: an answer that breaks on its way ends twice. */
  isFinished = false;
  waitedMs = 0;
  upstreamMs = 0;

  #requestId: string | undefined;
  #controller: AbortController | undefined;
  #watcher: (() => void) | undefined;
  #isListening = false;

  constructor(
    req: IncomingMessage,
    res: ServerResponse,
    context: { publicUrl: string | undefined; rootRegion: string | undefined; now: number },
  ) {
    this.req = req;
    this.res = res;
    this.method = req.method ?? 'GET';
    this.headers = req.headers;
    const { path, query } = splitUrl(req.url ?? '/');
    this.path = path;
    this.query = query;
    this.publicBase = context.publicUrl ?? ownBase(req);
    this.rootRegion = context.rootRegion;
    this.startedAt = context.now;
  }

  /** The id callers quote: the upstream's once there is one, else Sluice's own. */
  get requestId(): string {
    this.#requestId ??= `req-${randomUUID()}`;
    return this.#requestId;
  }

  set requestId(id: string) {
    this.#requestId = id;
  }

  /** True once the caller has left before its answer was out. */
  get gone(): boolean {
    return this.res.destroyed && !this.res.writableFinished;
  }

  /** Aborted when the caller leaves before its answer is out. Made on first use: most requests need none. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.gone) this.#controller.abort(new Error('the caller left'));
      this.#listen();
    }
    return this.#controller.signal;
  }

  watch(callback: (() => void) | undefined): void {
    this.#watcher = callback;
    if (callback) this.#listen();
  }

  #listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    this.res.once('close', () => {
      if (!this.gone) return;
      this.#controller?.abort(new Error('the caller left'));
      this.#watcher?.();
    });
  }

  /** A header as one string. */
  header(name: string): string | undefined {
    const value = this.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }
}

/** `http://` and the request's own Host; a Host that is none at all falls back to the socket's address. */
function ownBase(req: IncomingMessage): string {
  const host = req.headers.host;
  if (host !== undefined && HOST.test(host)) return `http://${host}`;
  return `http://${req.socket.localAddress ?? 'localhost'}:${req.socket.localPort ?? 80}`;
}

/** RFC 9110, section 7.2, without what could break out of a JSON string or an XML attribute. */
const HOST = /^[A-Za-z0-9.\-_:[\]]{1,255}$/;
