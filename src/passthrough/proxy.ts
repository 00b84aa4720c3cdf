import { METHODS } from 'node:http';
import type { Readable } from 'node:stream';
import httpProxy from '@fastify/http-proxy';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Dispatcher } from 'undici';
import type { Call } from '../http/call.ts';
import type { LocatedPassthrough } from '../serving/located.ts';
import { ExchangeError } from '../upstream/exchange.ts';
import { failureFault } from '../upstream/failure.ts';
import type { ProxiedAnswer } from '../upstream/region.ts';
import { headOf, type ProxyTarget } from './target.ts';

/**
 * What is no operation of the guide (os-keypairs, os-networksv2, …), and other services of the catalog, stream through
 * @fastify/http-proxy, their bodies untouched. It hands answers to callers; what goes up, how often and with which token
 * is `Regions.stream`'s to decide, which stands where the proxy expects undici.
 */

/** What the proxy needs of the gateway. */
export interface Passthrough {
  /** What a request is. */
  askedOf(request: FastifyRequest): Asked;
  /** Where it goes, its body taken; rejects with the fault of a body that cannot be. */
  targetOf(located: LocatedPassthrough): Promise<ProxyTarget>;
  fail(call: Call, error: unknown): void;
  /** @param bytes that went out, those of its head included where its length is not known before */
  finished(call: Call, status: number, bytes: number): void;
}

/** A request that goes through, with its answer where that is here already. */
export interface Asked {
  readonly located: LocatedPassthrough;
  readonly begun?: { readonly target: ProxyTarget; readonly answer: ProxiedAnswer };
}

/** A request that goes through, and its answer once that is here. */
interface ProxiedCall {
  readonly call: Call;
  readonly target: ProxyTarget;
  answer?: ProxiedAnswer;
}

/** Under which undici's stand-in finds the request it is to send: among the headers, all that reply-from passes on. */
const PROXIED = Symbol('proxied');

/**
 * Every method that Node reads: services have some of their own (`COPY`, `REPORT`). But for CONNECT, which is no request for
 * a path, and TRACE, whose answer repeats the token.
 */
export const PROXIED_METHODS: readonly string[] = METHODS.filter(
  (name) => name !== 'CONNECT' && name !== 'TRACE',
);

/** Registers the proxy for every path; requests that Sluice answers itself never get here. */
export function registerPassthrough(fastify: FastifyInstance, passthrough: Passthrough): void {
  const proxied = new WeakMap<object, ProxiedCall>();
  for (const method of PROXIED_METHODS)
    if (!fastify.supportedMethods.includes(method)) fastify.addHttpMethod(method, { hasBody: true });
  fastify.register(httpProxy, {
    upstream: '',
    httpMethods: [...PROXIED_METHODS],
    undici: REGIONS,
    disableRequestLogging: true,
    replyOptions: { getUpstream: (request) => proxied.get(request)!.target.origin },
    preHandler: (request, _reply, done) => {
      const { located, begun } = passthrough.askedOf(request);
      if (begun !== undefined) {
        proxied.set(request, { call: located.call, ...begun });
        done();
        return;
      }
      passthrough.targetOf(located).then(
        (target) => {
          proxied.set(request, { call: located.call, target });
          done();
        },
        (error) => done(error),
      );
    },
    handler: (request, reply) => forward(proxied.get(request)!, reply as FastifyReply, passthrough),
  });
}

function forward(proxied: ProxiedCall, reply: FastifyReply, passthrough: Passthrough): FastifyReply {
  const { call, target } = proxied;
  // The target has the body; reply-from is to do nothing about it.
  reply.request.body = undefined;
  return reply.from('/', {
    getUpstream: () => target.origin,
    retryDelay: () => null,
    rewriteRequestHeaders: () => ({ [PROXIED]: proxied }),
    rewriteHeaders: (headers) => headOf({ ...proxied.answer!, headers }, call, target),
    onResponse: (_request, _reply, { statusCode }: { statusCode: number }) => {
      const bytes = call.method === 'HEAD' ? () => 0 : countBytes(reply);
      reply.raw.once('close', () => passthrough.finished(call, statusCode, bytes()));
      deliver(reply, statusCode, proxied.answer!.body);
    },
    onError: (_reply, { error }) => {
      reply.hijack();
      // reply-from wraps what it was told in an error of its own.
      passthrough.fail(call, error.cause ?? error);
    },
  } as Parameters<FastifyReply['from']>[1]);
}

/** What reply-from has in the place of a body that is here already: it ends the body when the caller has left. */
const HELD = { destroy() {} };

/** What stands in for undici in the proxy. */
const REGIONS = {
  request(
    { headers }: { headers: { [PROXIED]: ProxiedCall } },
    callback: (error: unknown, answer?: unknown) => void,
  ): void {
    const proxied = headers[PROXIED];
    const answering = proxied.answer === undefined ? proxied.target.send() : Promise.resolve(proxied.answer);
    answering
      .then((answer) => {
        proxied.answer = answer;
        const { status, headers, body } = answer;
        callback(null, {
          statusCode: status,
          headers: { ...headers },
          body: Buffer.isBuffer(body) ? HELD : body,
        });
      })
      .catch((error) => {
        const body = proxied.answer?.body;
        if (!Buffer.isBuffer(body)) body?.destroy();
        callback(error);
      });
  },
} as unknown as Dispatcher;

/** The bytes of an answer once it has ended: what its head announces, or what its connection has written. */
function countBytes({ raw }: FastifyReply): () => number {
  const { socket } = raw;
  const before = socket?.bytesWritten ?? 0;
  return () => {
    const announced = Number(raw.getHeader('content-length') ?? Number.NaN);
    if (raw.writableFinished && Number.isFinite(announced)) return announced;
    return Math.max(0, (socket?.bytesWritten ?? 0) - before);
  };
}

/** Hands the answer over. One that has no body is not piped: it ends with its head, and announces no length. */
function deliver(reply: FastifyReply, status: number, body: Readable | Buffer): void {
  if (status !== 204 && status !== 304) reply.send(body);
  else reply.removeHeader('content-length').send();
}

/** An answer that broke before its first byte was passed on, as the fault it is. */
export function streamFault(error: unknown, call: Call): unknown {
  return error instanceof ExchangeError ? failureFault(error, call.method, call.region) : error;
}
