import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createReferenceLimiter, type LimiterKind } from './reference-upstreams.ts';

/** A region over real sockets that enforces one limit on everything and publishes it at GET /limits. */
export interface ReferenceRegion {
  readonly origin: string;
  /** Requests let through, and requests answered 413. */
  readonly counts: { accepted: number; rejected: number };
  stop(): Promise<void>;
}

const UNIT_MS = 1_000;

/**
 * @param value requests per SECOND
 * @param latencyMs how long an answer takes; counted on arrival, as real servers do
 */
export async function startReferenceRegion(
  kind: LimiterKind,
  value: number,
  latencyMs = 5,
): Promise<ReferenceRegion> {
  const limiter = createReferenceLimiter(kind, value, UNIT_MS);
  const counts = { accepted: 0, rejected: 0 };
  const server = createServer((request, response) => {
    const isAllowed = limiter.arrive(performance.now());
    counts[isAllowed ? 'accepted' : 'rejected']++;
    setTimeout(() => answer(request, response, isAllowed, value), latencyMs);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counts,
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse, isAllowed: boolean, value: number): void {
  const headers = { 'content-type': 'application/json' };
  if (!isAllowed) {
    response.writeHead(413, { ...headers, 'retry-after': '1' });
    response.end('{"overLimit":{"code":413,"message":"slow down"}}');
    return;
  }
  const row = { verb: 'ALL', value, remaining: value - 1, unit: 'SECOND' };
  const rate = [{ uri: '*', regex: '.*', limit: [row] }];
  const isLimits = request.url?.endsWith('/limits');
  response.writeHead(200, headers);
  response.end(JSON.stringify(isLimits ? { limits: { rate, absolute: {} } } : { servers: [] }));
}
