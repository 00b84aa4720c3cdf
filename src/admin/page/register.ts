import type { FastifyInstance } from 'fastify';
import type { Overview } from '../overview.ts';
import { POLICY, SCRIPT, STYLE } from './assets.ts';
import { Live } from './live.ts';
import { renderMain, renderPage } from './render.ts';

/** The status page and what belongs to it, at the operators' listener. */
export function registerPage(fastify: FastifyInstance, overview: () => Overview): void {
  const live = new Live(() => renderMain(overview()).text);
  fastify.addHook('preClose', (done) => {
    live.close();
    done();
  });

  fastify.get('/', async (_request, reply) => reply.redirect('/status'));

  fastify.get('/status', async (_request, reply) => {
    reply.header('content-security-policy', POLICY).header('referrer-policy', 'no-referrer');
    return reply.type('text/html; charset=utf-8').send(renderPage(overview()));
  });

  fastify.get('/status.css', async (_request, reply) => reply.type('text/css; charset=utf-8').send(STYLE));
  fastify.get('/status.js', async (_request, reply) =>
    reply.type('text/javascript; charset=utf-8').send(SCRIPT),
  );

  fastify.get('/status/events', async (_request, reply) => {
    if (live.isFull) return reply.code(503).send({ error: 'Too many pages are open.' });
    reply.hijack();
    for (const [name, value] of Object.entries(reply.getHeaders())) reply.raw.setHeader(name, value!);
    live.add(reply.raw);
    return reply;
  });
}
