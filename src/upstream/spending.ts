import type { IncomingHttpHeaders } from 'node:http';

/** What requests to regions have cost so far, added up for whoever asked for them. */
export interface Spending {
  /** Time spent waiting for slots, ms. */
  waitedMs: number;
  /** Time from sending to the answer, all attempts, ms. */
  upstreamMs: number;
  /** How often regions were asked. */
  attempts: number;
  /** What the region called the last one of them that it answered. */
  upstreamId?: string | undefined;
}

/** What one request has cost. */
export interface Cost {
  readonly waitedMs: number;
  readonly upstreamMs: number;
  readonly attempts: number;
  readonly upstreamId?: string | undefined;
}

/**
 * Adds what a request has cost.
 *
 * @param headers of its last answer, if there was any
 */
export function spend(
  total: Spending,
  { waitedMs, upstreamMs, attempts, upstreamId }: Cost,
  headers?: IncomingHttpHeaders,
): void {
  total.waitedMs += waitedMs;
  total.upstreamMs += upstreamMs;
  total.attempts += attempts;
  const id = headers === undefined ? upstreamId : requestIdOf(headers);
  if (id !== undefined) total.upstreamId = id;
}

/** The id under which a region knows a request. */
export function requestIdOf(headers: Readonly<IncomingHttpHeaders>): string | undefined {
  const id = headers['x-compute-request-id'] ?? headers['x-openstack-request-id'];
  return typeof id === 'string' && id !== '' ? id : undefined;
}
