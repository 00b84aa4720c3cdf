import { readFileSync } from 'node:fs';
import Fastify from 'fastify';

/** The least that Fastify can do: one route that sends one Buffer. Arguments: port, path, file with the body. */
const [port, path, file] = process.argv.slice(2);
const body = readFileSync(file!);
const app = Fastify();
app.get(path!, (_request, reply) => reply.header('content-type', 'application/json').send(body));
await app.listen({ port: Number(port), host: '127.0.0.1' });
