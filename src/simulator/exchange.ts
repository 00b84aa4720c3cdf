import type { IncomingHttpHeaders } from 'node:http';
import type { HttpServer, RequestHead } from './http-servers.ts';
import type { SpooledFile } from './spool.ts';

/** A request as it came off the socket, its body read (or refused). */
export interface Incoming {
  /** Upper case. */
  readonly method: string;
  /** Undecoded, doubled slashes collapsed, without query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** The query as written, without the question mark. */
  readonly rawQuery: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: IncomingBody;
  /** `http://host:port` as the caller wrote it (Host header), no trailing slash: what links start with. */
  readonly origin: string;
  readonly head: RequestHead;
}

/** The body of a request. */
export type IncomingBody =
  | { kind: 'none' }
  | { kind: 'bytes'; bytes: Buffer }
  /** Sent chunked: real servers behave as if it were not there. */
  | { kind: 'chunked' }
  /** Image data, on disk as it came; it is dropped after the request unless somebody keeps it. */
  | { kind: 'file'; file: SpooledFile; keep(): void }
  /** More than is allowed; nothing of it was kept. */
  | { kind: 'tooLarge'; limitBytes: number };

/** An answer ready for the socket. */
export interface Answer {
  status: number;
  /** Lower-case names; a list is a line for each. `content-length` and `date` are the listener's business. */
  headers: Record<string, string | string[]>;
  body: Buffer;
  /** Bytes of a file instead of `body`, both ends included. */
  file?: { readonly path: string; readonly start: number; readonly end: number };
  /** The server it leaves, where that is told from others. `uwsgi`: it ends with its connection, and announces neither its length nor that end. */
  server?: HttpServer | undefined;
  /** Status and reason that are all of it, in HTTP/1.0; the connection ends after it. */
  bare?: string;
}

/** What the simulator did with one request, for whoever compares what both ends of a gateway have seen. */
export interface Exchange {
  readonly incoming: Incoming;
  /** Upper case; null: identity, and what belongs to no region. */
  readonly region: string | null;
  /** When it was read, ms since the epoch. */
  readonly receivedMs: number;
  /** What was done, and when; undefined: chaos kept it from being done. */
  readonly done: { readonly answer: Answer; readonly atMs: number } | undefined;
  /** How the caller was left: with the answer that was made, another status, a body that does not parse, or less. */
  readonly fate: 'answered' | 'refused' | 'broken' | 'reset' | 'hang' | 'truncate';
  /** What the caller got, unless it was left without. */
  readonly status: number | undefined;
  /** When the answer went out, or when it was decided that none would, ms since the epoch. */
  readonly departedMs: number;
}

/** An answer without a body. */
export function emptyAnswer(status: number, headers: Record<string, string> = {}): Answer {
  return { status, headers, body: Buffer.alloc(0) };
}

/** The value of a header that may be sent once only; undefined when it is absent or empty. */
export function headerOf(incoming: Incoming, name: string): string | undefined {
  const value = incoming.headers[name];
  const text = Array.isArray(value) ? value[0] : value;
  return text === '' ? undefined : text;
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Request Entity Too Large',
  415: 'Unsupported Media Type',
  416: 'Request Range Not Satisfiable',
  429: 'Too Many Requests',
  503: 'Service Unavailable',
};

/** The title that services in Python give an error. */
export const titleOf = (status: number): string => TITLES[status] ?? 'Internal Server Error';
