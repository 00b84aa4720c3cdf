import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PATHS } from '../documents.ts';
import type { Peer } from '../peer.ts';
import { CORES, freePort, isInstalled, pinned, start } from '../program.ts';

/** A hit of Varnish with its default rules, the bytes of Sluice's hit in it. */
export const varnish: Peer = {
  name: 'Varnish hit',
  missing: () =>
    isInstalled('varnishd') ? undefined : 'varnishd is not installed (apt-get install varnish)',
  async start({ folder, upstreamOrigin }) {
    const port = await freePort();
    const { hostname, port: upstreamPort } = new URL(upstreamOrigin);
    const file = join(folder, 'bench.vcl');
    const backend = `backend compute { .host = "${hostname}"; .port = "${upstreamPort}"; }`;
    writeFileSync(file, `vcl 4.1;\n${backend}\nsub vcl_backend_response { set beresp.ttl = 1h; }\n`);
    const args = [
      '-F',
      '-a',
      `127.0.0.1:${port}`,
      '-f',
      file,
      '-n',
      join(folder, 'varnish'),
      '-s',
      'malloc,32m',
    ];
    const url = `http://127.0.0.1:${port}${PATHS.copy}`;
    return { url, program: await start(pinned(CORES.server, 'varnishd', args), url) };
  },
};
