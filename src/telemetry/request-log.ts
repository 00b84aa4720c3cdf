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
  /** What went wrong inside, for faults that have a cause. */
  err?: unknown;
}

/** Where lines of requests go. */
export interface RequestLog {
  /** Whether a request with this status gets a line; asked first, so that no line is made in vain. */
  wants(status: number): boolean;
  write(line: RequestLine): void;
}

/** A line per request, or for failures only, or none, as `log.requests` says. */
export function createRequestLog(parent: Logger, { level, requests }: LogSettings): RequestLog {
  const isFailure = (status: number) => status >= 500;
  // A line holds nothing but what `RequestLine` names, so searching it for secrets would find none, at a price.
  const log = parent.child({}, { level, redact: [] });
  return {
    wants(status) {
      if (requests === 'none' || (requests === 'errors' && !isFailure(status))) return false;
      return log.isLevelEnabled(isFailure(status) ? 'warn' : 'info');
    },
    write(line) {
      if (isFailure(line.status)) log.warn(line, 'request');
      else log.info(line, 'request');
    },
  };
}
