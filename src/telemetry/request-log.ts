import type { Logger } from 'pino';
import type { LogSettings } from './log.ts';

/** What one request's log line says. Never a header, a query or a body: those can hold secrets. */
export interface RequestLine {
  id: string;
  method: string;
  operation: string;
  region: string;
  account: string;
  client: string;
  status: number;
  cache: string;
  /** ms */
  waitMs: number;
  /** ms at the upstream, 0 when it was not asked */
  upstreamMs: number;
  /** ms in all */
  ms: number;
  'http.request.method': string;
  'http.response.status_code': number;
  /** Bytes of the answer's body. */
  'http.response.body.size': number;
  /** The path with names for what stands in it. */
  'http.route': string;
  /** The path, cut; without a query, and without what looks like a secret. */
  'url.path': string;
  /** The other end of the connection, a proxy's maybe. */
  'network.peer.address': string;
  /** The caller, as far as proxies are believed. */
  'client.address': string;
  'user_agent.original'?: string | undefined;
  /** Of the client that it showed. */
  key?: string | undefined;
  /** How often regions were asked. */
  attempts?: number | undefined;
  /** Why the cache said what it said. */
  cacheReason?: string | undefined;
  /** The region's id of the last attempt, where the caller was told a fault and an id of Sluice's own. */
  upstreamId?: string | undefined;
  /** Sluice's own id, where the caller was told the region's. */
  ownId?: string | undefined;
  trace_id?: string | undefined;
  /** Why Sluice itself said no, in a word. */
  'error.type'?: string | undefined;
  /** The same as its caller was told. */
  reason?: string | undefined;
  slow?: true | undefined;
  /** What went wrong inside, for faults that have a cause. */
  err?: unknown;
}

/** Where lines of requests go. */
export interface RequestLog {
  /** Whether a request with this status gets a line; asked first, so that no line is made in vain. */
  wants(status: number, ms: number): boolean;
  write(line: RequestLine): void;
}

/**
 * A line per request, or for failures only, or none, as `log.requests` says; a request that took `log.slowMs` is logged like a
 * failure.
 */
export function createRequestLog(parent: Logger, { level, requests, slowMs }: LogSettings): RequestLog {
  const isFailure = (status: number) => status >= 500;
  const slowest = slowMs ?? Number.POSITIVE_INFINITY;
  const isSlow = (ms: number) => ms >= slowest;
  // A line holds nothing but what `RequestLine` names, so searching it for secrets would find none, at a price.
  const log = parent.child({}, { level, redact: [] });
  return {
    wants(status, ms) {
      if (requests === 'none') return false;
      const isNotable = isFailure(status) || isSlow(ms);
      if (requests === 'errors' && !isNotable) return false;
      return log.isLevelEnabled(isNotable ? 'warn' : 'info');
    },
    write(line) {
      if (isSlow(line.ms)) log.warn({ ...line, slow: true }, 'request');
      else if (isFailure(line.status)) log.warn(line, 'request');
      else log.info(line, 'request');
    },
  };
}
