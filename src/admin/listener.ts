import Fastify, { type FastifyInstance } from 'fastify';
import type { PurgeFilter } from '../cache/cache.ts';
import type { ResyncFilter } from '../limits/limits.ts';
import type { LiveAccount } from '../routing/account.ts';
import type { Services } from '../serving/services.ts';
import { limitsStatus } from './status.ts';

/** Most bytes the body of a purge may have. */
const MAX_PURGE_BYTES = 16 * 1024;

/**
 * The operators' listener: metrics, health, how things stand, and the cache's purge. Apart from the callers' one, so that it can be bound
 * to an address of its own.
 *
 * @param draining true once the process has been told to stop: it is then no longer ready
 */
export function createAdmin(services: () => Services, draining: () => boolean): FastifyInstance {
  const fastify = Fastify({
    logger: false,
    bodyLimit: MAX_PURGE_BYTES,
    forceCloseConnections: true,
    // A misspelt filter must be refused: dropped from the body, as is the default, it would purge everything.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false } },
  });

  fastify.get('/healthz', async () => ({ status: 'ok' }));

  fastify.get('/readyz', async (_request, reply) => {
    const accounts = readiness(services());
    const isReady = !draining() && accounts.every((account) => account.ready);
    return reply
      .code(isReady ? 200 : 503)
      .send({ status: isReady ? 'ready' : draining() ? 'stopping' : 'not ready', accounts });
  });

  fastify.get('/status.json', async () => ({
    accounts: readiness(services()),
    limits: limitsStatus(services().limits.standings()),
  }));

  fastify.get('/metrics', async (_request, reply) => {
    const { metrics } = services();
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
    resource: { enum: ['flavors', 'images', 'extensions', 'versions'] },
  },
} as const;

interface AccountReadiness {
  name: string;
  ready: boolean;
  token: string;
  regions: string[];
  problem?: string;
}

/** An account is ready while it holds a token that has not expired. */
function readiness(services: Services): AccountReadiness[] {
  return (services.directory.accounts as readonly LiveAccount[]).map((account) => {
    const { tokens } = account;
    const ready = tokens.peek() !== undefined;
    const problem = tokens.lastFailure?.message;
    return {
      name: account.name,
      ready,
      token: tokens.state,
      regions: [...account.endpoints().keys()],
      ...(problem === undefined ? {} : { problem }),
    };
  });
}
