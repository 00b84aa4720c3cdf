import Fastify, { type FastifyInstance } from 'fastify';
import type { PurgeFilter } from '../cache/cache.ts';
import { CLASS_NAMES } from '../cache/classes.ts';
import { plainFault } from '../http/refusal.ts';
import { Wire } from '../http/server.ts';
import type { ResyncFilter } from '../limits/limits.ts';
import type { Services } from '../serving/services.ts';
import { LastHour } from '../telemetry/last-hour.ts';
import { cacheCounts } from '../telemetry/observers.ts';
import { OPEN_METRICS_TYPE, wantsOpenMetrics } from '../telemetry/open-metrics.ts';
import { judgeAdmin } from './guard.ts';
import { overviewOf } from './overview.ts';
import { registerPage } from './page/register.ts';
import { readiness } from './readiness.ts';
import { answerReady, type ReadyQuery } from './ready.ts';
import { SCHEMA_COMPILERS } from './schemas.ts';
import { limitsStatus } from './status.ts';

/** How often the counters of the cache are read for the last hour, ms. */
const SAMPLING_MS = 15_000;

/** Most bytes the body of a purge may have. */
const MAX_PURGE_BYTES = 16 * 1024;

/**
 * The operators' listener: metrics, health, how things stand, and the cache's purge. Apart from the callers' one, so that it can be bound
 * to an address of its own.
 *
 * @param draining true once the process has been told to stop: it is then no longer ready
 */
export function createAdmin(services: () => Services, draining: () => boolean): FastifyInstance {
  const { settings, log } = services();
  const wire = new Wire({ times: settings.listen, log });
  const fastify = Fastify({
    logger: false,
    serverFactory: (handler) =>
      wire.createServer({
        serve: handler,
        refuse: (_req, res, fault) => {
          const { head, body } = plainFault(fault);
          res.writeHead(fault.code, head).end(body);
        },
      }),
    clientErrorHandler: () => {},
    bodyLimit: MAX_PURGE_BYTES,
    forceCloseConnections: true,
    // A misspelt filter is refused: dropped from the body, as is Fastify's default, it would purge everything.
    schemaController: SCHEMA_COMPILERS,
  });

  // A page of any site can send this type without asking first.
  fastify.removeContentTypeParser('text/plain');

  fastify.decorateRequest('isProbe', false);
  fastify.addHook('onRequest', async (request, reply) => {
    const isProbe = PROBES.has(request.routeOptions.url ?? '');
    const verdict = judgeAdmin(request.headers, isProbe, services().settings.admin);
    request.isProbe = verdict.kind === 'probe';
    reply.headers(NOT_FOR_PAGES);
    if (verdict.kind !== 'refused') return;
    if (verdict.status === 401) reply.header('www-authenticate', challengeFor(request.headers.accept));
    await reply.code(verdict.status).send({ error: verdict.message });
  });

  fastify.get('/healthz', async () => ({ status: 'ok' }));

  fastify.get<{ Querystring: ReadyQuery }>('/readyz', async (request, reply) => {
    const { code, ...answer } = answerReady(request.query, services(), draining());
    return reply.code(code).send(request.isProbe ? { status: answer.status } : answer);
  });

  const hour = new LastHour();
  const sample = () => hour.sample(cacheCounts(services().metrics), services().clock.now());
  sample();
  const sampling = setInterval(sample, SAMPLING_MS).unref();
  fastify.addHook('onClose', async () => clearInterval(sampling));
  const overview = () => {
    const { metrics, clock } = services();
    const minutes = hour.minutes(cacheCounts(metrics), clock.now());
    return overviewOf(services(), { isDraining: draining(), minutes });
  };
  registerPage(fastify, overview);

  fastify.get('/status.json', async () => {
    const { limits, ...rest } = overview();
    return { ...rest, accounts: readiness(services()), limits: limitsStatus(limits) };
  });

  fastify.get('/metrics', async (request, reply) => {
    const { metrics } = services();
    reply.header('vary', 'accept');
    if (wantsOpenMetrics(request.headers.accept))
      return reply.type(OPEN_METRICS_TYPE).send(await metrics.text('openmetrics'));
    return reply.type(metrics.registry.contentType).send(await metrics.text());
  });

  fastify.post<{ Body: PurgeFilter | null }>(
    '/admin/cache/purge',
    { schema: { body: PURGE_BODY } },
    async (request) => ({
      purged: await services().cache.purge(request.body ?? {}),
    }),
  );

  fastify.post<{ Body: ResyncFilter | null }>(
    '/admin/limits/resync',
    { schema: { body: RESYNC_BODY } },
    async (request) => ({
      resynced: await services().limits.resync(request.body ?? {}),
    }),
  );

  return fastify;
}

/** A browser asks its user for what `Basic` takes, and for nothing else. */
const challengeFor = (accept: string | undefined): string =>
  accept?.includes('text/html') ? 'Basic realm="sluice", charset="UTF-8"' : 'Bearer realm="sluice"';

/** What an orchestrator asks, which has no token. */
const PROBES = new Set(['/healthz', '/readyz']);

/** Browsers keep other sites' pages from what has these. */
const NOT_FOR_PAGES = {
  'cache-control': 'no-store',
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

declare module 'fastify' {
  interface FastifyRequest {
    /** It may only be told whether all is well, see `judgeAdmin`. */
    isProbe: boolean;
  }
}
/** What a resync may name; nothing named means every account and region. */
const RESYNC_BODY = {
  type: ['object', 'null'],
  additionalProperties: false,
  properties: { account: { type: 'string' }, region: { type: 'string' } },
} as const;

/** What a purge may name; nothing named means everything. */
const PURGE_BODY = {
  type: ['object', 'null'],
  additionalProperties: false,
  properties: {
    account: { type: 'string' },
    region: { type: 'string' },
    resource: { enum: CLASS_NAMES },
  },
} as const;
