import { fileURLToPath } from 'node:url';
import type { Peer } from '../peer.ts';
import { CORES, freePort, node, start } from '../program.ts';

const script = fileURLToPath(new URL('../servers/bare-fastify.ts', import.meta.url));

/** The floor under everything built on Fastify: a route that sends the bytes of Sluice's hit. */
export const bareFastify: Peer = {
  name: 'bare Fastify route, same bytes',
  missing: () => undefined,
  async start({ copyFile }) {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/flavors/detail`;
    return {
      url,
      program: await start(node(CORES.server, script, [String(port), '/flavors/detail', copyFile]), url),
    };
  },
};
