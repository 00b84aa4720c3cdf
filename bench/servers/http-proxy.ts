import httpProxy from '@fastify/http-proxy';
import Fastify from 'fastify';

/** Fastify with @fastify/http-proxy and nothing else. Arguments: port, upstream origin. */
const [port, upstream] = process.argv.slice(2);
const app = Fastify();
await app.register(httpProxy, { upstream: upstream! });
await app.listen({ port: Number(port), host: '127.0.0.1' });
