import { fileURLToPath } from 'node:url';
import { PATHS } from '../documents.ts';
import type { Peer } from '../peer.ts';
import { CORES, freePort, node, start } from '../program.ts';

const script = fileURLToPath(new URL('../servers/http-proxy.ts', import.meta.url));

/** @fastify/http-proxy alone: no token, no limits, no links, no metrics. */
export const fastifyHttpProxy: Peer = {
  name: '@fastify/http-proxy alone',
  missing: () => undefined,
  async start({ upstreamOrigin }) {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}${PATHS.uncached}`;
    return { url, program: await start(node(CORES.server, script, [String(port), upstreamOrigin]), url) };
  },
};
