import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isAllowedHost, originOf } from '../access/addresses.ts';
import type { Identity } from '../access/identify.ts';
import type { RegionHints } from '../routing/directory.ts';
import type { Route } from '../routing/route.ts';
import type { Span } from '../telemetry/tracing.ts';
import type { Format } from '../translation/format.ts';
import type { Caller, ListenerTerms } from './caller.ts';

/** The head of a request as it came in. */
export interface RequestHead {
  readonly method: string;
  /** Lower-case names. */
  readonly headers: IncomingHttpHeaders;
  readonly route: Route;
  /** The caller's connection. */
  readonly socket: CallerSocket;
}

/** What is read of a caller's connection. */
export interface CallerSocket {
  /** This end of it. */
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  /** The other end, a proxy's maybe. */
  readonly remoteAddress?: string | undefined;
  /** It speaks TLS. */
  readonly encrypted?: boolean | undefined;
}

/** Where and when a request came in. */
export interface RequestContext {
  /** Of the listener that it came in at. */
  terms: ListenerTerms;
  /** The region this listener serves at its root, if any. */
  rootRegion: string | undefined;
  /** Monotonic ms. */
  now: number;
}

/** What a request asks, and what is found out about it on its way: the facts of its log line and metrics. */
export class RequestFacts {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly route: Route;
  /** The caller's connection. */
  readonly socket: CallerSocket;
  readonly terms: ListenerTerms;
  /** Sluice's own base URL as the caller sees it, without a slash at its end. */
  readonly publicBase: string;
  readonly rootRegion: string | undefined;
  /** Monotonic ms. */
  readonly startedAt: number;

  /** Format of the answer. */
  format: Format = 'json';
  operation = 'other';
  account = '';
  region = '';
  client = 'anonymous';
  /** Type of the service it is about. */
  service = 'compute';
  /** What the caller has shown, once that was looked at. */
  identity: Identity | undefined;
  /** Who calls, once that is known; undefined: nobody who may. */
  caller: Caller | undefined;
  /** For the audit log: it is a login. */
  isLogin = false;
  /** For the audit log: why it was refused, a word of Sluice's own; empty: it was not, for all that is known here. */
  refusedFor = '';
  /** The cache's verdict, or `none` where there is nothing to cache. */
  cache = 'none';
  /** Counted and logged already: an answer that breaks on its way ends twice. */
  isFinished = false;
  waitedMs = 0;
  upstreamMs = 0;
  /** Where this is traced: what it does is a part of that. */
  trace: Span | undefined;
  /** How often regions were asked on its behalf. */
  attempts = 0;
  /** What the region called the last of them that it answered. */
  upstreamId: string | undefined;
  /** Why the cache said what it said. */
  cacheReason = '';
  /** What kind of error of Sluice's own it ended in, a word; empty: in none. */
  errorType = '';
  /** The same in a sentence, as its caller was told. */
  errorMessage = '';

  #requestId: string | undefined;
  #ownId: string | undefined;

  constructor({ method, headers, route, socket }: RequestHead, context: RequestContext) {
    this.method = method;
    this.headers = headers;
    this.route = route;
    this.socket = socket;
    this.terms = context.terms;
    this.publicBase = context.terms.publicUrl ?? ownBase(headers, socket, context.terms);
    this.rootRegion = context.rootRegion;
    this.startedAt = context.now;
  }

  /** In its one spelling, see `Route`. */
  get path(): string {
    return this.route.path;
  }

  /** Without `?`, in its one spelling. */
  get query(): string {
    return this.route.query;
  }

  /** The id callers quote: the upstream's once there is one, else Sluice's own. */
  get requestId(): string {
    this.#requestId ??= `req-${randomUUID()}`;
    return this.#requestId;
  }

  /** The upstream's id. */
  set requestId(id: string) {
    this.#ownId = this.#requestId;
    this.#requestId = id;
  }

  /** Sluice's own id where lines of the log bear it and the caller was then told the upstream's. */
  get ownId(): string | undefined {
    return this.#ownId;
  }

  /** Where the caller is: the nearest address that no trusted proxy has. */
  get address(): string {
    return originOf(this.socket, this.headers, this.terms.trusted).address;
  }

  /** What it says about its region, the path's word first. */
  regionHints(path: string | undefined): RegionHints {
    return { path, header: this.header('x-region'), host: this.headers.host };
  }

  /** A header as one string. */
  header(name: string): string | undefined {
    const value = this.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }
}

/**
 * The scheme and the Host that the caller has used, as far as its proxies are believed and the Host may shape links; a Host
 * that may not, or is none at all, falls back to the socket's address.
 */
function ownBase(headers: IncomingHttpHeaders, socket: CallerSocket, terms: ListenerTerms): string {
  const { trusted, allowedHosts, isLocal } = terms;
  let proto = socket.encrypted === true ? 'https' : 'http';
  let { host } = headers;
  if (!trusted.isEmpty) ({ proto, host } = originOf(socket, headers, trusted));
  const isSound = host !== undefined && HOST.test(host);
  if (isSound && (allowedHosts === null ? isLocal : isAllowedHost(host!, allowedHosts, isLocal)))
    return `${proto}://${host}`;
  return `${proto}://${urlHost(socket.localAddress ?? 'localhost')}:${socket.localPort ?? 80}`;
}

/** RFC 9110, section 7.2: a name or an address of version 4, or one of version 6 in brackets, and a port. */
const HOST = /^(?:[A-Za-z0-9.\-_]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;

/** An address as URLs want it: version 6 in brackets, one of version 4 that comes as version 6 as itself, no zone. */
export function urlHost(address: string): string {
  const bare = address.replace(/%.*$/s, '').replace(/^::ffff:(?=\d{1,3}(?:\.\d{1,3}){3}$)/i, '');
  return bare.includes(':') ? `[${bare}]` : bare;
}
