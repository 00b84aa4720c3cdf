import type { IncomingMessage } from 'node:http';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Agent } from 'undici';
import { serveEverywhere } from '../all-regions/serve.ts';
import { serveIdentity } from '../facade/serve-v2.ts';
import { asFault, Fault } from '../faults/faults.ts';
import { Call } from '../http/call.ts';
import { Wire } from '../http/server.ts';
import { registerOpaque, streamFault } from '../passthrough/proxy.ts';
import { createPassage } from '../passthrough/target.ts';
import { createRouter } from '../routing/route.ts';
import { recognise, serveOperation } from '../serving/compute.ts';
import { createMemoryAnswerer } from '../serving/hit.ts';
import { isWorthLogging, logFault } from '../serving/log-fault.ts';
import { faultFormat, renderFault } from '../serving/render.ts';
import type { Services } from '../serving/services.ts';
import { serveEndpoint, serveVersions } from '../serving/versions.ts';
import { clientOf } from '../serving/wait.ts';

const OPAQUE = Symbol('opaque');

/**
 * The listener callers connect to: the only place that knows Fastify. What is an operation of the guide, a login or a
 * version document is answered before Fastify's router, whose requests, replies and hooks would cost a cache hit more
 * than the cache does; everything else goes on to Fastify and its proxy.
 *
 * @param services the services in force; read anew for each request, so that a reload needs no restart
 * @param rootRegion the region this listener serves at its root
 */
export function createListener(options: {
  services: () => Services;
  agent: Agent;
  rootRegion?: string | undefined;
}): FastifyInstance {
  const { services, rootRegion } = options;
  const router = createRouter(rootRegion);
  const { listen } = services().settings;
  const answer = createMemoryAnswerer({
    services,
    router,
    rootRegion,
    keepAliveMs: listen.keepAliveTimeoutMs,
  });
  const wire = new Wire({ times: listen, log: services().log, answer: listen.fastPath ? answer : undefined });
  const opaqueCalls = new WeakMap<IncomingMessage, Call>();
  const fastify = Fastify({
    logger: false,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { maxParamLength: 16_384 },
    serverFactory: (handler) =>
      wire.createServer({
        serve: (req, res) => {
          if (!takes(req, res)) handler(req, res);
        },
        refuse: (req, res, fault) => fail(newCall(req, res), fault, services()),
      }),
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

  const newCall = (req: IncomingMessage, res: Call['res']) => {
    const { publicUrl, clock, clients } = services();
    const call = new Call(req, res, router(req.method ?? 'GET', req.url ?? '/'), {
      publicUrl,
      rootRegion,
      now: clock.monotonic(),
    });
    call.client = clientOf(call, clients);
    return call;
  };

  /** True when Sluice answers the request itself; false leaves it to the proxy. */
  const takes = (req: IncomingMessage, res: Call['res']): boolean => {
    const call = newCall(req, res);
    try {
      if (!hasOneHost(req)) throw new Fault('badRequest', 'A request has one Host header.');
      const taken = dispatch(call, services());
      if (taken === OPAQUE) {
        opaqueCalls.set(req, call);
        return false;
      }
      taken?.catch((error) => fail(call, error, services()));
    } catch (error) {
      fail(call, error, services());
    }
    return true;
  };

  fastify.addHook('preClose', (done) => {
    wire.drain();
    done();
  });

  fastify.setErrorHandler((error, request, reply) => {
    reply.hijack();
    const call = opaqueCalls.get(request.raw) ?? newCall(request.raw, reply.raw);
    fail(call, asRefusal(streamFault(error, call)), services());
  });
  fastify.setNotFoundHandler((request, reply) => {
    reply.hijack();
    const call = opaqueCalls.get(request.raw) ?? newCall(request.raw, reply.raw);
    fail(
      call,
      new Fault('badMethod', `${call.method} is not possible here.`, {
        headers: { allow: 'GET, HEAD, POST, PUT, PATCH, DELETE' },
      }),
      services(),
    );
  });

  const passage = createPassage(services, (call, error) => fail(call, error, services()));
  registerOpaque(fastify, {
    agent: options.agent,
    retries: () => services().settings.upstream.retries,
    passage,
    callOf: (request) => opaqueCalls.get(request.raw)!,
  });
  return fastify;
}

/** Who answers a request: at once, in a while, or the proxy. */
function dispatch(call: Call, services: Services): void | Promise<void> | typeof OPAQUE {
  const { target, hasTraversal } = call.route;
  if (hasTraversal) throw new Fault('badRequest', 'The path has segments that no path of this API has.');
  switch (target.kind) {
    case 'identity':
      return serveIdentity(call, target, services);
    case 'versions':
    case 'version':
      return serveVersions(call, target, services);
    case 'service':
      return OPAQUE;
    case 'everywhere':
      return serveEverywhere(call, target, services);
    case 'compute': {
      if (target.path === '/') return serveEndpoint(call, target, services);
      const match = recognise(call, target);
      return match === undefined ? OPAQUE : serveOperation(call, target, match, services);
    }
  }
}

/** What Fastify itself refuses, such as a content type that is none, is the caller's mistake and no error of Sluice. */
function asRefusal(error: unknown): unknown {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  if (error instanceof Fault || typeof status !== 'number' || status < 400 || status >= 500) return error;
  const { message } = error as Error;
  if (status === 415)
    return new Fault('badMediaType', `The Content-Type is none: ${message}.`, { cause: error });
  return new Fault('badRequest', message, { cause: error });
}

/** Any failure as a fault in the caller's format. A caller that left gets nothing, and is counted as 499. */
function fail(call: Call, error: unknown, services: Services): void {
  const fault = asFault(error);
  if (isWorthLogging(fault)) logFault(fault, call, services);
  const headers = Object.entries(fault.headers).flat();
  const status = call.res.destroyed ? 499 : fault.code;
  const format = faultFormat(call);
  services.reply(call, { status, body: renderFault(fault, format), format, headers });
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
