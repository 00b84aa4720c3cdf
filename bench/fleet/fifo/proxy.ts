import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { Pool } from 'undici';
import type { Clock } from '../../../src/clock.ts';
import { FifoQueue } from './queue.ts';

/** A limit that the proxy was told of. */
export interface FifoLimit {
  /** Left out: every method. */
  readonly method?: string;
  /** A regular expression that the path is to match. */
  readonly path: string;
  /** Requests per unit, at least 1. */
  readonly value: number;
  readonly unitMs: number;
}

/**
 * A rate proxy as one would write it in an afternoon, after the manner of nirn: a FIFO queue for each limit that it was told of,
 * requests passed on as they are. It caches nothing, logs in for nobody, learns no limits, and waits for as long as it takes.
 * Unlike nirn it sends side by side what a limit has room for, which is the faster for it. A caller that has gone is not served.
 */
export function createFifoProxy(upstream: string, limits: readonly FifoLimit[], clock: Clock): Server {
  const pool = new Pool(upstream, { headersTimeout: 0, bodyTimeout: 0 });
  const queues = limits.map(({ method, path, value, unitMs }) => ({
    method,
    path: new RegExp(path),
    queue: new FifoQueue(value, unitMs, clock),
  }));
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await buffer(request);
    const path = request.url!.split('?', 1)[0]!;
    const answered: (() => void)[] = [];
    try {
      for (const { method, path: pattern, queue } of queues)
        if ((method === undefined || method === request.method) && pattern.test(path))
          answered.push(await queue.take());
      if (!response.destroyed) await pass(pool, request, body, response);
    } finally {
      for (const done of answered) done();
    }
  };
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  server.requestTimeout = 0;
  // Longer than any client keeps an idle connection: none is to be closed under a request.
  server.keepAliveTimeout = 120_000;
  server.on('close', () => void pool.close());
  return server;
}

/** Fields that are about one connection. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'expect']);

async function pass(
  pool: Pool,
  request: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
): Promise<void> {
  // The caller's Host goes up: the catalog and all links are made from it, and lead through the proxy.
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(([name]) => !HOP_BY_HOP.has(name)),
  );
  const answer = await pool.request({
    path: request.url!,
    method: request.method as 'GET',
    headers,
    body: body.length === 0 ? null : body,
  });
  const bytes = await answer.body.bytes();
  for (const [name, value] of Object.entries(answer.headers))
    if (value !== undefined && !HOP_BY_HOP.has(name)) response.setHeader(name, value);
  response.writeHead(answer.statusCode).end(bytes);
}
