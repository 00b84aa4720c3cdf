import { METHODS } from 'node:http';
import { Readable } from 'node:stream';
import httpProxy from '@fastify/http-proxy';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Agent, Dispatcher } from 'undici';
import { Fault } from '../faults/faults.ts';
import { hasBody, MAX_BODY_BYTES, readBody } from '../http/body.ts';
import type { Call } from '../http/call.ts';
import type { Token } from '../identity/token.ts';
import type { Permit } from '../limits/slot-request.ts';
import type { Place } from '../routing/directory.ts';
import { describeFailure, ExchangeError } from '../upstream/exchange.ts';
import { failureFault } from '../upstream/failure.ts';
import { opaqueRequestHeaders, opaqueResponseHeaders } from '../upstream/headers.ts';
import { decideRetry, NO_RETRY, type Outcome, type RetryVerdict } from '../upstream/retry.ts';

/**
 * What is no operation of the guide (os-keypairs, os-networksv2, …) streams through @fastify/http-proxy: token, region,
 * limits and metrics apply, the bodies stay untouched. The proxy's own retries are off; `upstream/retry.ts` decides.
 */

/** What the gateway does around a passage. */
export interface Passage {
  /** Finds account and region, waits for a token. */
  place(call: Call): Promise<Place>;
  token(call: Call, place: Place): Promise<Token>;
  refused(call: Call, place: Place, token: Token): Promise<Token>;
  admit(call: Call, place: Place, again: boolean): Promise<Permit>;
  /** True when an answer is a rate limit's refusal, which is waited out. */
  overLimit(call: Call, place: Place, status: number, headers: ProxyResponse['headers']): boolean;
  /** Path and query at the upstream. */
  upstreamPath(call: Call, place: Place): { path: string; query: string };
  location(call: Call, place: Place, location: string): string;
  /** RateLimit headers for what the permit was charged to. */
  limitHeaders(permit: Permit): [name: string, value: string][];
  observe(call: Call, place: Place, status: number | 'error', durationMs: number): void;
  /** A final answer, or none, to what may have been a write: what it made untrue goes from the cache first. */
  settle(call: Call, place: Place, status: number | 'error'): Promise<unknown>;
  retried(place: Place, reason: string): void;
  /** Waits before the next attempt; rejects when the caller leaves. */
  pause(call: Call, delayMs: number): Promise<void>;
  fail(call: Call, error: unknown): void;
  finished(call: Call, status: number): void;
}

/** One request's passage through the proxy. */
interface Trip {
  call: Call;
  place: Place;
  token: Token;
  permit: Permit;
  /** The body to send again; undefined: none, or one too large to keep. */
  body: Buffer | undefined;
  streamed: boolean;
  /** Bytes of the body, held or streamed; undefined: there is none. */
  length: number | undefined;
  attempts: number;
  renewed: boolean;
  sentAt: number;
}

/** What undici is told beside what reply-from passes on to it. */
const ASIDE = Symbol('aside');

interface Aside {
  signal: AbortSignal;
  /** Path and query as the caller wrote them: reply-from reads a URL, and would write some of them anew. */
  path: string;
}

/**
 * Every method that Node reads: services have some of their own (`COPY`, `REPORT`). But for CONNECT, which is no request for
 * a path, and TRACE, whose answer repeats the token.
 */
export const PROXIED_METHODS: readonly string[] = METHODS.filter(
  (name) => name !== 'CONNECT' && name !== 'TRACE',
);

/** Registers the proxy for every path; requests that Sluice answers itself never get here. */
export function registerOpaque(
  fastify: FastifyInstance,
  options: {
    agent: Agent;
    retries: () => number;
    passage: Passage;
    callOf: (request: FastifyRequest) => Call;
  },
): void {
  const { passage, callOf } = options;
  const trips = new WeakMap<FastifyRequest, Trip>();
  for (const method of PROXIED_METHODS)
    if (!fastify.supportedMethods.includes(method)) fastify.addHttpMethod(method, { hasBody: true });

  fastify.register(httpProxy, {
    upstream: '',
    httpMethods: [...PROXIED_METHODS],
    undici: abortable(options.agent),
    disableRequestLogging: true,
    replyOptions: { getUpstream: (request) => trips.get(request as FastifyRequest)!.place.endpoint.origin },
    preHandler: (request, _reply, done) => {
      const call = callOf(request);
      begin(call, passage).then(
        (trip) => {
          trips.set(request, trip);
          done();
        },
        (error) => done(error),
      );
    },
    handler: (request, reply) => forward(trips.get(request as FastifyRequest)!, reply as FastifyReply),
  });

  function forward(trip: Trip, reply: FastifyReply): FastifyReply {
    const { call, place } = trip;
    const { path, query } = passage.upstreamPath(call, place);
    trip.attempts++;
    trip.sentAt = performance.now();
    // Fastify hands over the request itself, even where it has no body; only a large one is read from there.
    if (!trip.streamed) reply.request.body = trip.body && Readable.from([trip.body]);
    const exactPath = query === '' ? path : `${path}?${query}`;
    return reply.from('/', {
      getUpstream: () => place.endpoint.origin,
      retryDelay: () => null,
      rewriteRequestHeaders: () =>
        Object.assign(opaqueRequestHeaders(call.headers, trip.token.id, trip.length), {
          [ASIDE]: { signal: call.signal, path: exactPath },
        }),
      rewriteHeaders: (headers) => ({
        ...opaqueResponseHeaders(headers, call, (location) => passage.location(call, place, location)),
        ...Object.fromEntries(passage.limitHeaders(trip.permit)),
      }),
      onResponse: (_request, _reply, response) =>
        void answered(trip, reply, response as unknown as ProxyResponse),
      onError: (_reply, { error }) => void broken(trip, reply, error),
    } as Parameters<FastifyReply['from']>[1]);
  }

  async function answered(trip: Trip, reply: FastifyReply, response: ProxyResponse): Promise<void> {
    const { call, place } = trip;
    const status = response.statusCode;
    trip.permit.answered(status, response.headers);
    passage.observe(call, place, status, performance.now() - trip.sentAt);
    // It may break while a new token or a slot is waited for, and nobody else listens then.
    response.stream.on('error', () => {});
    try {
      const again = await againFor(trip, status, response);
      if (!again.retry) {
        await passage.settle(call, place, status);
        reply.raw.once('close', () => passage.finished(call, status));
        deliver(reply, status, response);
        return;
      }
      response.stream.resume();
      await anew(trip, again);
      for (const name of Object.keys(reply.getHeaders())) reply.removeHeader(name);
      forward(trip, reply);
    } catch (error) {
      response.stream.destroy();
      reply.hijack();
      passage.fail(call, error);
    }
  }

  /** Whether and why to send once more, or else the answer goes to the caller. */
  async function againFor(trip: Trip, status: number, response: ProxyResponse): Promise<RetryVerdict> {
    if (trip.streamed) return { retry: false };
    if (status === 401 && !trip.renewed) {
      const next = await passage.refused(trip.call, trip.place, trip.token);
      trip.renewed = next.id !== trip.token.id || trip.attempts > 1;
      trip.token = next;
      return { retry: true, reason: 'unauthorized', delayMs: 0 };
    }
    if (trip.attempts <= 5 && passage.overLimit(trip.call, trip.place, status, response.headers))
      return { retry: true, reason: 'overlimit', delayMs: 0 };
    return repeat(trip, { kind: 'status', status });
  }

  function repeat(trip: Trip, outcome: Outcome): RetryVerdict {
    return decideRetry(trip.call.method, outcome, trip.attempts, options.retries(), Math.random());
  }

  /** Waits as long as a verdict says, and for a slot. */
  async function anew(trip: Trip, verdict: RetryVerdict & { retry: true }): Promise<void> {
    const { call, place } = trip;
    passage.retried(place, verdict.reason);
    if (verdict.delayMs > 0) await passage.pause(call, verdict.delayMs);
    trip.permit = await passage.admit(call, place, verdict.reason === 'overlimit');
  }

  async function broken(trip: Trip, reply: FastifyReply, error: Error): Promise<void> {
    const { call, place } = trip;
    const failure = describe(error, call);
    if (failure.kind === 'aborted') trip.permit.lost();
    else if (failure.sent) trip.permit.answered();
    else trip.permit.cancel();
    passage.observe(call, place, 'error', performance.now() - trip.sentAt);
    try {
      const isOver = trip.streamed || call.signal.aborted;
      const again = isOver ? NO_RETRY : repeat(trip, { kind: 'error', error: failure });
      if (!again.retry) {
        if (failure.sent) await passage.settle(call, place, 'error');
        throw failureFault(failure, call.method, place.endpoint.region);
      }
      await anew(trip, again);
      forward(trip, reply);
    } catch (fault) {
      reply.hijack();
      passage.fail(call, fault);
    }
  }
}

/**
 * Hands the answer over. One without a body is not waited for: a 304 may announce the length its document has (RFC
 * 9110, section 8.6), which undici takes for a body that is missing.
 */
function deliver(reply: FastifyReply, status: number, { stream }: ProxyResponse): void {
  if (status !== 204 && status !== 304) {
    reply.send(stream);
    return;
  }
  stream.resume();
  reply.removeHeader('content-length').send();
}

/** An answer that broke before its first byte was passed on, as the fault it is. */
export function streamFault(error: unknown, call: Call): unknown {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code !== 'string' || !/^(?:UND_ERR_|ECONN|EPIPE|ETIMEDOUT|ERR_STREAM_PREMATURE)/.test(code))
    return error;
  return failureFault(describe(error as Error, call), call.method, call.region);
}

interface ProxyResponse {
  statusCode: number;
  headers: Record<string, string | string[] | undefined>;
  stream: Readable;
}

async function begin(call: Call, passage: Passage): Promise<Trip> {
  const place = await passage.place(call);
  const taken = await takeBody(call);
  const token = await passage.token(call, place);
  const permit = await passage.admit(call, place, false);
  return { call, place, token, permit, ...taken, attempts: 0, renewed: false, sentAt: 0 };
}

const NO_BODY = { body: undefined, streamed: false, length: undefined };

/**
 * Real servers read no chunked bodies, so a body whose length is not announced is held until it is known; so is one
 * that is small, for a second sending. A large one with its length is streamed, and sent once. The body of a read
 * means nothing (RFC 9110, section 9.3.1) and stays behind.
 */
async function takeBody(call: Call): Promise<Pick<Trip, 'body' | 'streamed' | 'length'>> {
  if (!hasBody(call.req) || call.method === 'GET' || call.method === 'HEAD') return NO_BODY;
  const length = Number(call.headers['content-length'] ?? 0);
  if (length > MAX_BODY_BYTES) return { body: undefined, streamed: true, length };
  const body = await readBody(call.req);
  return { body, streamed: false, length: body.length };
}

/** reply-from passes neither a signal nor a raw path to undici; they ride along as a symbol among the headers. */
function abortable(agent: Agent): Dispatcher {
  const request = (
    options: Dispatcher.RequestOptions & { headers: { [ASIDE]?: Aside } },
    callback: (error: Error | null, data: Dispatcher.ResponseData) => void,
  ) => agent.request({ ...options, ...options.headers[ASIDE] }, callback);
  return { request, destroy: () => agent.destroy() } as unknown as Dispatcher;
}

function describe(error: Error, call: Call): ExchangeError {
  if (call.signal.aborted) return new ExchangeError('aborted', true, 'the caller left', error);
  if (error instanceof Fault) throw error;
  // The proxy wraps what undici said in an error with a code of its own.
  const cause = error.cause instanceof Error ? error.cause : error;
  return describeFailure(cause, true, false);
}
