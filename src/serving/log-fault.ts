import type { Fault } from '../faults/faults.ts';
import type { RequestFacts } from '../http/request-facts.ts';
import { ExchangeError } from '../upstream/exchange.ts';
import { isLasting } from '../upstream/failure.ts';
import type { Services } from './services.ts';

/**
 * A line about a fault that has a cause in Sluice or behind it. That a region fails is no news about Sluice: one without a
 * stack is enough for each request.
 */
export function logFault(
  { cause, message }: Fault,
  { requestId, operation }: RequestFacts,
  { log }: Services,
  more: { region?: string } = {},
): void {
  const why = cause instanceof ExchangeError ? { reason: cause.message } : { err: cause };
  log.warn({ ...why, requestId, operation, ...more }, message);
}

/** Whether a fault is worth such a line; one that says to come back later, and may mean it, is not. */
export const isWorthLogging = ({ code, cause }: Fault): boolean =>
  code >= 500 && cause !== undefined && (code !== 503 || isLasting(cause));
