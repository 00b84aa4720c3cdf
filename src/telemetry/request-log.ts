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

/** Writes a line per request, or not, as `log.requests` says. */
export function createRequestLog(
  log: Logger,
  requests: LogSettings['requests'],
): (line: RequestLine) => void {
  if (requests === 'none') return () => {};
  const all = requests === 'all';
  return (line) => {
    if (line.status >= 500) log.warn(line, 'request');
    else if (all) log.info(line, 'request');
  };
}
