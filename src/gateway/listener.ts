import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import Fastify, { type FastifyInstance } from 'fastify';
import { SCHEMA_COMPILERS } from '../admin/schemas.ts';
import type { ListenConfig } from '../config/schema.ts';
import { createLoginRefuser } from '../facade/refuse-now.ts';
import { asFault, Fault } from '../faults/faults.ts';
import { Call, type Ends } from '../http/call.ts';
import type { ListenerTerms } from '../http/caller.ts';
import type { RequestHead } from '../http/request-facts.ts';
import { Wire, type WireLoad, type WireTls } from '../http/server.ts';
import { answerHeld } from '../passthrough/held.ts';
import { passedKeyOf, passOnce } from '../passthrough/once.ts';
import { type Asked, PROXIED_METHODS, registerPassthrough, streamFault } from '../passthrough/proxy.ts';
import { findProxyTarget } from '../passthrough/target.ts';
import { Roster } from '../roster.ts';
import { createRouter } from '../routing/route.ts';
import { faultReply, noteFault } from '../serving/fault-reply.ts';
import { createMemoryAnswerer } from '../serving/hit.ts';
import type { LocatedPassthrough } from '../serving/located.ts';
import { isWorthLogging, logFault } from '../serving/log-fault.ts';
import type { Services } from '../serving/services.ts';
import { cutFault } from '../upstream/failure.ts';
import { dispatch } from './dispatch.ts';

/** A listener that callers connect to. */
export interface Listener {
  readonly fastify: FastifyInstance;
  /** The process is about to end: from now on each connection ends with its next answer, while new ones are still taken. */
  leave(): void;
  /** Tells whoever still waits for an answer that none will come; an answer that has begun goes on. */
  cut(): void;
  /** What its connections hold now, and have written so far. */
  load(): WireLoad;
}

/**
 * The listener callers connect to. What is an operation of the guide, a login or a version document is answered
 * (dispatch.ts) before Fastify's router, whose requests, replies and hooks would cost a cache hit more than the cache
 * does; everything else goes on to Fastify and its proxy (passthrough/).
 *
 * @param services the services in force; read anew for each request, so that a reload needs no restart
 * @param terms what holds at this listener; read anew likewise
 * @param rootRegion the region this listener serves at its root
 */
export function createListener(options: {
  services: () => Services;
  terms: () => ListenerTerms;
  rootRegion?: string | undefined;
  /** What the configuration says of its connections; what is bound to sockets is read once. */
  listen: () => ListenConfig;
  tls?: WireTls | undefined;
}): Listener {
  const { services, terms, rootRegion } = options;
  const router = createRouter({
    rootRegion,
    maxTargetBytes: () => options.listen().maxTargetBytes,
  });
  const { tls } = options;
  const listen = options.listen();
  const keepAliveMs = listen.keepAliveTimeoutMs;
  const known = { services, terms, router, rootRegion, keepAliveMs };
  const wire = new Wire({
    times: listen,
    log: services().log,
    answer: listen.fastPath ? createMemoryAnswerer(known) : undefined,
    answerPost: createLoginRefuser(known),
    serve: ({ url, headers }, res) => {
      const { socket } = res;
      serve(open({ method: 'GET', url, headers, socket }, { req: undefined, res }));
    },
    tls,
  });
  let fastifyHandler: RequestListener;
  const streamed = new WeakMap<IncomingMessage, Asked>();
  const fastify = Fastify({
    logger: false,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { maxParamLength: 16_384 },
    schemaController: SCHEMA_COMPILERS,
    serverFactory: (handler) => {
      fastifyHandler = handler;
      return wire.createServer({
        serve: (req, res) => serve(newCall(req, res)),
        refuse: (req, res, fault) => fail(newCall(req, res), fault, services()),
      });
    },
    exposeHeadRoutes: false,
    // What Node cannot read is answered by the wire.
    clientErrorHandler: () => {},
    frameworkErrors: (error, request, reply) => {
      reply.hijack();
      const call = newCall(request.raw, reply.raw);
      fail(
        call,
        new Fault('badRequest', 'The path is no valid percent-encoding.', { cause: error }),
        services(),
      );
    },
  });

  // Fastify would read text/plain itself; bodies are read here, or streamed.
  fastify.removeAllContentTypeParsers();

  /** Requests that could not be answered at once. */
  const waiting = new Roster<Call>();
  const follow = (call: Call): void => {
    // Its caller may have left while it was found out who that is: no `close` comes any more.
    if (call.res.destroyed) return;
    const seat = waiting.add(call);
    call.res.once('close', () => waiting.remove(seat));
  };

  const open = ({ url, ...head }: Omit<RequestHead, 'route'> & { url: string }, ends: Ends): Call => {
    const route = router(head.method, url);
    const call = new Call({ ...head, route }, ends, {
      terms: terms(),
      rootRegion,
      now: services().clock.monotonic(),
    });
    call.trace = services().tracing?.request(head.headers);
    return call;
  };

  const newCall = (req: IncomingMessage, res: ServerResponse): Call => {
    const { method = 'GET', url = '/', headers, socket } = req;
    return open({ method, url, headers, socket }, { req, res });
  };

  /** Leaves a request to Fastify and its proxy, a read once its answer has turned out to stream. */
  const stream = (located: LocatedPassthrough): void | Promise<void> => {
    if (located.call.method === 'GET')
      return answerHeld(located, services()).then((asked) => asked && hand(asked));
    const key = passedKeyOf(located);
    if (key !== undefined) return passOnce(located, key, services()).then((asked) => asked && hand(asked));
    follow(located.call);
    hand({ located });
  };

  const hand = (asked: Asked): void => {
    const { ends } = asked.located.call;
    const handed = (req: IncomingMessage, res: ServerResponse): void => {
      streamed.set(req, asked);
      fastifyHandler(req, res);
    };
    if (ends.req === undefined) ends.res.handOver(handed);
    else handed(ends.req, ends.res);
  };

  const serve = (call: Call): void => {
    try {
      if (call.req !== undefined && !hasOneHost(call.req))
        throw new Fault('badRequest', 'A request has one Host header.');
      const answering = dispatch(call, services(), stream);
      if (answering === undefined) return;
      follow(call);
      answering.catch((error) => fail(call, error, services()));
    } catch (error) {
      fail(call, error, services());
    }
  };

  fastify.addHook('preClose', (done) => {
    wire.drain();
    done();
  });

  fastify.setErrorHandler((error, request, reply) => {
    reply.hijack();
    const call = streamed.get(request.raw)?.located.call ?? newCall(request.raw, reply.raw);
    fail(call, asRefusal(streamFault(error, call)), services());
  });
  fastify.setNotFoundHandler((request, reply) => {
    reply.hijack();
    const call = streamed.get(request.raw)?.located.call ?? newCall(request.raw, reply.raw);
    fail(
      call,
      new Fault('badMethod', `${call.method} is not possible here.`, {
        headers: { allow: PROXIED_METHODS.join(', ') },
      }),
      services(),
    );
  });

  registerPassthrough(fastify, {
    askedOf: (request) => streamed.get(request.raw)!,
    targetOf: (located) => findProxyTarget(located, services()),
    fail: (call, error) => fail(call, error, services()),
    finished: (call, status, bytes) => services().finished(call, status, bytes),
  });
  const cut = (): void => {
    for (const call of waiting) {
      if (call.res.headersSent || call.errorType !== '') continue;
      const isWrite = !READS.has(call.method) && !call.isLogin;
      fail(call, call.ifCut?.() ?? cutFault(call.method, call.region, isWrite), services());
      call.cut();
    }
  };
  return { fastify, leave: () => wire.leave(), load: () => wire.load(), cut };
}

/** What Fastify itself refuses, such as a content type it cannot read, is the caller's mistake and no error of Sluice. */
function asRefusal(error: unknown): unknown {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  if (error instanceof Fault || typeof status !== 'number' || status < 400 || status >= 500) return error;
  const { message } = error as Error;
  if (status === 415)
    return new Fault('badMediaType', `The Content-Type cannot be read: ${message}.`, { cause: error });
  return new Fault('badRequest', message, { cause: error });
}

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Any failure as a fault in the caller's format. A caller that left gets nothing, and is counted as 499. */
function fail(call: Call, error: unknown, services: Services): void {
  // It has been told already, and what was under way for it ends now.
  if (call.isCut) return;
  const fault = asFault(error);
  if (isWorthLogging(fault)) logFault(fault, call, services);
  noteFault(call, fault);
  const reply = faultReply(call, fault);
  services.reply(call, call.res.destroyed ? { ...reply, status: 499 } : reply);
}

/** RFC 9112, section 3.2: exactly one Host, but for HTTP/1.0, which knows none. */
function hasOneHost({ rawHeaders, headers, httpVersion }: IncomingMessage): boolean {
  if (headers.host === undefined) return httpVersion === '1.0';
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  return hosts === 1;
}
